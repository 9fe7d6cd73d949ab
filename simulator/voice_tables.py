"""Landing tables of what customers say and do: tickets, product usage, milestones, opportunities, calls."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import numpy as np

from simulator import catalog as c
from simulator import desk as d
from simulator import sales as s
from simulator import wording as w
from simulator.behaviour import Behaviour
from simulator.clock import DAY_SECONDS, NEVER, Calendar
from simulator.company import Accounts
from simulator.expressions import (
    ORDER,
    account_id,
    array,
    code,
    contact_id,
    create,
    date_of,
    instant,
    money,
    word,
)
from simulator.onboarding import MILESTONES
from simulator.runs import repeat
from simulator.usage import EVENT_NAMES, Events
from simulator.voices import Voices

USAGE_NUMBERS = "usage_numbers"
"""Table with the numbers behind the view usage_events, which has too many rows for a table of texts."""


def make_voice_tables(connection: duckdb.DuckDBPyConnection, voices: Voices) -> None:
    """Create one table per landing object. The tables of accounts, contacts and surveys are there already."""
    _tickets(connection, voices.desk)
    _usage_events(connection, voices.usage)
    _seats(connection, voices.seats)
    _milestones(connection, voices.milestones)
    _opportunities(connection, voices.opportunities)
    _calls(connection, voices.calls)


def ticket_id(number: str) -> str:
    return f"printf('T-%07d', {number} + 1)"


def _tickets(connection: duckdb.DuckDBPyConnection, desk: Iterable[d.Desk]) -> None:
    subjects = array([list(group) for group in w.SUBJECTS])
    ticket = f"""
        select
            {ORDER},
            {ticket_id("ticket")} as ticket_id,
            {account_id("account")} as account_id,
            email as requester_email,
            {subjects}[category + 1][ticket * 7 % len({subjects}[category + 1]) + 1] as subject,
            {code(d.CHANNELS, "channel")} as channel,
            {code(d.PRIORITIES, "priority")} as priority,
            {code(d.CATEGORIES, "category")} as category,
            {code(d.STATUSES, "status")} as status,
            {word(w.AGENTS, "agent")} as assignee_name,
            {instant("created")} as created_at,
            {instant("replied")} as first_replied_at,
            {instant("solved_first")} as first_solved_at,
            {instant("solved")} as solved_at,
            reopens,
            replies as agent_replies,
            case when replies > 0 then (minutes * 0.1::decimal(2, 1))::decimal(18, 1) end as handle_minutes,
            escalated = 1 as is_escalated,
            false as is_spam,
            null::varchar as merged_into_ticket_id,
            {instant("updated")} as updated_at,
            false as is_deleted,
            survey
        from numbers
        left join (select {ORDER} as contact_number, email from contacts) on contact_number = contact
        order by {ORDER}
    """
    event = f"""
        select
            {ORDER},
            printf('V-%08d', {ORDER} + 1) as event_id,
            {ticket_id("ticket")} as ticket_id,
            {instant("moment")} as occurred_at,
            {code(d.EVENT_TYPES, "type")} as event_type,
            case when status >= 0 then {code(d.STATUSES, "status")} end as status,
            {code(d.AUTHOR_KINDS, "author")} as author_kind,
            case author
                when {d.AGENT} then printf('agent-%02d', agent + 1)
                when {d.REQUESTER} then {contact_id("contact")}
                else 'trigger'
            end as author_id
        from numbers
    """
    tickets = events = 0
    for part in desk:
        tickets = create(connection, "tickets", part.tickets, ticket, tickets)
        events = create(connection, "ticket_events", part.events, event, events)
    # A survey after support names its ticket.
    connection.execute(
        f"""
        create or replace table survey_responses as
        select survey_responses.*, tickets.ticket_id
        from survey_responses left join tickets on tickets.survey = survey_responses.{ORDER}
        order by survey_responses.{ORDER}
        """
    )
    connection.execute("alter table tickets drop column survey")


def _usage_events(connection: duckdb.DuckDBPyConnection, usage: Iterable[Events]) -> None:
    types = {"account": np.int32, "seat": np.int32, "contact": np.int32, "name": np.int8, "moment": np.int64}
    select = f"select {', '.join([ORDER, *types])} from numbers"
    none = {name: np.zeros(0, dtype=kind) for name, kind in types.items()}
    first = create(connection, USAGE_NUMBERS, none, select)
    for part in usage:
        columns = {name: part[name].astype(kind) for name, kind in types.items()}
        first = create(connection, USAGE_NUMBERS, columns, select, first)
    connection.execute(
        f"""
        create or replace view usage_events as
        select
            {ORDER},
            printf('E-%09d', {ORDER} + 1) as event_id,
            {account_id("account")} as account_id,
            coalesce(email, printf('U-%06d-%d', account, seat)) as user_id,
            {code(EVENT_NAMES, "name")} as event_name,
            {instant("moment")} as occurred_at
        from {USAGE_NUMBERS}
        left join (select {ORDER} as contact_number, email from contacts) on contact_number = contact
        """
    )


def _seats(connection: duckdb.DuckDBPyConnection, seats: s.Rows) -> None:
    select = f"""
        select {ORDER}, {account_id("account")} as account_id, {date_of("day")} as effective_on,
            seats as seats_paid
        from numbers order by {ORDER}
    """
    create(connection, "seats", seats, select)


def _milestones(connection: duckdb.DuckDBPyConnection, milestones: s.Rows) -> None:
    select = f"""
        select {ORDER}, {account_id("account")} as account_id, {code(MILESTONES, "milestone")} as milestone,
            {date_of("target")} as target_on, {instant("reached")} as reached_at
        from numbers order by {ORDER}
    """
    create(connection, "milestones", milestones, select)


def _opportunities(connection: duckdb.DuckDBPyConnection, opportunities: s.Rows) -> None:
    stages = array([list(group) for group in s.STAGES])
    select = f"""
        select
            {ORDER},
            printf('O-%07d', {ORDER} + 1) as opportunity_id,
            {account_id("account")} as account_id,
            {code(s.OPPORTUNITY_TYPES, "type")} as opportunity_type,
            {money("amount")} as amount,
            {code(c.CURRENCIES, "currency")} as currency,
            {stages}[outcome + 1][stage % len({stages}[outcome + 1]) + 1] as stage,
            outcome = {s.WON} as is_won,
            outcome > {s.IS_OPEN} as is_closed,
            {instant("created")} as created_at,
            {instant("closed")} as closed_at,
            {instant(f"case when outcome > {s.IS_OPEN} then closed else created end")} as updated_at,
            false as is_deleted
        from numbers order by {ORDER}
    """
    create(connection, "opportunities", opportunities, select)


def _calls(connection: duckdb.DuckDBPyConnection, calls: s.Rows) -> None:
    select = f"""
        select
            {ORDER},
            printf('M-%07d', {ORDER} + 1) as call_id,
            {account_id("account")} as account_id,
            {instant("held")} as held_at,
            minutes::decimal(18, 0) as minutes,
            {code(s.CALL_KINDS, "kind")} as kind,
            case when note < 10 then {word(w.CALL_NOTES, "note")} end as summary
        from numbers order by {ORDER}
    """
    create(connection, "calls", calls, select)


def make_true_voices(
    connection: duckdb.DuckDBPyConnection,
    accounts: Accounts,
    behaviour: Behaviour,
    calendar: Calendar,
    usage_months: int,
) -> None:
    """Create `truth_voices`: a row per account and month with paid service, without internal accounts.

    Of two stays in a month, the later counts. Active users are null before the first month with usage.
    """
    stays, edges = behaviour.stays, calendar.boundaries
    first = np.searchsorted(edges, stays.start, side="right") - 1
    after = np.searchsorted(edges, np.minimum(stays.end, edges[-1]), side="left")
    stay, number = repeat(after - first)
    month, account = first[stay] + number, stays.account[stay]
    kept = ~accounts.is_internal[account]
    kept[:-1] &= (account[:-1] != account[1:]) | (month[:-1] != month[1:])
    stay, month, account = stay[kept], month[kept], account[kept]
    slips = behaviour.slips < behaviour.decided
    columns = {
        "account": account,
        "month": calendar.month_starts[month],
        "mood": np.rint(accounts.satisfaction[account, month // 3] * 10_000).astype(np.int64),
        "leaves": np.where(stays.end < NEVER, stays.end // DAY_SECONDS, -1)[stay],
        "kind": behaviour.kind[stay],
        "slips": np.where(slips, behaviour.slips // DAY_SECONDS, -1)[stay],
        "is_silent": behaviour.is_silent[stay],
    }
    tracked = calendar.month_starts[max(0, calendar.months - usage_months)]
    select = f"""
        with truth as (
            select *, {account_id("account")} as account_id, {date_of("month")} as month_on from numbers
        ),
        opened as (
            select account_id, date_trunc('month', created_at)::date as month_on, count(*) as tickets
            from tickets group by all
        ),
        used as (
            select account, date_trunc('month', {instant("moment")})::date as month_on,
                count(distinct seat) as users
            from {USAGE_NUMBERS} group by all
        )
        select
            account_id,
            month_on as month,
            mood / 10000 as satisfaction,
            coalesce(tickets, 0) as tickets_opened,
            case when month >= {tracked} then coalesce(users, 0) end as active_users,
            case when slips >= 0 then {date_of("slips")} end as usage_slips_on,
            case when leaves >= 0 then {date_of("leaves")} end as will_churn_on,
            nullif({code(c.CHURN_KINDS, "kind")}, '') as churn_kind,
            is_silent as leaves_silently
        from truth
        left join opened using (account_id, month_on)
        left join used using (account, month_on)
        order by {ORDER}
    """
    create(connection, "truth_voices", columns, select)
