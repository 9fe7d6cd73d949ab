-- one row per month, combination of slice attributes and plan that holds other MRR than that of its account-months
{{ config(materialized='view') }}
with month_changes as (
    select * from {{ ref('int_revenue__account_month_changes') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

outlook as (
    select * from {{ ref('int_revenue__account_month_outlook') }}
),

paid_accounts as (
    select distinct account_id
    from month_changes
),

-- An account that changes its plan takes its opening balance from one slice to another.
moves as (
    {%- for plan, sign in [('opening_plan_id', -1), ('plan_id', 1)] %}
    select
        account_id,
        month_number,
        {{ plan }} as plan_id,
        {{ sign }} * opening_mrr as moved_mrr,
        {{ sign }} * opening_mrr_constant as moved_mrr_constant,
        {{ sign }} * case when was_customer then 1 else 0 end as moved_customers,
        0 as merged_mrr,
        0 as merged_customers,
        0 as scheduled_mrr
    from month_changes
    where
        was_customer
        and coalesce(opening_plan_id, '') <> coalesce(plan_id, '')
    union all
    {%- endfor %}
    -- A merge moves MRR from one account to another. What comes back within the month may leave a customer behind.
    select
        account_id,
        month_number,
        plan_id,
        0 as moved_mrr,
        0 as moved_mrr_constant,
        0 as moved_customers,
        transfer_mrr as merged_mrr,
        transferred_customers as merged_customers,
        0 as scheduled_mrr
    from month_changes
    where transfer_mrr <> 0 or transferred_customers <> 0
    union all
    -- What is agreed with an account that never paid has no account-month to stand in.
    select
        outlook.account_id,
        outlook.month_number,
        cast(null as varchar) as plan_id,
        0 as moved_mrr,
        0 as moved_mrr_constant,
        0 as moved_customers,
        0 as merged_mrr,
        0 as merged_customers,
        outlook.scheduled_mrr
    from outlook
    left join paid_accounts on outlook.account_id = paid_accounts.account_id
    where
        outlook.scheduled_mrr <> 0
        and paid_accounts.account_id is null
)

-- The balance was counted where the account ended up, so its opening goes back to where it came from.
select
    moves.month_number,
    slices.slice_number,
    coalesce(moves.plan_id, 'unknown') as plan,
    sum(moves.moved_mrr + moves.merged_mrr) as transfer_mrr,
    sum(moves.moved_customers + moves.merged_customers) as transferred_customers,
    -sum(moves.moved_mrr) as opening_mrr,
    -sum(moves.moved_mrr_constant) as opening_mrr_constant,
    -sum(moves.moved_customers) as opening_customers,
    sum(moves.scheduled_mrr) as committed_mrr
from moves
inner join slices on moves.account_id = slices.account_id
group by moves.month_number, slices.slice_number, coalesce(moves.plan_id, 'unknown')
