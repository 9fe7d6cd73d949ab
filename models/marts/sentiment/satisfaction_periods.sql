-- one row per period, survey type, survey kind, scale, touchpoint and slice
{%- set good = fraction(policy('satisfaction_good_rate')) %}
{%- set fair = fraction(policy('satisfaction_fair_rate')) %}
{%- set survey = ['period_type', 'period_start', 'survey_type', 'survey_kind', 'scale_max', 'higher_is_better'] %}
{%- set counts = ['invited', 'answered', 'responses', 'satisfied'] %}
with votes as (
    select * from {{ ref('int_sentiment__satisfaction_votes') }}
),

sliced as (
    select
        {{ survey | join(', ') }},
        touchpoint,
        {{ slice_columns() }},
        count(*) as invited,
        sum(case when has_answered then 1 else 0 end) as answered,
        count(is_satisfied) as responses,
        sum(case when is_satisfied then 1 else 0 end) as satisfied,
        sum(score) as total_score
    from votes
    group by {{ slice_sets(survey + ['touchpoint']) }} -- noqa: PRS
),

all_touchpoints as (
    select
        {{ survey | join(', ') }},
        'all' as touchpoint,
        dimension,
        dimension_value,
        {%- for count in counts %}
        sum({{ count }}) as {{ count }},
        {%- endfor %}
        sum(total_score) as total_score
    from sliced
    group by {{ survey | join(', ') }}, dimension, dimension_value
),

totals as (
    select * from sliced
    union all
    select * from all_touchpoints
)

select
    {{ survey | join(', ') }},
    touchpoint,
    dimension,
    dimension_value,
    {{ is_mature('period_type', 'period_start') }} as is_mature,
    cast(invited as bigint) as invited,
    cast(responses as bigint) as responses,
    {{ rate('answered', 'invited') }} as response_rate,
    cast(satisfied as bigint) as satisfied,
    {{ rate('satisfied', 'responses') }} as satisfaction_rate,
    {{ share_interval('-', 'satisfied', 'responses') }} as satisfaction_ci_low,
    {{ share_interval('+', 'satisfied', 'responses') }} as satisfaction_ci_high,
    {{ rate('total_score', 'responses') }} as mean_score,
    case
        when responses < {{ policy('nps_min_responses') }} then null
        when satisfied * {{ good[1] }} >= {{ good[0] }} * responses then 'good'
        when satisfied * {{ fair[1] }} >= {{ fair[0] }} * responses then 'fair'
        else 'poor'
    end as band
from totals
