-- one row per survey invitation or answer, in its latest version
{{ config(materialized='view') }}
with responses as (
    select * from {{ ref('int_sentiment__responses') }}
),

directed as (
    select
        *,
        -- If a low score is good, the scale is reversed. Such scales start at 1.
        case when higher_is_better then score else scale_max + 1 - score end as directed_score
    from responses
)

select
    response_id,
    account_id,
    respondent_id,
    survey_type,
    survey_kind,
    touchpoint,
    score,
    scale_max,
    case when survey_type = 'nps' and is_valid_score then {{ nps_category('score') }} end as nps_category,
    case
        when not is_valid_score then null
        when survey_type = 'csat' then directed_score >= 0.8 * scale_max
        when survey_type = 'ces' then directed_score * 7 >= 5 * scale_max
    end as is_satisfied,
    is_delivered,
    sent_at,
    responded_at,
    {{ month_start(local_month('invited_at')) }} as invited_month,
    is_counted,
    is_counted_in_month,
    {{ month_start('cohort_month_number') }} as cohort_month,
    tenure_months,
    plan_id as plan,
    segment,
    mrr
from directed
