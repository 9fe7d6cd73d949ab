-- one row per month, combination of slice attributes and plan: what accounts hold at the opening and at the close
{{ config(materialized='view') }}
with account_months as (
    select * from {{ ref('int_revenue__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

outlook as (
    select * from {{ ref('int_revenue__account_month_outlook') }}
),

paid_accounts as (
    select distinct account_id
    from {{ ref('int_revenue__account_month_changes') }}
)

select
    account_months.month_number,
    slices.slice_number,
    account_months.plan_id,
    {%- for measure in slice_measures()['balances']['money'] %}
    sum(account_months.{{ measure }}) as {{ measure }},
    {%- endfor %}
    sum(case when account_months.was_customer then 1 else 0 end) as opening_customers,
    sum(case when account_months.is_customer then 1 else 0 end) as closing_customers,
    sum(case when account_months.closing_mrr > 0 then 1 else 0 end) as paying_customers
from account_months
inner join slices on account_months.account_id = slices.account_id
group by account_months.month_number, slices.slice_number, account_months.plan_id
union all
-- What is agreed with accounts that never paid yet has no account-month to stand in.
select
    outlook.month_number,
    slices.slice_number,
    cast(null as varchar) as plan_id,
    {%- for measure in slice_measures()['balances']['money'] %}
    {% if measure == 'committed_mrr' %}sum(outlook.scheduled_mrr){% else %}0{% endif %} as {{ measure }},
    {%- endfor %}
    0 as opening_customers,
    0 as closing_customers,
    0 as paying_customers
from outlook
inner join slices on outlook.account_id = slices.account_id
left join paid_accounts on outlook.account_id = paid_accounts.account_id
where
    paid_accounts.account_id is null
    and outlook.scheduled_mrr <> 0
group by outlook.month_number, slices.slice_number
