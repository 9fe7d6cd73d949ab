-- one row per cohort month, quarter of tenure at the answer, and survey kind
with answers as (
    select
        cohort_month_number,
        tenure_months,
        survey_kind,
        {{ nps_category('score') }} as nps_category
    from {{ ref('int_sentiment__responses') }}
    where
        survey_type = 'nps'
        and is_counted
        and cohort_month_number is not null
),

counted as (
    select
        cohort_month_number,
        cast(floor(tenure_months / 3.0) as bigint) as tenure_quarter,
        survey_kind,
        count(*) as responses,
        sum(case when nps_category = 'promoter' then 1 else 0 end) as promoters,
        sum(case when nps_category = 'passive' then 1 else 0 end) as passives,
        sum(case when nps_category = 'detractor' then 1 else 0 end) as detractors
    from answers
    group by cohort_month_number, cast(floor(tenure_months / 3.0) as bigint), survey_kind
),

judged as (
    select
        *,
        responses < {{ policy('nps_min_responses') }} as is_suppressed
    from counted
)

select
    {{ month_start('cohort_month_number') }} as cohort_month,
    tenure_quarter,
    survey_kind,
    cast(responses as bigint) as responses,
    cast(promoters as bigint) as promoters,
    cast(passives as bigint) as passives,
    cast(detractors as bigint) as detractors,
    case
        when not is_suppressed
            then {{ nps('promoters', 'detractors', 'responses') }}
    end as nps,
    case
        when not is_suppressed
            then {{ nps_interval('-', 'promoters', 'detractors', 'responses', 'responses') }}
    end as nps_ci_low,
    case
        when not is_suppressed
            then {{ nps_interval('+', 'promoters', 'detractors', 'responses', 'responses') }}
    end as nps_ci_high,
    is_suppressed
from judged
