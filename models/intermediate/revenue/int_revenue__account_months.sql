-- one row per account and month from its first paid month to the month of as_of
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
        cast({{ expand_numbers('month_number', 'next_month_number - 1') }} as integer) as carried_month_number
    from month_changes
),

carried as (
    select
        *,
        carried_month_number = month_number as has_moved
    from expanded
)

select
    carried.account_id,
    carried.carried_month_number as month_number,
    carried.cohort_month_number,
    case when carried.has_moved then carried.opening_mrr else carried.closing_mrr end as opening_mrr,
    {%- for flow in flows + ['fx_impact', 'transfer'] %}
    case when carried.has_moved then carried.{{ flow }}_mrr else 0 end as {{ flow }}_mrr,
    {%- endfor %}
    carried.closing_mrr,
    case when carried.has_moved then carried.opening_mrr_constant else carried.closing_mrr_constant end
        as opening_mrr_constant,
    carried.closing_mrr_constant,
    case when carried.has_moved then carried.was_customer else carried.is_customer end as was_customer,
    carried.is_customer,
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
    cast(carried.closing_mrr + coalesce(outlook.scheduled_mrr, 0) as decimal(18, 4)) as committed_mrr,
    coalesce(outlook.at_risk_mrr, 0) as at_risk_mrr,
    coalesce(outlook.usage_mrr, 0) as usage_mrr
from carried
left join outlook
    on
        carried.account_id = outlook.account_id
        and carried.carried_month_number = outlook.month_number
