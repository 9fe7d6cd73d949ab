-- one row per month, combination of slice attributes and plan: the smallest base from which every slice adds up
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
{%- set balances = [
    'opening_mrr', 'closing_mrr', 'opening_mrr_constant', 'closing_mrr_constant', 'committed_mrr', 'at_risk_mrr',
    'usage_mrr'
] %}
{%- set customer_balances = ['opening_customers', 'closing_customers', 'paying_customers'] %}
{%- set customer_flows = {
    'new_customers': 'is_new_customer',
    'reactivated_customers': 'is_returned_customer',
    'churned_customers': 'is_lost_customer',
    'new_and_churned_customers': 'is_new_and_churned',
} %}
{#- These measures add transfers between slices to the sums of the account-months. -#}
{%- set transferred = ['opening_mrr', 'opening_mrr_constant', 'committed_mrr', 'opening_customers'] %}
{%- set dimensions = account_dimensions() %}
{%- set adds_new = policy_is('churn_rate_denominator', 'opening_plus_new') %}
with account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

net_months as (
    select * from {{ ref('int_mrr__account_month_net') }}
),

transfers as (
    select * from {{ ref('int_mrr__slice_transfers') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

balances as (
    select
        account_months.month_number,
        slices.slice_number,
        coalesce(account_months.plan_id, 'unknown') as plan,
        {%- for measure in balances %}
        sum(account_months.{{ measure }}) as {{ measure }},
        {%- endfor %}
        sum(case when account_months.was_customer then 1 else 0 end) as opening_customers,
        sum(case when account_months.is_customer then 1 else 0 end) as closing_customers,
        sum(case when account_months.closing_mrr > 0 then 1 else 0 end) as paying_customers
    from account_months
    inner join slices on account_months.account_id = slices.account_id
    group by account_months.month_number, slices.slice_number, coalesce(account_months.plan_id, 'unknown')
),

movements as (
    select
        net_months.month_number,
        slices.slice_number,
        coalesce(net_months.plan_id, 'unknown') as plan,
        {%- for flow in flows %}
        sum(net_months.{{ flow }}_mrr) as {{ flow }}_mrr,
        sum(net_months.net_{{ flow }}_mrr) as net_{{ flow }}_mrr,
        {%- endfor %}
        sum(net_months.fx_impact_mrr) as fx_impact_mrr
        {%- for measure, flag in customer_flows.items() %},
        sum(case when net_months.{{ flag }} then 1 else 0 end) as {{ measure }}
        {%- endfor %}
    from net_months
    inner join slices on net_months.account_id = slices.account_id
    group by net_months.month_number, slices.slice_number, coalesce(net_months.plan_id, 'unknown')
),

-- Few account-months lose a customer, so the sums by churn kind read only those.
losses as (
    select
        net_months.month_number,
        slices.slice_number,
        coalesce(net_months.plan_id, 'unknown') as plan
        {%- for kind in churn_kinds() %},
        sum(case when net_months.churn_kind = '{{ kind }}' then net_months.net_churn_mrr else 0 end) as {{ kind }}_mrr,
        sum(case when net_months.churn_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }}_customers
        {%- endfor %}
    from net_months
    inner join slices on net_months.account_id = slices.account_id
    where net_months.is_lost_customer
    group by net_months.month_number, slices.slice_number, coalesce(net_months.plan_id, 'unknown')
),

-- A slice in which MRR moves has a row in balances. If every account left its plan, it has a row in transfers instead.
totals as (
    select
        coalesce(balances.month_number, transfers.month_number) as month_number,
        coalesce(balances.slice_number, transfers.slice_number) as slice_number,
        coalesce(balances.plan, transfers.plan) as plan,
        {%- for measure in balances %}
        cast(
            coalesce(balances.{{ measure }}, 0)
            {%- if measure in transferred %} + coalesce(transfers.{{ measure }}, 0){% endif %} as decimal(18, 4)
        ) as {{ measure }},
        {%- endfor %}
        {%- for measure in customer_balances %}
        cast(
            coalesce(balances.{{ measure }}, 0)
            {%- if measure in transferred %} + coalesce(transfers.{{ measure }}, 0){% endif %} as bigint
        ) as {{ measure }},
        {%- endfor %}
        {%- for flow in flows %}
        cast(coalesce(movements.{{ flow }}_mrr, 0) as decimal(18, 4)) as {{ flow }}_mrr,
        cast(coalesce(movements.net_{{ flow }}_mrr, 0) as decimal(18, 4)) as net_{{ flow }}_mrr,
        {%- endfor %}
        cast(coalesce(movements.fx_impact_mrr, 0) as decimal(18, 4)) as fx_impact_mrr,
        {%- for measure in customer_flows %}
        cast(coalesce(movements.{{ measure }}, 0) as bigint) as {{ measure }},
        {%- endfor %}
        {%- for kind in churn_kinds() %}
        cast(coalesce(losses.{{ kind }}_mrr, 0) as decimal(18, 4)) as {{ kind }}_mrr,
        cast(coalesce(losses.{{ kind }}_customers, 0) as bigint) as {{ kind }}_customers,
        {%- endfor %}
        cast(coalesce(transfers.transfer_mrr, 0) as decimal(18, 4)) as transfer_mrr,
        cast(coalesce(transfers.transferred_customers, 0) as bigint) as transferred_customers
    from balances
    left join movements
        on
            balances.month_number = movements.month_number
            and balances.slice_number = movements.slice_number
            and balances.plan = movements.plan
    left join losses
        on
            balances.month_number = losses.month_number
            and balances.slice_number = losses.slice_number
            and balances.plan = losses.plan
    full outer join transfers
        on
            balances.month_number = transfers.month_number
            and balances.slice_number = transfers.slice_number
            and balances.plan = transfers.plan
),

combinations as (
    select * from {{ ref('int_accounts__slice_combinations') }}
)

select
    {%- for dimension in dimensions %}
    combinations.{{ dimension }},
    {%- endfor %}
    totals.*,
    totals.opening_customers + case when {{ adds_new }} then totals.new_customers else 0 end as base_customers,
    cast(totals.opening_mrr + case when {{ adds_new }} then totals.net_new_mrr else 0 end as decimal(18, 4)) as base_mrr
from totals
inner join combinations on totals.slice_number = combinations.slice_number
