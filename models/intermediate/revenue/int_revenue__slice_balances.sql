-- one row per month, combination of slice attributes and plan: what accounts hold at the opening and at the close
{{ config(materialized='view') }}
with account_months as (
    select * from {{ ref('int_revenue__account_months') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
)

select
    account_months.month_number,
    slices.slice_number,
    coalesce(account_months.plan_id, 'unknown') as plan,
    {%- for measure in slice_measures()['balances']['money'] %}
    sum(account_months.{{ measure }}) as {{ measure }},
    {%- endfor %}
    sum(case when account_months.was_customer then 1 else 0 end) as opening_customers,
    sum(case when account_months.is_customer then 1 else 0 end) as closing_customers,
    sum(case when account_months.closing_mrr > 0 then 1 else 0 end) as paying_customers
from account_months
inner join slices on account_months.account_id = slices.account_id
group by account_months.month_number, slices.slice_number, coalesce(account_months.plan_id, 'unknown')
