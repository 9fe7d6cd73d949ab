-- one row per account; internal accounts are left out
with accounts as (
    select * from {{ ref('unified_accounts') }}
    where not is_internal
),

keys as (
    select
        account_id,
        {{ sorted_list("source_system || ':' || source_key") }} as source_keys
    from {{ ref('unified_account_keys') }}
    group by account_id
),

movements as (
    select
        account_id,
        min(occurred_at) as first_paid_at,
        max_by(mrr_after, movement_number) as current_mrr,
        max(case when movement_type = 'churn' then occurred_at end) as last_churned_at
    from {{ ref('int_revenue__account_movements') }}
    group by account_id
),

plans as (
    select
        account_id,
        max_by(plan_id, booked_at) as plan_id
    from {{ ref('int_revenue__account_plans') }}
    group by account_id
),

trials as (
    select distinct account_id
    from {{ ref('unified_subscription_periods') }}
    where
        status = 'trialing'
        and period_start <= {{ as_of() }}
        and (period_end is null or period_end > {{ as_of() }})
),

states as (
    select
        accounts.*,
        keys.source_keys,
        movements.first_paid_at,
        coalesce(movements.current_mrr, 0) as current_mrr,
        case when movements.current_mrr = 0 then movements.last_churned_at end as churned_at,
        case when movements.current_mrr > 0 then plans.plan_id end as current_plan,
        case
            when movements.current_mrr > 0 then 'active'
            when movements.account_id is not null then 'churned'
            when trials.account_id is not null then 'trial'
            else 'prospect'
        end as status
    from accounts
    left join keys on accounts.account_id = keys.account_id
    left join movements on accounts.account_id = movements.account_id
    left join plans on accounts.account_id = plans.account_id
    left join trials on accounts.account_id = trials.account_id
)

select
    account_id,
    account_name,
    domain,
    parent_account_id,
    segment,
    industry,
    country,
    acquisition_channel,
    owner_name,
    cast(created_at as date) as created_on,
    cast(first_paid_at as date) as first_paid_on,
    {{ month_start(month_number('first_paid_at')) }} as cohort_month,
    status,
    current_plan,
    cast(current_mrr as decimal(18, 4)) as current_mrr,
    cast(12 * current_mrr as decimal(18, 4)) as current_arr,
    cast(churned_at as date) as churned_on,
    cast(
        {{ month_number('coalesce(churned_at, ' ~ as_of() ~ ')') }} - {{ month_number('first_paid_at') }} as bigint
    ) as tenure_months,
    source_keys,
    is_in_crm,
    is_deleted
from states
