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

renewals as (
    select
        *,
        due_on as next_renewal_on,
        due_amount as renewal_amount,
        likelihood as renewal_likelihood
    from {{ ref('renewals') }}
    where is_next
),

health as (
    select
        *,
        week as health_week,
        trend_30d as health_trend_30d
    from {{ ref('fct_account_health') }}
    where is_latest
),

-- The measures of the current week. A former customer has none.
measures as (
    select
        *,
        csat as csat_rate
    from {{ ref('int_health__weeks') }}
    where week_number = {{ as_of_week() }}
),

losses as (
    select
        *,
        row_number() over (
            partition by account_id, week
            order by weight * (100 - score) desc, measure
        ) as loss_rank
    from {{ ref('fct_health_measures') }}
    where score < 100
),

reasons as (
    select
        account_id,
        week,
        max(case when loss_rank = 1 then measure end)
        || coalesce(', ' || max(case when loss_rank = 2 then measure end), '')
        || coalesce(', ' || max(case when loss_rank = 3 then measure end), '') as health_reasons
    from losses
    group by account_id, week
),

alerts as (
    select
        account_id,
        cast(sum(case when kind = 'risk' then 1 else 0 end) as bigint) as risk_alerts,
        cast(sum(case when kind = 'expansion' then 1 else 0 end) as bigint) as expansion_alerts,
        max(case when priority = 1 then signal end) as next_signal,
        max(case when priority = 1 then suggested_play end) as next_action
    from {{ ref('cs_alerts') }}
    group by account_id
),

answers as (
    select * from {{ ref('int_sentiment__accounts') }}
),

tickets as (
    select * from {{ ref('int_support__accounts') }}
),

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
        'account_name', 'domain', 'segment', 'industry', 'country', 'owner_name', 'status', 'current_plan', 'current_plan_name',
        'first_paid_on', 'churned_on', 'tenure_months', 'current_mrr', 'current_arr'
    ] %},
    accounts.{{ column }}
    {%- endfor %},
    cast(accounts.current_mrr - coalesce(movements.mrr_90d_ago, 0) as decimal(18, 4)) as mrr_change_90d,
    {%- for column in [
        'movements.last_movement_type', 'movements.last_movement_mrr', 'movements.last_movement_on',
        'renewals.next_renewal_on', 'renewals.days_to_renewal', 'renewals.renewal_amount',
        'renewals.renewal_likelihood', 'health.health_week', 'health.health_score', 'health.health_band',
        'health.health_trend_30d', 'reasons.health_reasons', 'health.risk_signals', 'health.expansion_signals',
        'answers.last_nps_score', 'answers.last_nps_category', 'answers.last_nps_on', 'measures.csat_rate'
    ] %}
    {{ column }},
    {%- endfor %}
    case when help_desk.accounts > 0 then cast(coalesce(tickets.open_tickets, 0) as bigint) end as open_tickets,
    case when help_desk.accounts > 0 then cast(coalesce(tickets.open_escalations, 0) as bigint) end
        as open_escalations,
    {%- for column in [
        'tickets.oldest_open_ticket_on', 'tickets.last_ticket_on', 'measures.active_users', 'measures.seat_utilisation',
        'measures.usage_trend', 'usage_totals.last_active_on', 'onboarding.activated_on', 'onboarding.onboarded_on',
        'calls.last_call_on', 'calls.last_qbr_on', 'alerts.next_signal', 'alerts.next_action'
    ] %}
    {{ column }},
    {%- endfor %}
    cast(onboarding.days_to_value as bigint) as days_to_value,
    cast(onboarding.late_milestones as bigint) as late_milestones,
    cast(measures.past_due as bigint) as past_due_charges,
    {%- for count in ['calls.calls_90d', 'alerts.risk_alerts', 'alerts.expansion_alerts'] %}
    cast(coalesce({{ count }}, 0) as bigint) as {{ count.split('.')[1] }}{{ ',' if not loop.last }}
    {%- endfor %}
from accounts
cross join help_desk
{%- for voice in [
    'movements', 'renewals', 'health', 'measures', 'alerts', 'answers', 'tickets', 'usage_totals', 'onboarding',
    'calls'
] %}
left join {{ voice }} on accounts.account_id = {{ voice }}.account_id
{%- endfor %}
left join reasons on accounts.account_id = reasons.account_id and health.health_week = reasons.week
