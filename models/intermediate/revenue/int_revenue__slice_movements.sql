-- one row per month, combination of slice attributes and plan in which MRR moves
{{ config(materialized='view') }}
with month_changes as (
    select * from {{ ref('int_revenue__account_month_changes') }}
),

slices as (
    select * from {{ ref('int_accounts__slices') }}
),

movements as (
    select
        month_changes.month_number,
        slices.slice_number,
        coalesce(month_changes.plan_id, 'unknown') as plan,
        {%- for measure in slice_measures()['movements']['money'] %}
        sum(month_changes.{{ measure }}) as {{ measure }},
        {%- endfor %}
        sum(case when month_changes.is_new_customer then 1 else 0 end) as new_customers,
        sum(case when month_changes.is_returned_customer then 1 else 0 end) as reactivated_customers,
        sum(case when month_changes.is_lost_customer then 1 else 0 end) as churned_customers,
        sum(case when month_changes.is_new_and_churned then 1 else 0 end) as new_and_churned_customers
    from month_changes
    inner join slices on month_changes.account_id = slices.account_id
    group by month_changes.month_number, slices.slice_number, coalesce(month_changes.plan_id, 'unknown')
),

-- Only few months lose a customer.
losses as (
    select
        month_changes.month_number,
        slices.slice_number,
        coalesce(month_changes.plan_id, 'unknown') as plan,
        {%- for kind in churn_kinds() %}
        sum(case when month_changes.churn_kind = '{{ kind }}' then month_changes.net_churn_mrr else 0 end)
            as {{ kind }}_mrr,
        sum(case when month_changes.churn_kind = '{{ kind }}' then 1 else 0 end) as {{ kind }}_customers
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    from month_changes
    inner join slices on month_changes.account_id = slices.account_id
    where month_changes.is_lost_customer
    group by month_changes.month_number, slices.slice_number, coalesce(month_changes.plan_id, 'unknown')
)

select
    movements.*,
    {%- for measure in slice_measures()['losses']['money'] + slice_measures()['losses']['counts'] %}
    coalesce(losses.{{ measure }}, 0) as {{ measure }}
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from movements
left join losses
    on
        movements.month_number = losses.month_number
        and movements.slice_number = losses.slice_number
        and movements.plan = losses.plan
