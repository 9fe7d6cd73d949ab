"""Tickets of the simulated company: their history, the hours of the agents, and the surveys that follow."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from simulator.clock import calendar
from simulator.office import make_office
from tests.unit.simulated import one_value


def test_what_happens_to_a_ticket_is_in_order(database: duckdb.DuckDBPyConnection) -> None:
    wrong = one_value(
        database,
        """select count(*) from tickets where first_replied_at <= created_at or first_solved_at <= created_at
            or solved_at < first_solved_at or reopens = 0 and solved_at <> first_solved_at
            or (status in ('solved', 'closed')) <> (solved_at is not null) and reopens = 0
            or (agent_replies > 0) <> (first_replied_at is not null) or handle_minutes <= 0""",
    )
    assert wrong == 0
    wrong = one_value(
        database,
        """select count(*) from ticket_events left join tickets using (ticket_id)
            where tickets.ticket_id is null or occurred_at < created_at or occurred_at > updated_at""",
    )
    assert wrong == 0
    # Without the events, the ticket would say the same.
    wrong = one_value(
        database,
        """with history as (
            select ticket_id, min(occurred_at) as first_at,
                max_by(e.status, (occurred_at, event_id)) filter (event_type = 'status') as last_status,
                min(occurred_at) filter (e.status = 'solved') as first_solved,
                max(occurred_at) filter (e.status = 'solved') as last_solved,
                min(occurred_at) filter (event_type = 'public_comment' and author_kind = 'agent'
                    and occurred_at > created_at) as first_reply
            from ticket_events as e join tickets using (ticket_id) group by all
        )
        select count(*) from tickets left join history using (ticket_id)
        where first_at is distinct from created_at or last_status is distinct from tickets.status
            or first_solved is distinct from first_solved_at or last_solved is distinct from solved_at
            or first_reply is distinct from first_replied_at""",
    )
    assert wrong == 0


def test_the_help_desk_has_every_trap(database: duckdb.DuckDBPyConnection) -> None:
    for feature in (
        "author_kind = 'automation' and event_type = 'public_comment'",
        "event_type = 'private_comment' and occurred_at < first_replied_at",
        "event_type = 'public_comment' and author_kind = 'agent' and occurred_at = created_at",
        "status = 'pending'",
        "status = 'on_hold'",
        "event_type = 'assignment'",
    ):
        found = f"select count(*) from ticket_events as e join tickets using (ticket_id) where e.{feature}"
        assert one_value(database, found) > 50, feature
    assert (
        one_value(database, "select count(*) from tickets where agent_replies = 0 and status = 'closed'") > 50
    )
    assert one_value(database, "select count(*) from tickets where status not in ('solved', 'closed')") > 50
    reopened = "select avg((reopens > 0)::int) from tickets where solved_at is not null"
    assert 0.06 < one_value(database, reopened) < 0.08
    medians = database.execute(
        """select priority, median(date_diff('minute', created_at, first_replied_at)) from tickets
            group by 1 order by 2"""
    ).fetchall()
    assert [priority for priority, _ in medians] == ["urgent", "high", "normal", "low"]


def test_agents_work_in_office_hours(database: duckdb.DuckDBPyConnection) -> None:
    """Also in the weeks after a change of the clock. Only a survey that was sent too early hurries them."""
    zone = ZoneInfo("Europe/Berlin")
    replies = database.execute(
        """select occurred_at from ticket_events join tickets using (ticket_id)
            where event_type = 'public_comment' and author_kind = 'agent' and occurred_at > created_at"""
    ).fetchall()
    local = [at.replace(tzinfo=UTC).astimezone(zone) for (at,) in replies]
    outside = sum(not (at.weekday() < 5 and 9 <= at.hour < 17) for at in local)
    assert len(local) > 10_000
    assert outside < 0.002 * len(local)


def test_working_time_counts_the_minutes_of_open_days() -> None:
    office = make_office(calendar(4, datetime(2024, 5, 1, tzinfo=UTC).date()))

    def second(text: str) -> int:
        return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())

    # Friday before the clock changes, 16:30 in Berlin; Monday after it, 09:30; Good Friday is a working day.
    begin, end = second("2024-03-29T16:30:00+01:00"), second("2024-04-01T09:30:00+02:00")
    first, last = office.worked(np.array([begin, end]))
    assert last - first == 3600
    assert office.second(np.array([first, last])).tolist() == [begin, end]
    closed, opens = second("2024-03-30T12:00:00+01:00"), second("2024-04-01T09:00:00+02:00")
    assert office.second(office.worked(np.array([closed]))).tolist() == [opens]
    holiday = office.worked(
        np.array([second("2024-04-30T17:00:00+02:00"), second("2024-05-02T09:00:00+02:00")])
    )
    assert holiday[0] == holiday[1]


def test_every_survey_after_support_follows_a_solved_ticket(database: duckdb.DuckDBPyConnection) -> None:
    asked, wrong, stray = database.execute(
        """select count(*) filter (touchpoint = 'support'),
            count(*) filter (touchpoint = 'support' and (t.ticket_id is null or not solved_at < sent_at
                or t.account_id <> s.account_id or requester_email <> respondent_email or reopens > 0)),
            count(*) filter (touchpoint <> 'support' and s.ticket_id is not null)
        from survey_responses as s left join tickets as t using (ticket_id)"""
    ).fetchall()[0]
    assert asked > 800
    assert wrong <= 1
    assert stray == 0
    waits = """select quantile_cont(date_diff('hour', solved_at, sent_at), 0.9)
        from survey_responses join tickets using (ticket_id)"""
    assert one_value(database, waits) < 72
