-- one row per account and month from its first paid month to the month of as_of
{{ config(materialized='view') }}
with account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

usage_months as (
    select * from {{ ref('int_usage__account_months') }}
),

joined as (
    select
        account_months.*,
        usage_months.active_users,
        usage_months.seats_paid
    from account_months
    left join usage_months
        on
            account_months.account_id = usage_months.account_id
            and account_months.month_number = usage_months.month_number
)

select
    account_id,
    {{ month_start('month_number') }} as month,
    month_number < {{ as_of_month() }} as is_complete,
    {{ month_start('cohort_month_number') }} as cohort_month,
    cast(month_number - cohort_month_number as bigint) as months_since_cohort,
    opening_plan_id,
    plan_id,
    {%- for measure in [
        'opening_mrr', 'new_mrr', 'expansion_mrr', 'contraction_mrr', 'churn_mrr', 'reactivation_mrr', 'transfer_mrr',
        'fx_impact_mrr', 'closing_mrr', 'net_new_mrr', 'net_expansion_mrr', 'net_contraction_mrr', 'net_churn_mrr',
        'net_reactivation_mrr', 'committed_mrr', 'at_risk_mrr', 'usage_mrr', 'opening_mrr_constant',
        'closing_mrr_constant', 'lowest_mrr'
    ] %}
    cast({{ measure }} as decimal(18, 4)) as {{ measure }},
    {%- endfor %}
    net_movement_type,
    churn_kind,
    churn_reason,
    was_customer as is_customer_at_open,
    is_customer as is_customer_at_close,
    is_new_and_churned,
    cast(active_users as bigint) as active_users,
    seats_paid,
    {{ rate('active_users', 'seats_paid') }} as seat_utilisation
from joined
