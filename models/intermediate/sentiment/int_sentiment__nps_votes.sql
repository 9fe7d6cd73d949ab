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

weightings as (
    select 'account' as weighting
    union all
    select 'mrr' as weighting
),

period_responses as (
    {{ responses_by_period('responses') }}
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
