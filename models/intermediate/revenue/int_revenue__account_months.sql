-- one row per account and month from its first paid month to the month of as_of
{{ config(materialized='view') }}
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
with month_changes as (
    select * from {{ ref('int_revenue__account_month_changes') }}
),

outlook as (
    select * from {{ ref('int_revenue__account_month_outlook') }}
),

-- A month without a movement carries the balance of the last one that had some.
expanded as (
    select
        *,
        month_number as changed_month_number,
        cast({{ expand_numbers('month_number', 'next_month_number - 1') }} as integer) as carried_month_number
    from month_changes
),

carried as (
    select
        account_id,
        carried_month_number as month_number,
        cohort_month_number,
        carried_month_number = changed_month_number as has_moved,
        opening_mrr,
        {%- for flow in flows + ['fx_impact'] %}
        {{ flow }}_mrr,
        {%- endfor %}
        closing_mrr,
        net_movement_type,
        {%- for flow in flows %}
        net_{{ flow }}_mrr,
        {%- endfor %}
        lowest_mrr,
        opening_plan_id,
        plan_id,
        churn_kind,
        churn_reason,
        is_new_and_churned
    from expanded
)

select
    carried.account_id,
    carried.month_number,
    carried.cohort_month_number,
    case when carried.has_moved then carried.opening_mrr else carried.closing_mrr end as opening_mrr,
    {%- for flow in flows + ['fx_impact'] %}
    case when carried.has_moved then carried.{{ flow }}_mrr else 0 end as {{ flow }}_mrr,
    {%- endfor %}
    carried.closing_mrr,
    case when carried.has_moved then carried.net_movement_type end as net_movement_type,
    {%- for flow in flows %}
    case when carried.has_moved then carried.net_{{ flow }}_mrr else 0 end as net_{{ flow }}_mrr,
    {%- endfor %}
    carried.lowest_mrr,
    case when carried.has_moved then carried.opening_plan_id else carried.plan_id end as opening_plan_id,
    carried.plan_id,
    case when carried.has_moved then carried.churn_kind end as churn_kind,
    case when carried.has_moved then carried.churn_reason end as churn_reason,
    carried.has_moved and carried.is_new_and_churned as is_new_and_churned,
    carried.closing_mrr + coalesce(outlook.scheduled_mrr, 0) as committed_mrr,
    coalesce(outlook.at_risk_mrr, 0) as at_risk_mrr
from carried
left join outlook
    on
        carried.account_id = outlook.account_id
        and carried.month_number = outlook.month_number
