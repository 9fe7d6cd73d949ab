-- one row per survey period, survey kind, weighting and voter; a voter is an invitation or an account
{{ config(materialized=inlined()) }}
with responses as (
    select * from {{ ref('int_sentiment__responses') }}
    where
        survey_type = 'nps'
        and is_delivered
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
),

period_types as (
    select 'month' as period_type
    union all
    select 'quarter' as period_type
),

weightings as (
    select 'account' as weighting
    union all
    select 'mrr' as weighting
),

-- Answers and scores belong to the period of their invitation, so that a response rate never exceeds 1. A month and a
-- quarter each count only the latest answer of a person.
period_responses as (
    select
        responses.*,
        period_types.period_type,
        case period_types.period_type
            when 'month' then responses.is_counted_in_month
            else responses.is_counted
        end as is_vote,
        cast(
            case period_types.period_type
                when 'month' then {{ dbt.date_trunc('month', local_time('invited_at')) }}
                else {{ dbt.date_trunc('quarter', local_time('invited_at')) }}
            end as date
        ) as period_start
    from responses
    cross join period_types
),

respondents as (
    select
        period_type,
        period_start,
        survey_kind,
        'respondent' as weighting,
        response_id as voter_id,
        account_id,
        plan_id,
        cast(1 as decimal(18, 4)) as weight,
        score is not null as has_answered,
        case when is_vote then {{ nps_category('score') }} end as nps_category
    from period_responses
),

accounts as (
    select
        period_type,
        period_start,
        survey_kind,
        account_id,
        {{ last_by('plan_id', 'recency') }} as plan_id,
        {{ last_by('mrr', 'recency') }} as mrr,
        max(case when score is not null then 1 else 0 end) = 1 as has_answered,
        {{ nps_category('avg(case when is_vote then score end)') }} as nps_category
    from period_responses
    where account_id is not null
    group by period_type, period_start, survey_kind, account_id
),

votes as (
    select * from respondents
    union all
    select
        accounts.period_type,
        accounts.period_start,
        accounts.survey_kind,
        weightings.weighting,
        accounts.account_id as voter_id,
        accounts.account_id,
        accounts.plan_id,
        cast(case weightings.weighting when 'mrr' then accounts.mrr else 1 end as decimal(18, 4)) as weight,
        accounts.has_answered,
        accounts.nps_category
    from accounts
    cross join weightings
)

select
    votes.*,
    coalesce(votes.plan_id, 'unknown') as plan,
    combinations.*
from votes
left join slices on votes.account_id = slices.account_id
inner join combinations on coalesce(slices.slice_number, 0) = combinations.slice_number
