-- one row per survey invitation or answer, in its latest version
{{ config(materialized='view') }}
with responses as (
    select * from {{ ref('int_sentiment__responses') }}
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
    is_satisfied,
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
    mrr,
    higher_is_better
from responses
