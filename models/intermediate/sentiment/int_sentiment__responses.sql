-- one row per survey invitation or answer known at as_of, with the account as it was at the answer or invitation
with invitations as (
    select
        *,
        coalesce(responded_at, invited_at) as state_at,
        {{ local_month('coalesce(responded_at, invited_at)') }} as state_month_number
    from {{ ref('int_sentiment__invitations') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

movements as (
    select * from {{ ref('int_mrr__account_movements') }}
    where movement_type is not null
),

plans as (
    select
        account_id,
        occurred_at,
        {{ local_month('occurred_at') }} as month_number,
        coalesce(plan_id, '') as plan_id
    from {{ ref('int_mrr__account_plans') }}
),

-- MRR is the balance after the last movement of the month before the answer, else the opening MRR of the month.
latest_mrr as (
    select
        invitations.response_id,
        {{ last_by('movements.mrr_after', 'movements.movement_number') }} as mrr
    from invitations
    inner join movements
        on
            invitations.account_id = movements.account_id
            and invitations.state_month_number = movements.month_number
            and invitations.state_at >= movements.occurred_at
    group by invitations.response_id
),

-- A plan may change without a movement. An empty plan id means service without a plan.
latest_plans as (
    select
        invitations.response_id,
        nullif({{ last_by('plans.plan_id', 'plans.occurred_at') }}, '') as plan_id
    from invitations
    inner join plans
        on
            invitations.account_id = plans.account_id
            and invitations.state_month_number = plans.month_number
            and invitations.state_at >= plans.occurred_at
    group by invitations.response_id
)

select
    invitations.response_id,
    invitations.account_id,
    invitations.respondent_id,
    invitations.survey_type,
    invitations.survey_kind,
    invitations.touchpoint,
    invitations.score,
    invitations.scale_max,
    invitations.higher_is_better,
    invitations.is_delivered,
    invitations.sent_at,
    invitations.responded_at,
    invitations.invited_at,
    invitations.recency,
    invitations.is_valid_score,
    invitations.is_satisfied,
    invitations.is_counted,
    invitations.is_counted_in_month,
    account_months.cohort_month_number,
    cast(invitations.state_month_number - account_months.cohort_month_number as bigint) as tenure_months,
    case
        when coalesce(latest_mrr.mrr, account_months.opening_mrr, 0) = 0 then null
        when latest_plans.response_id is not null then latest_plans.plan_id
        else account_months.opening_plan_id
    end as plan_id,
    accounts.segment,
    cast(coalesce(latest_mrr.mrr, account_months.opening_mrr, 0) as decimal(18, 4)) as mrr
from invitations
left join accounts on invitations.account_id = accounts.account_id
left join account_months
    on
        invitations.account_id = account_months.account_id
        and invitations.state_month_number = account_months.month_number
left join latest_mrr on invitations.response_id = latest_mrr.response_id
left join latest_plans on invitations.response_id = latest_plans.response_id
