-- one row per account
with accounts as (
    select * from {{ ref('dim_accounts') }}
),

movements as (
    select
        account_id,
        {{ last_by('movement_type', 'movement_number') }} as last_movement_type,
        {{ last_by('mrr_change', 'movement_number') }} as last_movement_mrr,
        max(occurred_on) as last_movement_on,
        {{ last_by(
            'case when ' ~ days_between('occurred_on', as_of_day()) ~ ' >= 90 then mrr_after end', 'movement_number'
        ) }} as mrr_90d_ago
    from {{ ref('fct_mrr_movements') }}
    group by account_id
),

ranked_renewals as (
    select
        *,
        row_number() over (partition by account_id order by due_on) as due_rank
    from {{ ref('renewals') }}
    where outcome = 'open'
),

renewals as (
    select * from ranked_renewals
    where due_rank = 1
),

health_weeks as (
    select
        *,
        row_number() over (partition by account_id order by week desc) as recency_rank
    from {{ ref('fct_account_health') }}
),

health as (
    select * from health_weeks
    where recency_rank = 1
),

-- The measures of the current week. A former customer has none.
measures as (
    select * from {{ ref('int_health__weeks') }}
    where week_number = {{ as_of_week() }}
),

reasons as (
    select * from {{ ref('int_health__reasons') }}
),

actions as (
    select * from {{ ref('int_health__actions') }}
),

answers as (
    select * from {{ ref('int_sentiment__accounts') }}
),

tickets as (
    select * from {{ ref('int_support__accounts') }}
),

-- Without a ticket of any account there is no help desk to hear from.
help_desk as (
    select count(*) as accounts from tickets
),

usage_totals as (
    select
        account_id,
        max(last_active_on) as last_active_on
    from {{ ref('int_usage__weeks') }}
    group by account_id
),

onboarding as (
    select * from {{ ref('int_onboarding__accounts') }}
),

calls as (
    select * from {{ ref('int_calls__accounts') }}
)

select
    accounts.account_id
    {%- for column in [
        'account_name', 'domain', 'segment', 'industry', 'country', 'owner_name', 'status', 'current_plan',
        'current_plan_name', 'first_paid_on', 'churned_on', 'tenure_months', 'current_mrr', 'current_arr'
    ] %},
    accounts.{{ column }}
    {%- endfor %},
    cast(accounts.current_mrr - coalesce(movements.mrr_90d_ago, 0) as decimal(18, 4)) as mrr_change_90d,
    movements.last_movement_type,
    movements.last_movement_mrr,
    movements.last_movement_on,
    renewals.due_on as next_renewal_on,
    renewals.days_to_renewal,
    renewals.due_amount as renewal_amount,
    renewals.likelihood as renewal_likelihood,
    health.week as health_week,
    health.health_score,
    health.health_band,
    health.trend_30d as health_trend_30d,
    reasons.health_reasons,
    health.risk_signals,
    health.expansion_signals,
    answers.last_nps_score,
    answers.last_nps_category,
    answers.last_nps_on,
    measures.csat as csat_rate,
    case when help_desk.accounts > 0 then cast(coalesce(tickets.open_tickets, 0) as bigint) end as open_tickets,
    case when help_desk.accounts > 0 then cast(coalesce(tickets.open_escalations, 0) as bigint) end
        as open_escalations,
    tickets.oldest_open_ticket_on,
    tickets.last_ticket_on,
    measures.active_users,
    measures.seat_utilisation,
    measures.usage_trend,
    usage_totals.last_active_on,
    onboarding.activated_on,
    cast(onboarding.days_to_value as bigint) as days_to_value,
    onboarding.onboarded_on,
    cast(onboarding.late_milestones as bigint) as late_milestones,
    cast(measures.past_due as bigint) as past_due_charges,
    calls.last_call_on,
    calls.last_qbr_on,
    cast(coalesce(calls.calls_90d, 0) as bigint) as calls_90d,
    cast(coalesce(actions.risk_alerts, 0) as bigint) as risk_alerts,
    cast(coalesce(actions.expansion_alerts, 0) as bigint) as expansion_alerts,
    actions.next_signal,
    actions.next_action
from accounts
cross join help_desk
{%- for voice in [
    'movements', 'renewals', 'health', 'measures', 'reasons', 'actions', 'answers', 'tickets', 'usage_totals',
    'onboarding', 'calls'
] %}
left join {{ voice }} on accounts.account_id = {{ voice }}.account_id
{%- endfor %}
