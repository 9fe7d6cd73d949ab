-- one row per account and month from its first paid month to the month of as_of
{%- set flows = ['new', 'expansion', 'contraction', 'churn', 'reactivation'] %}
with net_months as (
    select * from {{ ref('int_mrr__account_month_net') }}
),

committed as (
    select * from {{ ref('int_mrr__account_month_committed') }}
),

-- A month without a movement carries the balance of the last month with one.
carried_months as (
    select
        *,
        {{ expand_numbers('month_number', 'next_month_number - 1') }} as carried_month_number
    from net_months
),

months as (
    select
        *,
        carried_month_number = month_number as has_moved
    from carried_months
)

select
    months.account_id,
    months.carried_month_number as month_number,
    months.cohort_month_number,
    case when months.has_moved then months.opening_mrr else months.closing_mrr end as opening_mrr,
    {%- for flow in flows + ['fx_impact', 'transfer'] %}
    case when months.has_moved then months.{{ flow }}_mrr else 0 end as {{ flow }}_mrr,
    {%- endfor %}
    months.closing_mrr,
    case when months.has_moved then months.opening_mrr_constant else months.closing_mrr_constant end
        as opening_mrr_constant,
    months.closing_mrr_constant,
    case when months.has_moved then months.was_customer else months.is_customer end as was_customer,
    months.is_customer,
    case when months.has_moved then months.net_movement_type end as net_movement_type,
    {%- for flow in flows %}
    case when months.has_moved then months.net_{{ flow }}_mrr else 0 end as net_{{ flow }}_mrr,
    {%- endfor %}
    months.lowest_mrr,
    case when months.has_moved then months.opening_plan_id else months.plan_id end as opening_plan_id,
    months.plan_id,
    case when months.has_moved then months.churn_kind end as churn_kind,
    case when months.has_moved then months.churn_reason end as churn_reason,
    months.has_moved and months.is_new_and_churned as is_new_and_churned,
    cast(months.closing_mrr + coalesce(committed.scheduled_mrr, 0) as decimal(18, 4)) as committed_mrr,
    coalesce(committed.at_risk_mrr, 0) as at_risk_mrr,
    coalesce(committed.usage_mrr, 0) as usage_mrr
from months
left join committed
    on
        months.account_id = committed.account_id
        and months.carried_month_number = committed.month_number
