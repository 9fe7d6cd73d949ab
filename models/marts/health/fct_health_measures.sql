-- one row per account, week and measure of its score card, for the last weeks
{%- set weeks = [policy('health_explained_weeks'), policy('health_history_weeks')] | min %}
with scores as (
    select * from {{ ref('int_health__scores') }}
    where week_number > {{ as_of_week() }} - {{ weeks }}
),

measures as (
    {%- for measure in health_measures() %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        account_id,
        week_number,
        '{{ measure }}' as measure,
        cast({{ measure }} as double) as raw_value,
        {{ measure }}_score as score,
        {{ measure }}_weight as weight,
        {{ measure }}_contribution as contribution
    from scores
    where {{ measure }}_weight is not null
    {%- endfor %}
)

select
    account_id,
    {{ week_start('week_number') }} as week,
    measure,
    raw_value,
    score,
    weight,
    contribution
from measures
