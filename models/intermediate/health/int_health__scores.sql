-- one row per account and week at whose end it is a customer, with the score of each measure and of the account
{{ config(materialized=inlined()) }}
with weeks as (
    select * from {{ ref('int_health__weeks') }}
),

cards as (
    select
        score_card,
        sum(weight) as total_weight
        {%- for measure in health_measures() %},
        sum(case when measure = '{{ measure }}' then weight end) as {{ measure }}_weight,
        sum(case when measure = '{{ measure }}' then score_0_at end) as {{ measure }}_low,
        sum(case when measure = '{{ measure }}' then score_100_at end) as {{ measure }}_high
        {%- endfor %}
    from {{ ref('health_measures') }}
    where weight > 0
    group by score_card
),

bands as (
    select
        min(case when band = 'yellow' then from_score end) as yellow_from,
        min(case when band = 'green' then from_score end) as green_from
    from {{ ref('health_bands') }}
),

placed as (
    select
        weeks.*,
        cards.total_weight
        {%- for measure in health_measures() %},
        cards.{{ measure }}_weight,
        {{ rate(
            'weeks.' ~ measure ~ ' - cards.' ~ measure ~ '_low',
            'cards.' ~ measure ~ '_high - cards.' ~ measure ~ '_low'
        ) }} as {{ measure }}_place
        {%- endfor %}
    from weeks
    inner join cards on weeks.score_card = cards.score_card
),

scored as (
    select
        *
        {%- for measure in health_measures() %},
        100 * case when {{ measure }}_place < 0 then 0 when {{ measure }}_place > 1 then 1 else {{ measure }}_place end
        as {{ measure }}_score
        {%- endfor %}
    from placed
),

weighed as (
    select
        *
        {%- for part in ['weight', 'presence'] %},
        {%- for measure in health_measures() %}
        {% if not loop.first %}+ {% endif -%}
        case when {{ measure }}_score is not null then {{ measure ~ '_weight' if part == 'weight' else 1 }} else 0 end
        {%- endfor %} as {{ 'known_weight' if part == 'weight' else 'measures_present' }}
        {%- endfor %}
    from scored
),

points as (
    select
        *
        {%- for measure in health_measures() %},
        coalesce({{ measure }}_weight * {{ measure }}_score, 0)
        / nullif(
            case when {{ policy_is('health_missing_measures', 'zero') }} then total_weight else known_weight end, 0
        ) as {{ measure }}_points
        {%- endfor %}
    from weighed
),

sums as (
    select
        *
        {%- set summed = [] %}
        {%- for measure in health_measures() %}
        {%- do summed.append(measure ~ '_points') %},
        cast({{ summed | join(' + ') }} as decimal(7, 4)) as {{ measure }}_sum
        {%- endfor %}
    from points
),

-- A contribution is a step of the rounded running sum, so that the contributions add up to the rounded score.
totals as (
    select
        *
        {%- for measure in health_measures() %},
        cast(
            case
                when {{ measure }}_score is not null
                    then {{ measure }}_sum{{ ' - ' ~ loop.previtem ~ '_sum' if not loop.first }}
                when {{ policy_is('health_missing_measures', 'zero') }} then 0
            end as decimal(7, 4)
        ) as {{ measure }}_contribution
        {%- endfor %},
        case when measures_present > 0 then {{ health_measures() | last }}_sum end as health_score
    from sums
)

select
    totals.*,
    case
        when totals.health_score >= bands.green_from then 'green'
        when totals.health_score >= bands.yellow_from then 'yellow'
        when totals.health_score is not null then 'red'
    end as health_band
from totals
cross join bands
