-- one row per cohort month, quarter of tenure at the answer, and survey kind
with answers as (
    select
        *,
        cast(floor(tenure_months / 3.0) as bigint) as tenure_quarter
    from {{ ref('int_sentiment__responses') }}
    where
        survey_type = 'nps'
        and is_valid_score
        and cohort_month_number is not null
),

-- A quarter of tenure is not a calendar quarter. Only the latest answer of a person in it counts.
ranked as (
    select
        cohort_month_number,
        tenure_quarter,
        survey_kind,
        {{ nps_category('score') }} as nps_category,
        row_number() over (
            partition by
                cohort_month_number,
                tenure_quarter,
                survey_kind,
                {{ person_asked('survey_kind', 'respondent_id', 'response_id') }}
            order by responded_at desc, response_id desc
        ) as answer_rank
    from answers
),

counted as (
    select
        cohort_month_number,
        tenure_quarter,
        survey_kind,
        count(*) as responses,
        sum(case when nps_category = 'promoter' then 1 else 0 end) as promoters,
        sum(case when nps_category = 'passive' then 1 else 0 end) as passives,
        sum(case when nps_category = 'detractor' then 1 else 0 end) as detractors
    from ranked
    where answer_rank = 1
    group by cohort_month_number, tenure_quarter, survey_kind
),

scores as (
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
from scores
