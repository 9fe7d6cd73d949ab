-- one row per survey invitation or answer, with the account as it was at that time
with responses as (
    select * from {{ ref('unified_survey_responses') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

account_months as (
    select
        account_id,
        month_number,
        cohort_month_number,
        opening_mrr,
        opening_plan_id
    from {{ ref('int_revenue__account_months') }}
),

movements as (
    select * from {{ ref('int_revenue__account_movements') }}
    where movement_type is not null
),

plans as (
    select
        account_id,
        booked_at,
        {{ local_month('booked_at') }} as month_number,
        coalesce(plan_id, '') as plan_id
    from {{ ref('int_revenue__account_plans') }}
),

-- Nothing that happened after as_of is known yet: an answer given later is still an invitation.
known as (
    select
        responses.*,
        case when responses.responded_at <= {{ as_of() }} then responses.score end as known_score,
        case when responses.responded_at <= {{ as_of() }} then responses.responded_at end as known_responded_at,
        case
            when responses.survey_type = 'nps'
                then
                    responses.scale_max = 10
                    and responses.higher_is_better
                    and responses.score between 0 and 10
                    and responses.score = floor(responses.score)
            else responses.score between 0 and responses.scale_max
        end as is_valid_score,
        coalesce(responses.sent_at, responses.responded_at) as invited_at
    from responses
    left join accounts on responses.account_id = accounts.account_id
    where
        coalesce(responses.sent_at, responses.responded_at) <= {{ as_of() }}
        and not coalesce(accounts.is_internal, false)
),

timed as (
    select
        *,
        coalesce(known_responded_at, invited_at) as state_at,
        {{ local_month('coalesce(known_responded_at, invited_at)') }} as state_month_number
    from known
),

-- The account at that time: its state at the opening of the month, and what moved in the month before the answer.
moved as (
    select
        timed.response_id,
        max_by(movements.mrr_after, movements.movement_number) as mrr
    from timed
    inner join movements
        on
            timed.account_id = movements.account_id
            and timed.state_month_number = movements.month_number
            and timed.state_at >= movements.occurred_at
    group by timed.response_id
),

-- A plan may change without a movement, and service without a plan is a plan of its own.
planned as (
    select
        timed.response_id,
        nullif(max_by(plans.plan_id, plans.booked_at), '') as plan_id
    from timed
    inner join plans
        on
            timed.account_id = plans.account_id
            and timed.state_month_number = plans.month_number
            and timed.state_at >= plans.booked_at
    group by timed.response_id
),

stated as (
    select
        timed.*,
        accounts.segment,
        accounts.industry,
        accounts.country,
        accounts.acquisition_channel,
        account_months.cohort_month_number,
        timed.state_month_number - account_months.cohort_month_number as tenure_months,
        case
            when coalesce(moved.mrr, account_months.opening_mrr, 0) = 0 then null
            when planned.response_id is not null then planned.plan_id
            else account_months.opening_plan_id
        end as plan_id,
        coalesce(moved.mrr, account_months.opening_mrr, 0) as mrr
    from timed
    left join accounts on timed.account_id = accounts.account_id
    left join account_months
        on
            timed.account_id = account_months.account_id
            and timed.state_month_number = account_months.month_number
    left join moved on timed.response_id = moved.response_id
    left join planned on timed.response_id = planned.response_id
),

-- A person counts once per kind of survey and quarter, with the latest answer.
ranked as (
    select
        response_id,
        row_number() over (
            partition by
                survey_type,
                survey_kind,
                coalesce(respondent_id, 'response ' || response_id),
                {{ dbt.date_trunc('quarter', local_time('invited_at')) }},
                known_score is not null and is_valid_score
            order by known_responded_at desc, response_id desc
        ) as answer_rank,
        -- Two people of an account may be asked at the same instant; the id settles which of them is the latest.
        row_number() over (partition by account_id order by invited_at, response_id) as recency
    from known
)

select
    stated.response_id,
    stated.account_id,
    stated.respondent_id,
    stated.survey_type,
    stated.survey_kind,
    stated.touchpoint,
    stated.known_score as score,
    stated.scale_max,
    stated.higher_is_better,
    stated.is_delivered,
    stated.sent_at,
    stated.known_responded_at as responded_at,
    stated.invited_at,
    ranked.recency,
    case when stated.known_score is not null then stated.is_valid_score end as is_valid_score,
    stated.known_score is not null and stated.is_valid_score and ranked.answer_rank = 1 as is_counted,
    stated.cohort_month_number,
    cast(stated.tenure_months as bigint) as tenure_months,
    stated.plan_id,
    stated.segment,
    stated.industry,
    stated.country,
    stated.acquisition_channel,
    cast(stated.mrr as decimal(18, 4)) as mrr
from stated
inner join ranked on stated.response_id = ranked.response_id
