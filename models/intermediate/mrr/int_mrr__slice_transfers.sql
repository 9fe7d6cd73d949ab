-- one row per month, combination of slice attributes and plan that differs from the sum of its account-months
{{ config(materialized=inlined()) }}
with net_months as (
    select * from {{ ref('int_mrr__account_month_net') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

committed as (
    select * from {{ ref('int_mrr__account_month_committed') }}
),

paid_accounts as (
    select distinct account_id
    from net_months
),

-- A plan change moves the opening balance of an account from one slice to another.
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
    from net_months
    where
        was_customer
        and coalesce(opening_plan_id, '') <> coalesce(plan_id, '')
    union all
    {%- endfor %}
    -- A merge moves MRR from one account to another. If the item returns within the month, the MRR nets to zero, but a
    -- customer may remain transferred.
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
    from net_months
    where transfer_mrr <> 0 or transferred_customers <> 0
    union all
    -- Accounts that never paid have no account_months row, so their committed MRR is added here.
    select
        committed.account_id,
        committed.month_number,
        cast(null as string) as plan_id,
        0 as moved_mrr,
        0 as moved_mrr_constant,
        0 as moved_customers,
        0 as merged_mrr,
        0 as merged_customers,
        committed.scheduled_mrr
    from committed
    left join paid_accounts on committed.account_id = paid_accounts.account_id
    where
        committed.scheduled_mrr <> 0
        and paid_accounts.account_id is null
)

-- The account-months count the opening in the slice of the closing plan. The minus sign returns it to the old slice.
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
