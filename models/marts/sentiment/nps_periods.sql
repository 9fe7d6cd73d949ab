-- one row per period, survey kind, weighting and slice
with votes as (
    select * from {{ ref('int_sentiment__nps_votes') }}
),

sliced as (
    select
        period_type,
        period_start,
        survey_kind,
        weighting,
        {{ slice_columns() }},
        count(*) as invited,
        sum(case when has_answered then 1 else 0 end) as answered,
        count(nps_category) as responses,
        {%- for category in ['promoter', 'passive', 'detractor'] %}
        sum(case when nps_category = '{{ category }}' then 1 else 0 end) as {{ category }}s,
        {%- endfor %}
        sum(case when nps_category = 'promoter' then weight else 0 end) as promoter_weight,
        sum(case when nps_category = 'detractor' then weight else 0 end) as detractor_weight,
        sum(case when nps_category is not null then weight else 0 end) as total_weight,
        sum(
            case when nps_category is not null then cast(weight as decimal(19, 4)) * weight else 0 end
        ) as squared_weight
    from votes
    group by {{ slice_sets(['period_type', 'period_start', 'survey_kind', 'weighting']) }} -- noqa: PRS
),

-- Unequal weights carry less information than their number suggests (Kish's effective sample size).
sized as (
    select
        *,
        {{ rate('total_weight', 'squared_weight') }} * total_weight as effective_responses
    from sliced
),

scores as (
    select
        *,
        {{ nps('promoter_weight', 'detractor_weight', 'total_weight') }} as nps,
        -- The plain variance of a few answers is too small, so it serves no test. Floating point may make the effective
        -- number of ten equal votes slightly less than ten.
        case
            when effective_responses >= {{ policy('nps_min_responses') }} - 0.000001
                then {{ nps_variance('promoter_weight', 'detractor_weight', 'total_weight', 'effective_responses') }}
        end as nps_variance
    from sized
),

neighbours as (
    select
        *,
        lag(period_start) over slice_in_time as earlier_start,
        lag(nps) over slice_in_time as earlier_nps,
        lag(nps_variance) over slice_in_time as earlier_variance
    from scores
    window slice_in_time as (
        partition by period_type, survey_kind, weighting, dimension, dimension_value
        order by period_start
    )
),

-- A period without invitations has no row, so the row before may be of an earlier period than the one directly before.
paired as (
    select
        *,
        {{ month_number('period_start') }} - {{ month_number('earlier_start') }}
        = case period_type when 'month' then 1 else 3 end as follows_directly
    from neighbours
),

changes as (
    select
        *,
        case when follows_directly then earlier_nps end as previous_nps,
        case when follows_directly then nps - earlier_nps end as nps_change,
        case when follows_directly then {{ normal_95() }} * sqrt(nps_variance + earlier_variance) end
            as nps_change_margin
    from paired
)

select
    period_type,
    period_start,
    survey_kind,
    weighting,
    dimension,
    dimension_value,
    {{ is_mature('period_type', 'period_start') }} as is_mature,
    cast(invited as bigint) as invited,
    cast(responses as bigint) as responses,
    {{ rate('answered', 'invited') }} as response_rate,
    cast(promoters as bigint) as promoters,
    cast(passives as bigint) as passives,
    cast(detractors as bigint) as detractors,
    nps,
    {{ nps_interval('-', 'promoter_weight', 'detractor_weight', 'total_weight', 'effective_responses') }} as nps_ci_low,
    {{ nps_interval('+', 'promoter_weight', 'detractor_weight', 'total_weight', 'effective_responses') }}
        as nps_ci_high,
    previous_nps,
    nps_change,
    nps_change_margin,
    abs(nps_change) > nps_change_margin as is_significant_change
from changes
