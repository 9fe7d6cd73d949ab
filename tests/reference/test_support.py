"""Compares the models of the help desk with the reference, around changes of clocks in several zones."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from orchestration.core.database import connect
from tests.compiled import Landing, Row, Step, compile_models, compile_query, models_on, run_models
from tests.reference.support import TICK, Clock, Desk, expected_months, expected_tickets, nearest_rank

pytestmark = pytest.mark.integration

ZONE = "America/New_York"
TARGETS = ("fct_tickets", "support_monthly", "fct_account_months", "mrr_monthly")
DAYS = 24
"""Length of the stretch of time in which everything happens."""

OFFICE = [(day, "9:00", "17:00") for day in range(1, 6)]
LUNCH = [(day, *hours) for day in range(1, 7) for hours in (("13:30", "18:15"), ("08:00", "12:30"))]
ALWAYS = [(day, "00:00", "24:00") for day in range(1, 8)]
NIGHTS = [(day, *hours) for day in range(1, 8) for hours in (("22:00", "24:00"), ("00:00", "06:00"))]


@dataclass(frozen=True)
class Case:
    start: datetime
    zone: str
    openings: list[tuple[int, str, str]]
    holidays: list[date] = field(default_factory=list)


CASES = {
    "reporting zone, autumn": Case(datetime(2024, 10, 25), "", OFFICE, [date(2024, 10, 31)]),
    "Berlin, spring": Case(
        datetime(2024, 3, 20), "Europe/Berlin", LUNCH, [date(2024, 3, 29), date(2024, 4, 1)]
    ),
    "Santiago, clocks change at midnight": Case(datetime(2024, 3, 26), "America/Santiago", NIGHTS),
    "Beirut, spring at midnight": Case(datetime(2024, 3, 20), "Asia/Beirut", ALWAYS, [date(2024, 3, 31)]),
    "Lord Howe, half an hour": Case(datetime(2024, 3, 28), "Australia/Lord_Howe", ALWAYS),
}


@cache
def steps() -> Sequence[Step]:
    return compile_models({"reporting_timezone": ZONE, "slice_dimensions": ["segment", "plan"]}, TARGETS)


def result(case: Case, desk: Desk) -> dict[str, list[Row]]:
    accounts = ("a1", "smb"), ("a2", "enterprise"), ("a3", "smb")
    landing: Landing = {
        "accounts": [{"account_id": name, "segment": segment} for name, segment in accounts],
        "subscription_periods": [
            {
                **{"subscription_id": name, "account_id": name, "plan_id": plan, "currency": "USD"},
                **{"unit_amount": Decimal(10), "interval": "month", "period_start": "2024-01-01"},
            }
            for name, plan in (("a1", "pro"), ("a2", "pro"))
        ],
        "tickets": desk.tickets,
        "ticket_events": desk.events,
        "survey_responses": desk.answers,
    }
    schedule = [
        {
            "schedule_id": "default",
            "timezone": case.zone or None,
            "weekday": day,
            "opens_at": opens,
            "closes_at": closes,
        }
        for day, opens, closes in case.openings
    ]
    seeds: dict[str, list[Row]] = {
        "support_schedules": [
            *schedule,
            {"schedule_id": "other", "weekday": 7, "opens_at": "1:00", "closes_at": "2:00"},
        ],
        "support_holidays": [
            {"schedule_id": name, "holiday_on": day}
            for name, days in (("default", case.holidays), ("other", [case.start.date()]))
            for day in days
        ],
    }
    return run_models(steps(), landing, desk.as_of, TARGETS, seeds=seeds)


def random_desk(case: Case, seed: int) -> Desk:
    """Tickets with and without events, whole, flawed, or changed after as_of."""
    draw = random.Random(seed)
    as_of = case.start + timedelta(days=DAYS - 2)

    def at(first: datetime, days: float) -> datetime:
        ticks = int(days * 86400 // TICK)
        return first + timedelta(seconds=TICK * draw.choice([0, 1, *range(ticks // 50, ticks, ticks // 50)]))

    def maybe(value: Any, share: float = 0.5) -> Any:
        return value if draw.random() < share else None

    tickets, events, answers = [], [], []
    for number in range(160):
        name, created = f"t{number}", at(case.start, DAYS - 1)
        tickets.append(
            {
                "ticket_id": name,
                "account_id": draw.choice(["a1", "a2", "a3", None]),
                "created_at": created,
                "status": maybe(
                    draw.choice(["new", "open", "pending", "on_hold", "solved", "solved", "closed"])
                ),
                "first_replied_at": maybe(at(created - timedelta(hours=6), 3)),
                "first_solved_at": maybe(at(created - timedelta(hours=6), 4)),
                "solved_at": maybe(at(created, 6)),
                "reopens": maybe(draw.choice([0, 0, 1])),
                "agent_replies": maybe(draw.choice([0, 1, 1, 2])),
                "handle_minutes": maybe(Decimal("7.25")),
                "is_escalated": maybe(draw.random() < 0.3),
                "is_spam": maybe(True, 0.05),
                "is_deleted": maybe(True, 0.05),
                "merged_into_ticket_id": maybe("t0", 0.05),
                "updated_at": maybe(at(created, 8)),
            }
        )
        if draw.random() < 0.3:
            continue
        only = draw.choice([None, None, "status", "public_comment"])
        moment = created - timedelta(minutes=draw.choice([0, 0, 0, 5]))
        for place in range(draw.randrange(1, 9)):
            kind = only or draw.choice(
                ["status"] * 3 + ["public_comment"] * 2 + ["private_comment", "assignment"]
            )
            event = {
                "event_id": f"{name}-{place}",
                "ticket_id": name,
                "occurred_at": moment,
                "event_type": kind,
                "status": draw.choice(["open", "open", "pending", "on_hold", "solved", "solved", "closed"])
                if kind == "status"
                else None,
                "author_kind": draw.choice(["agent", "agent", "requester", "automation", None]),
                "author_id": draw.choice(["u1", "u2"]),
            }
            events.append(event)
            if draw.random() < 0.05:
                events.append(event | {"event_id": f"{name}-{place}-again"})
            moment = at(moment, draw.choice([0.1, 0.1, 2]))
        if draw.random() < 0.3:
            answered = at(created, 5)
            answers += [
                {
                    **{"response_id": f"{name}-{place}", "ticket_id": name, "survey_type": "csat"},
                    **{"sent_at": created, "responded_at": answered, "score": Decimal(draw.randrange(1, 6))},
                }
                for place in range(draw.randrange(1, 3))
            ]
    # A ticket that changes after as_of belongs to the reach of the clock too.
    clock = Clock(case.openings, case.holidays, case.zone or ZONE, case.start - timedelta(days=1), DAYS + 2)
    return Desk(
        tickets, [*events, {**events[0], "event_id": "lost", "ticket_id": "gone"}], answers, clock, as_of
    )


@pytest.mark.parametrize("name", CASES)
def test_models_agree_with_the_reference(name: str) -> None:
    case = CASES[name]
    desk = random_desk(case, seed=len(name))
    told = result(case, desk)
    tickets = expected_tickets(desk)
    assert {row["ticket_id"] for row in told["fct_tickets"]} == set(tickets)
    for row in told["fct_tickets"]:
        expected = tickets[row["ticket_id"]]
        assert_equal(row, {key: expected[key] for key in expected if key in row}, row["ticket_id"])
    assert {row["csat_score"] is None for row in told["fct_tickets"]} == {True, False}

    segments = {"a1": "smb", "a2": "enterprise", "a3": "smb"}
    slices: dict[tuple[str, str], Callable[[Row], bool]] = {
        ("all", "all"): lambda ticket: True,
        ("segment", "smb"): lambda ticket: segments.get(ticket["account_id"]) == "smb",
        ("segment", "enterprise"): lambda ticket: ticket["account_id"] == "a2",
        ("segment", "unknown"): lambda ticket: ticket["account_id"] is None,
        ("plan", "pro"): lambda ticket: ticket["account_id"] in ("a1", "a2"),
        ("plan", "unknown"): lambda ticket: ticket["account_id"] in ("a3", None),
    }
    rows = {(row["dimension"], row["dimension_value"], row["month"]): row for row in told["support_monthly"]}
    months = {
        (*one, month): figures
        for one, chosen in slices.items()
        for month, figures in expected_months(
            desk, {key: ticket for key, ticket in tickets.items() if chosen(ticket)}, ZONE
        ).items()
    }
    assert set(rows) == set(months)
    customers = {"all": 2, "smb": 1, "enterprise": 1, "pro": 2}
    for key, figures in months.items():
        base = customers.get(key[1])
        per_100 = None if base is None else 100 * figures["tickets_opened"] / base
        assert_equal(rows[key], figures | {"tickets_per_100_customers": per_100}, key)

    first = min(month for _, _, month in months)
    of_accounts = {
        name: expected_months(
            desk, {key: one for key, one in tickets.items() if one["account_id"] == name}, ZONE
        )
        for name in segments
    }
    for row in told["fct_account_months"]:
        figures = of_accounts[row["account_id"]].get(row["month"], {})
        names = ("median_first_reply_minutes", "median_full_resolution_minutes")
        opened = figures.get("tickets_opened", 0) if row["month"] >= first else None
        assert_equal(row, {one: figures.get(one) for one in names} | {"tickets_opened": opened}, row["month"])


def assert_equal(row: Row, expected: dict[str, Any], where: Any) -> None:
    for name, value in expected.items():
        found = float(row[name]) if isinstance(row[name], Decimal) else row[name]
        wanted = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
        if name in ("handle_minutes", "average_handle_minutes") and value is not None:
            wanted = pytest.approx(value, abs=1e-4)
        assert found == wanted, f"{where}: {name}"


def test_worked_example() -> None:
    """Monday to Friday, 9 to 17: the example that docs/metrics.md shows, from files to the mart."""
    created = datetime(2024, 3, 1, 16, 30)
    events = [
        (datetime(2024, 3, 1, 16, 40), "private_comment", None),
        (datetime(2024, 3, 4, 9, 30), "public_comment", None),
        (datetime(2024, 3, 4, 9, 30), "status", "pending"),
        (datetime(2024, 3, 4, 12, 30), "status", "open"),
        (datetime(2024, 3, 4, 13, 0), "status", "solved"),
        (datetime(2024, 3, 5, 10, 0), "status", "open"),
        (datetime(2024, 3, 5, 11, 0), "status", "solved"),
    ]
    case = Case(created, "UTC", OFFICE)
    desk = Desk(
        [{"ticket_id": "t", "account_id": "a1", "created_at": created}],
        [
            {
                "event_id": str(place),
                "ticket_id": "t",
                "occurred_at": at,
                "event_type": kind,
                "status": status,
            }
            | {"author_kind": "agent"}
            for place, (at, kind, status) in enumerate(events)
        ],
        [],
        Clock(OFFICE, [], "UTC", datetime(2024, 2, 29), 8),
        datetime(2024, 3, 6),
    )
    [row] = result(case, desk)["fct_tickets"]
    minutes = {
        "first_reply": (3900, 60),
        "first_resolution": (4110, 270),
        "full_resolution": (5430, 630),
        "agent_wait": (180, 180),
        "requester_wait": (3990, 150),
    }
    found = {name: (row[f"{name}_minutes"], row[f"{name}_business_minutes"]) for name in minutes}
    assert found == minutes
    assert (row["reopens"], row["is_one_touch"]) == (1, False)
    assert_equal(
        row, {key: one for key, one in expected_tickets(desk)["t"].items() if key in row}, "reference"
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"weekday": 0}, "weekday is none of 1"),
        ({"opens_at": "9h"}, "write opens_at and closes_at as HH:MM"),
        ({"closes_at": "25:00"}, "closes_at is after 24:00"),
        ({"opens_at": "22:00", "closes_at": "6:00"}, "Hours past midnight need a second row"),
        ({"opens_at": "8:00"}, "the hours overlap with those of another row"),
        ({"timezone": "Europe/Berlin"}, "different time zones"),
        ({"schedule_id": " "}, "schedule_id is missing"),
        ({"schedule_id": "other"}, "support_schedules has no such schedule_id"),
    ],
)
def test_a_wrong_schedule_is_refused_in_words(changes: Row, problem: str) -> None:
    needed = ("support_schedules", "support_holidays", "support_hours_are_well_formed")
    morning = {"schedule_id": "default", "weekday": 1, "opens_at": "09:00", "closes_at": "12:00"}
    afternoon = {"schedule_id": "default", "weekday": 1, "opens_at": "12:00", "closes_at": "17:00"}
    holiday = {"schedule_id": "default", "holiday_on": "2024-12-25"}
    chosen = [step for step in steps() if step.name in needed]

    def refuse(schedules: list[Row]) -> None:
        seeds = {"support_schedules": schedules, "support_holidays": [holiday]}
        with models_on(lambda _: None, chosen, datetime(2024, 3, 6), seeds=seeds):
            pass

    refuse([morning, afternoon])
    with pytest.raises(AssertionError, match=problem):
        refuse(
            [morning | changes] if changes.get("schedule_id") == "other" else [morning, afternoon | changes]
        )


@pytest.mark.parametrize("size", [1, 2, 9, 10, 11, 19, 20, 100])
def test_percentile_is_the_nearest_rank(size: int) -> None:
    values = random.Random(size).sample(range(1000), size)
    with connect() as connection:
        found = connection.execute(percentile(), [values]).fetchone()
    assert found == (nearest_rank(values, 0.9),)


@cache
def percentile() -> str:
    return compile_query("select {{ percentile('x', 0.9) }} from unnest(?) as numbers(x)")
