"""The timeline of an account: each voice becomes points and bars, and a run of weeks is one bar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from orchestration.report.parts.timeline import LANES, MRR, SOURCES, TIMELINE, timeline

TABLES = {
    "dim_accounts": "account_id varchar, current_mrr decimal(18, 4)",
    "fct_mrr_movements": "account_id varchar, occurred_on date, movement_type varchar,"
    " movement_subtype varchar, mrr_change decimal(18, 4), mrr_after decimal(18, 4)",
    "renewals": "account_id varchar, due_on date, outcome varchar",
    "fct_survey_responses": "account_id varchar, responded_at timestamp, survey_type varchar,"
    " score decimal(9, 4), scale_max bigint, nps_category varchar, is_satisfied boolean,"
    " touchpoint varchar, is_counted boolean",
    "fct_tickets": "account_id varchar, created_at timestamp, solved_at timestamp, is_escalated boolean,"
    " reopens bigint",
    "fct_usage_weeks": "account_id varchar, week date, is_customer boolean, is_complete boolean,"
    " active_days bigint, is_slipping boolean",
    "fct_account_health": "account_id varchar, week date, health_band varchar, health_score decimal(7, 4)",
    "fct_account_events": "account_id varchar, occurred_on date, event_kind varchar, event_name varchar,"
    " events bigint, seats_paid bigint, days_late bigint",
    "cs_alerts": "account_id varchar, since date, signal varchar, severity varchar, evidence varchar",
}
AS_OF = date(2024, 3, 10)


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name, columns in TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        yield connection


def events(marts: duckdb.DuckDBPyConnection, voice: str) -> list[tuple[Any, ...]]:
    """Day, end, kind, tone and text of the events of a voice."""
    found = marts.execute(TIMELINE, [AS_OF, ["a"]]).fetchall()
    assert {row[0] for row in found} <= {"a"}
    return [(row[1], row[2], row[4], row[5], row[7]) for row in found if row[3] == voice]


def test_a_run_of_weeks_is_one_bar(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into fct_usage_weeks values"
        " ('a', '2024-01-01', true, true, 5, true), ('a', '2024-01-08', true, true, 5, true),"
        " ('a', '2024-01-15', true, true, 5, false), ('a', '2024-01-22', true, true, 5, true),"
        " ('a', '2024-01-29', true, true, 0, true), ('a', '2024-02-05', false, true, 0, false),"
        " ('a', '2024-03-04', true, false, 0, false), ('b', '2024-01-01', true, true, 0, false)"
    )
    assert events(marts, "Usage") == [
        (date(2024, 1, 1), date(2024, 1, 15), "usage slips", "watch", "2 weeks"),
        (date(2024, 1, 22), date(2024, 1, 29), "usage slips", "watch", "1 week"),
        (date(2024, 1, 29), date(2024, 2, 5), "no use", "bad", "1 week"),
    ]


def test_a_band_of_health_lasts_until_it_changes_or_as_of(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into fct_account_health values ('a', '2024-02-12', 'green', 90),"
        " ('a', '2024-02-19', 'red', 40), ('a', '2024-02-26', 'red', 44.6), ('a', '2024-03-04', null, null)"
    )
    assert events(marts, "Health") == [
        (date(2024, 2, 12), date(2024, 2, 19), "green", "good", "score 90"),
        (date(2024, 2, 19), date(2024, 3, 4), "red", "bad", "score 40 to 45"),
        (date(2024, 3, 4), date(2024, 3, 11), "unknown", "neutral", None),
    ]


def test_tickets_are_counted_by_week(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute(
        "insert into fct_tickets values ('a', '2024-02-05 10:00', '2024-02-13 10:00', null, null),"
        " ('a', '2024-02-11 23:00', '2024-02-11 23:30', true, 2), ('b', '2024-02-05 10:00', null, true, 1)"
    )
    assert events(marts, "Tickets") == [
        (date(2024, 2, 5), None, "tickets of the week", "bad", "2 opened, 1 solved, 1 escalated, 2 reopened"),
        (date(2024, 2, 12), None, "tickets of the week", "neutral", "1 solved"),
    ]


def test_every_voice_says_whether_it_is_good_news(marts: duckdb.DuckDBPyConnection) -> None:
    marts.execute("insert into dim_accounts values ('a', 120)")
    marts.execute(
        "insert into fct_mrr_movements values ('a', '2024-01-02', 'new', null, 100, 100),"
        " ('a', '2024-02-01', 'fx_impact', null, 20, 120),"
        " ('a', '2024-03-01', 'contraction', 'price', -5, 115)"
    )
    marts.execute(
        "insert into renewals values ('a', '2024-06-08', 'open'), ('a', '2024-06-09', 'open'),"
        " ('a', '2024-01-05', 'lost')"
    )
    marts.execute(
        "insert into fct_survey_responses values"
        " ('a', '2024-01-03', 'nps', 3, 10, 'detractor', null, null, true),"
        " ('a', '2024-01-04', 'csat', 5, 5, null, true, 'support', true),"
        " ('a', '2024-01-05', 'nps', 8, 10, 'passive', null, null, true),"
        " ('a', '2024-01-06', 'nps', 3, 10, 'detractor', null, null, false)"
    )
    marts.execute(
        "insert into fct_account_events values"
        " ('a', '2024-01-02', 'seats', 'seats', 1, 5, null),"
        " ('a', '2024-01-09', 'seats', 'seats', 1, 3, null),"
        " ('a', '2024-01-10', 'milestone_reached', 'kickoff', 1, null, 4),"
        " ('a', '2024-01-11', 'milestone_missed', 'go_live', 1, null, 59),"
        " ('a', '2024-01-12', 'milestone_reached', 'first_value', 1, null, -2),"
        " ('a', '2024-01-15', 'call', 'check_in', 2, null, null)"
    )
    marts.execute("insert into cs_alerts values ('a', '2024-02-05', 'no_login', 'high', '30 days')")
    found = {voice: [row[2:] for row in events(marts, voice)] for voice in (MRR, *LANES)}
    assert found[MRR] == [
        ("balance", "neutral", None),
        ("new", "good", "+100"),
        ("balance", "neutral", None),
        ("balance", "neutral", None),
        ("contraction", "watch", "-5 price"),
        ("balance", "neutral", None),
    ]
    assert found["Contract"] == [("renewal", "bad", "lost"), ("renewal", "neutral", "open")]
    assert found["Surveys"] == [
        ("nps", "bad", "3 of 10"),
        ("csat", "good", "5 of 5, support"),
        ("nps", "neutral", "8 of 10"),
    ]
    assert found["Seats"] == [("seats", "neutral", "5 paid"), ("seats", "watch", "3 paid")]
    assert found["Onboarding"] == [
        ("milestone reached", "watch", "kickoff, 4 days late"),
        ("milestone missed", "bad", "go live, 59 days late"),
        ("milestone reached", "good", "first value"),
    ]
    assert found["Calls"] == [("call", "neutral", "check in, 2 times")]
    assert events(marts, "Alerts") == [(date(2024, 2, 5), date(2024, 3, 11), "no login", "bad", "30 days")]


def test_the_chart_has_a_lane_for_every_voice() -> None:
    lanes = [
        layer["encoding"]["y"]["scale"]["domain"]
        for layer in timeline("EUR")["layer"][1]["layer"]
        if layer["encoding"]["y"]["field"] == "voice"
    ]
    assert lanes == [list(LANES), list(LANES)]
    assert {source.split(".")[0] for source in SOURCES} == set(TABLES)
