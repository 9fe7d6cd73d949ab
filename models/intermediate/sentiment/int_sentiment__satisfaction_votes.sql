-- one row per survey period and delivered invitation to a csat or ces survey
{{ config(materialized=inlined()) }}
with responses as (
    select * from {{ ref('int_sentiment__responses') }}
    where
        survey_type in ('csat', 'ces')
        and is_delivered
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
),

period_responses as (
    {{ responses_by_period('responses') }}
)

select
    period_responses.period_type,
    period_responses.period_start,
    period_responses.survey_type,
    period_responses.survey_kind,
    period_responses.scale_max,
    period_responses.higher_is_better,
    coalesce(period_responses.touchpoint, 'unknown') as touchpoint,
    period_responses.response_id,
    period_responses.score is not null as has_answered,
    case when period_responses.is_vote then period_responses.score end as score,
    case when period_responses.is_vote then period_responses.is_satisfied end as is_satisfied,
    coalesce(period_responses.plan_id, 'unknown') as plan,
    combinations.*
from period_responses
left join slices on period_responses.account_id = slices.account_id
inner join combinations on coalesce(slices.slice_number, 0) = combinations.slice_number
