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
        {{ rate('total_weight', 'squared_weight') }} * total_weight as effective_responses,
        {{ utc_time(
            'cast(case period_type when \'month\' then ' ~ dbt.dateadd('month', 1, 'period_start')
            ~ ' else ' ~ dbt.dateadd('month', 3, 'period_start') ~ ' end as timestamp)'
        ) }} as period_end_at
    from sliced
)

select
    period_type,
    period_start,
    survey_kind,
    weighting,
    dimension,
    dimension_value,
    {{ dbt.dateadd('day', policy('nps_maturity_days'), 'period_end_at') }} <= {{ as_of() }} as is_mature,
    cast(invited as bigint) as invited,
    cast(responses as bigint) as responses,
    {{ rate('answered', 'invited') }} as response_rate,
    cast(promoters as bigint) as promoters,
    cast(passives as bigint) as passives,
    cast(detractors as bigint) as detractors,
    {{ nps('promoter_weight', 'detractor_weight', 'total_weight') }} as nps,
    {{ nps_interval('-', 'promoter_weight', 'detractor_weight', 'total_weight', 'effective_responses') }} as nps_ci_low,
    {{ nps_interval('+', 'promoter_weight', 'detractor_weight', 'total_weight', 'effective_responses') }} as nps_ci_high
from sized
