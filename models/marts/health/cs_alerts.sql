-- one row per customer and signal that is on in its last week
with health_weeks as (
    select
        *,
        {{ week_number('week') }} as week_number
    from {{ ref('fct_account_health') }}
),

customers as (
    select * from {{ ref('dim_accounts') }}
    where status = 'active'
),

latest_weeks as (
    select
        health.*,
        scores.detractors
        {%- for column in [
            'escalations', 'reopens', 'renewals_ahead', 'open_expansions', 'seat_utilisation', 'inactive_days',
            'decision_maker_inactive_days', 'past_due', 'usage_trend', 'nps'
        ] %},
        scores.{{ column }}
        {%- endfor %}
    from health_weeks as health
    inner join {{ ref('int_health__weeks') }} as scores
        on health.account_id = scores.account_id and health.week_number = scores.week_number
    where health.week_number = {{ as_of_week() }}
),

signal_weeks as (
    select
        account_id,
        week_number,
        {{ expand_list('risk_signals') }} as signal
    from health_weeks
    where risk_signals is not null
    union all
    select
        account_id,
        week_number,
        {{ expand_list('expansion_signals') }} as signal
    from health_weeks
    where expansion_signals is not null
),

-- Weeks of an unbroken run have the same difference from their rank.
ranked_weeks as (
    select
        *,
        week_number - row_number() over (partition by account_id, signal order by week_number) as run_number
    from signal_weeks
),

runs as (
    select
        account_id,
        signal,
        min(week_number) as first_week_number
    from ranked_weeks
    group by account_id, signal, run_number
    having max(week_number) = {{ as_of_week() }}
),

plays as (
    select * from {{ ref('alert_plays') }}
)

select
    runs.account_id,
    runs.signal,
    case runs.signal
        {%- for name, kind, value, comparison, evidence in health_signals() %}
        when '{{ name }}' then '{{ kind }}'
        {%- endfor %}
    end as kind,
    plays.severity,
    cast(row_number() over (
        partition by runs.account_id
        order by
            case plays.severity when 'high' then 1 when 'medium' then 2 else 3 end,
            runs.first_week_number,
            runs.signal
    ) as bigint) as priority,
    {{ week_start('runs.first_week_number') }} as since,
    case runs.signal
        {%- for name, kind, value, comparison, evidence in health_signals() %}
        when '{{ name }}' then {{ evidence }}
        {%- endfor %}
    end as evidence,
    customers.current_mrr as mrr_at_stake,
    plays.suggested_play
from runs
inner join latest_weeks on runs.account_id = latest_weeks.account_id
inner join customers on runs.account_id = customers.account_id
inner join plays on runs.signal = plays.signal
