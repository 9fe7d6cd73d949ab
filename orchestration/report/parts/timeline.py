"""What happened with an account, by the voice that says it: money, surveys, tickets, usage and health."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.charts import (
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    base,
    colours,
    months,
    specification,
    tip,
)

LANES = ("Contract", "Surveys", "Tickets", "Usage", "Seats", "Onboarding", "Calls", "Health", "Alerts")
"""The voices below the MRR, from top to bottom."""

MRR = "MRR"
"""The voice of the balances, which the line shows."""

SOURCES = (
    "fct_mrr_movements.mrr_after",
    "dim_accounts.current_mrr",
    "renewals.outcome",
    "fct_survey_responses.score",
    "fct_tickets.created_at",
    "fct_usage_weeks.is_slipping",
    "fct_account_events.event_kind",
    "fct_account_health.health_band",
    "cs_alerts.signal",
)

TIMELINE = """
with as_of as (
    select ?::date as day
),

balances as (
    select account_id, occurred_on as day, 'MRR' as voice, 'balance' as kind, mrr_after as mrr
    from fct_mrr_movements
    union all
    select account_id, as_of.day, 'MRR', 'balance', current_mrr
    from dim_accounts
    cross join as_of
),

movements as (
    select
        account_id, occurred_on as day, 'MRR' as voice, replace(movement_type, '_', ' ') as kind,
        case
            when movement_type in ('new', 'expansion', 'reactivation') then 'good'
            when movement_type = 'churn' then 'bad'
            else 'watch'
        end as tone,
        mrr_after as mrr,
        printf('%+.0f', mrr_change::double) || coalesce(' ' || movement_subtype, '') as text
    from fct_mrr_movements
    where movement_type <> 'fx_impact'
),

due as (
    select
        account_id, due_on as day, 'Contract' as voice, 'renewal' as kind,
        case
            when outcome in ('renewed', 'upsold') then 'good'
            when outcome = 'downsold' then 'watch'
            when outcome = 'lost' then 'bad'
        end as tone,
        outcome as text
    from renewals
    where due_on <= (select day from as_of) + 90
),

answers as (
    select
        account_id, responded_at::date as day, 'Surveys' as voice, survey_type as kind,
        case
            when nps_category = 'promoter' or is_satisfied then 'good'
            when nps_category = 'detractor' or not is_satisfied then 'bad'
        end as tone,
        printf('%g of %d', score::double, scale_max) || coalesce(', ' || touchpoint, '') as text
    from fct_survey_responses
    where is_counted
),

ticket_counts as (
    select
        account_id, date_trunc('week', created_at)::date as day, 1 as opened, 0 as solved,
        coalesce(is_escalated, false)::int as escalated, coalesce(reopens, 0) as reopened
    from fct_tickets
    union all
    select account_id, date_trunc('week', solved_at)::date, 0, 1, 0, 0
    from fct_tickets
    where solved_at is not null
),

tickets as (
    select
        account_id, day, 'Tickets' as voice, 'tickets of the week' as kind,
        case when sum(escalated + reopened) > 0 then 'bad' end as tone,
        concat_ws(
            ', ',
            case when sum(opened) > 0 then sum(opened) || ' opened' end,
            case when sum(solved) > 0 then sum(solved) || ' solved' end,
            case when sum(escalated) > 0 then sum(escalated) || ' escalated' end,
            case when sum(reopened) > 0 then sum(reopened) || ' reopened' end
        ) as text
    from ticket_counts
    group by account_id, day
),

usage_weeks as (
    select
        account_id, week,
        case when active_days = 0 then 'no use' when is_slipping then 'usage slips' end as kind
    from fct_usage_weeks
    where is_customer and is_complete
),

band_weeks as (
    select account_id, week, coalesce(health_band, 'unknown') as kind, health_score
    from fct_account_health
),

-- Weeks of an unbroken run have the same difference from their rank.
usage as (
    select
        account_id, min(week) as day, max(week) + 7 as until, 'Usage' as voice, kind,
        if(kind = 'no use', 'bad', 'watch') as tone, count(*) || if(count(*) = 1, ' week', ' weeks') as text
    from (
        select *, week - 7 * row_number() over (partition by account_id, kind order by week)::int as run
        from usage_weeks
        where kind is not null
    )
    group by account_id, kind, run
),

health as (
    select
        account_id, min(week) as day, least(max(week) + 7, (select day from as_of) + 1) as until,
        'Health' as voice, kind,
        case kind when 'green' then 'good' when 'yellow' then 'watch' when 'red' then 'bad' end as tone,
        'score ' || printf('%.0f', min(health_score)::double)
            || if(min(health_score) < max(health_score), printf(' to %.0f', max(health_score)::double), '')
            as text
    from (
        select *, week - 7 * row_number() over (partition by account_id, kind order by week)::int as run
        from band_weeks
    )
    group by account_id, kind, run
),

seats as (
    select
        account_id, occurred_on as day, 'Seats' as voice, 'seats' as kind,
        case
            when seats_paid > lag(seats_paid) over account then 'good'
            when seats_paid < lag(seats_paid) over account then 'watch'
        end as tone,
        seats_paid || ' paid' as text
    from fct_account_events
    where event_kind = 'seats'
    window account as (partition by account_id order by occurred_on)
),

milestones as (
    select
        account_id, occurred_on as day, 'Onboarding' as voice, replace(event_kind, '_', ' ') as kind,
        case
            when event_kind = 'milestone_missed' then 'bad'
            when days_late > 0 then 'watch'
            else 'good'
        end as tone,
        replace(event_name, '_', ' ') || if(days_late > 0, ', ' || days_late || ' days late', '') as text
    from fct_account_events
    where event_kind like 'milestone%'
),

calls as (
    select
        account_id, occurred_on as day, 'Calls' as voice, 'call' as kind,
        replace(event_name, '_', ' ') || if(events > 1, ', ' || events || ' times', '') as text
    from fct_account_events
    where event_kind = 'call'
),

alerts as (
    select
        account_id, since as day, (select day from as_of) + 1 as until, 'Alerts' as voice,
        replace(signal, '_', ' ') as kind,
        case severity when 'high' then 'bad' when 'medium' then 'watch' else 'good' end as tone,
        evidence as text
    from cs_alerts
)

select account_id, day, until, voice, kind, coalesce(tone, 'neutral') as tone, mrr, text
from (
    from balances
    union all by name from movements
    union all by name from due
    union all by name from answers
    union all by name from tickets
    union all by name from usage
    union all by name from health
    union all by name from seats
    union all by name from milestones
    union all by name from calls
    union all by name from alerts
)
where list_contains(?, account_id)
order by account_id, day, voice, kind, text
"""
"""The rows of the timeline by account. It takes the day of `as_of` and the ids of the accounts."""

_TONES = {"good": GREEN, "watch": BROWN, "bad": ORANGE, "neutral": GREY}
_MRR_HEIGHT, _GAP, _LANE_HEIGHT = 180, 26, 24


@cache
def timeline(currency: str) -> dict[str, Any]:
    """Return the chart: MRR with its movements, and a lane for each voice below it."""
    height = _MRR_HEIGHT + _GAP + _LANE_HEIGHT * len(LANES)
    x = months("day").scale(padding=8)
    tone = alt.Color("tone:N", scale=colours(_TONES), legend=alt.Legend())
    tips = [
        alt.Tooltip("day:T", title="Day", format="%Y-%m-%d"),
        alt.Tooltip("until:T", title="Until", format="%Y-%m-%d"),
        tip("voice", "Voice"),
        tip("kind", "Event"),
        tip("text", "Detail"),
    ]
    amount = alt.Y(
        "mrr:Q",
        title=f"MRR, {currency}",
        scale=alt.Scale(range=[_MRR_HEIGHT, 0]),
        axis=alt.Axis(format="~s", tickCount=4),
    )
    money = base().transform_filter("datum.voice === 'MRR'")
    line = (
        money.transform_filter("datum.kind === 'balance'")
        .mark_line(interpolate="step-after", color=GREY)
        .encode(x=x, y=amount)
    )
    movements = (
        money.transform_filter("datum.kind !== 'balance'")
        .mark_point(size=60)
        .encode(x=x, y=amount, color=tone, tooltip=tips)
    )
    lane = alt.Y(
        "voice:N",
        title=None,
        scale=alt.Scale(type="point", domain=list(LANES), range=[_MRR_HEIGHT + _GAP, height], padding=0.5),
        axis=alt.Axis(orient="left", domain=False, ticks=False, grid=True),
    )
    voices = base().transform_filter("datum.voice !== 'MRR'")
    spans = (
        voices.transform_filter("isValid(datum.until)")
        .mark_rule(strokeWidth=9, opacity=0.75)
        .encode(x=x, x2="until:T", y=lane, color=tone, tooltip=tips)
    )
    points = (
        voices.transform_filter("!isValid(datum.until)")
        .mark_point(size=60)
        .encode(x=x, y=lane, color=tone, tooltip=tips)
    )
    both = alt.layer(alt.layer(line, movements), alt.layer(spans, points)).resolve_scale(y="independent")
    return specification(both, height=height)
