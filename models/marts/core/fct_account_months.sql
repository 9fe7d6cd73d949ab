-- one row per account and month from its first paid month to the month of as_of
{{ config(materialized='view') }}
with account_months as (
    select * from {{ ref('int_mrr__account_months') }}
),

answers as (
    select * from {{ ref('int_sentiment__account_months') }}
),

tickets as (
    select * from {{ ref('int_support__account_months') }}
),

usage_months as (
    select * from {{ ref('int_usage__account_months') }}
),

health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

-- Before the first ticket there was no help desk to hear from.
first_tickets as (
    select min(month_number) as first_month_number from tickets
)

select
    account_months.account_id,
    {{ month_start('account_months.month_number') }} as month,
    account_months.month_number < {{ as_of_month() }} as is_complete,
    {{ month_start('account_months.cohort_month_number') }} as cohort_month,
    cast(account_months.month_number - account_months.cohort_month_number as bigint) as months_since_cohort,
    account_months.opening_plan_id,
    account_months.plan_id,
    {%- for measure in [
        'opening_mrr', 'new_mrr', 'expansion_mrr', 'contraction_mrr', 'churn_mrr', 'reactivation_mrr', 'transfer_mrr',
        'fx_impact_mrr', 'closing_mrr', 'net_new_mrr', 'net_expansion_mrr', 'net_contraction_mrr', 'net_churn_mrr',
        'net_reactivation_mrr', 'committed_mrr', 'at_risk_mrr', 'usage_mrr', 'opening_mrr_constant',
        'closing_mrr_constant', 'lowest_mrr'
    ] %}
    cast(account_months.{{ measure }} as decimal(18, 4)) as {{ measure }},
    {%- endfor %}
    account_months.net_movement_type,
    account_months.churn_kind,
    account_months.churn_reason,
    account_months.was_customer as is_customer_at_open,
    account_months.is_customer as is_customer_at_close,
    account_months.is_new_and_churned,
    answers.nps_score_latest,
    answers.csat_rate,
    case
        when account_months.month_number >= first_tickets.first_month_number
            then coalesce(cast(tickets.tickets_opened as bigint), 0)
    end as tickets_opened,
    tickets.median_first_reply_minutes,
    tickets.median_full_resolution_minutes,
    cast(usage_months.active_users as bigint) as active_users,
    usage_months.seats_paid,
    {{ rate('usage_months.active_users', 'usage_months.seats_paid') }} as seat_utilisation,
    case when account_months.is_customer then health_weeks.health_score end as health_score,
    case when account_months.is_customer then health_weeks.health_band end as health_band
from account_months
cross join first_tickets
{%- for voice in ['answers', 'tickets', 'usage_months'] %}
left join {{ voice }}
    on
        account_months.account_id = {{ voice }}.account_id
        and account_months.month_number = {{ voice }}.month_number
{%- endfor %}
left join health_weeks
    on
        account_months.account_id = health_weeks.account_id
        and {{ closing_week('account_months.month_number') }} = health_weeks.week_number
