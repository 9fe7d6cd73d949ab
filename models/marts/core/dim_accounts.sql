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
        min(occurred_at) as first_movement_at,
        {{ last_by('mrr_after', 'movement_number') }} as current_mrr,
        {{ last_by('is_customer', 'movement_number') }} as is_customer,
        max(case when movement_type in ('churn', 'merge') and not is_customer then occurred_at end) as last_left_at
    from {{ ref('int_mrr__account_movements') }}
    where movement_type is not null
    group by account_id
),

payers_before_history as (
    select * from {{ ref('int_mrr__payers_before_history') }}
),

plans as (
    select
        account_id,
        nullif({{ last_by("coalesce(plan_id, '')", 'occurred_at') }}, '') as plan_id
    from {{ ref('int_mrr__account_plans') }}
    group by account_id
),

price_list as (
    select * from {{ ref('unified_plans') }}
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
        coalesce(payers_before_history.first_paid_at, movements.first_movement_at) as first_paid_at,
        coalesce(movements.current_mrr, 0) as current_mrr,
        case when not movements.is_customer then movements.last_left_at end as churned_at,
        case when movements.is_customer then plans.plan_id end as current_plan,
        price_list.plan_name as current_plan_name,
        price_list.product as current_product,
        price_list.tier as current_tier,
        case
            when movements.is_customer then 'active'
            when movements.account_id is not null then 'churned'
            when trials.account_id is not null then 'trial'
            else 'prospect'
        end as status
    from accounts
    left join keys on accounts.account_id = keys.account_id
    left join movements on accounts.account_id = movements.account_id
    left join plans on accounts.account_id = plans.account_id
    left join price_list on movements.is_customer and plans.plan_id = price_list.plan_id
    left join payers_before_history
        on accounts.account_id = payers_before_history.account_id and movements.account_id is not null
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
    {{ local_day('created_at') }} as created_on,
    {{ local_day('first_paid_at') }} as first_paid_on,
    {{ month_start(local_month('first_paid_at')) }} as cohort_month,
    status,
    current_plan,
    current_plan_name,
    current_product,
    current_tier,
    cast(current_mrr as decimal(18, 4)) as current_mrr,
    cast(12 * current_mrr as decimal(18, 4)) as current_arr,
    {{ local_day('churned_at') }} as churned_on,
    cast(
        {{ local_month('coalesce(churned_at, ' ~ as_of() ~ ')') }} - {{ local_month('first_paid_at') }} as bigint
    ) as tenure_months,
    source_keys,
    is_in_crm,
    is_deleted
    {%- for attribute in policy('account_attributes') %},
    {{ attribute }}
    {%- endfor %}
from states
