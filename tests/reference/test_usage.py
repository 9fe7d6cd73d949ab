"""Usage and onboarding of random companies equal those of plain Python, in any order of files."""

# ruff: noqa: DTZ001 - instants are UTC without a zone; the companies are random, but the same each time
from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import load_settings
from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.landing import (
    ReadingPolicies,
    accepted_batches,
    create_landing_records,
    create_raw_relations,
    known_batches,
    land,
)
from tests.compiled import compile_models, models_on
from tests.reference.onboarding import Onboarding
from tests.reference.usage import Row, Usage, World

Marts = dict[str, list[Row]]

AS_OF = datetime(2024, 7, 17, 15, 20)
START = datetime(2024, 1, 8)
SEGMENTS = ("smb", "enterprise")
TARGETS = (
    *("fct_usage_weeks", "usage_monthly", "onboarding_cohorts", "fct_account_months"),
    *("int_quality__usage_checks",),
)
CASES = {"UTC": ("UTC", 1), "Auckland": ("Pacific/Auckland", 3)}


def random_world(zone: str, seed: int) -> World:
    """A company with bots, own accounts, unknown ones, events without users, late ones and ones to come."""
    random = Random(seed)
    accounts, periods, contacts, seats, milestones = [], [], [], [], []
    for number in range(14):
        account = f"a{number}"
        created = START + timedelta(hours=random.randrange(24 * 180))
        accounts.append(
            {
                **{"account_id": account, "segment": random.choice(SEGMENTS), "created_at": created},
                "is_internal": number == 13,
            }
        )
        contacts.append(
            {
                **{
                    "contact_id": f"{account}-boss",
                    "account_id": account,
                    "email": f"boss@{account}.example",
                },
                "is_decision_maker": random.random() < 0.7,
            }
        )
        if random.random() < 0.8:
            start = created + timedelta(days=random.randrange(20))
            end = start + timedelta(days=random.randrange(20, 200)) if random.random() < 0.4 else None
            periods.append({"account_id": account, "period_start": start, "period_end": end})
        for key in (account, f"key-{account}")[: random.randrange(3)]:
            for day in random.sample(range(180), random.randrange(1, 4)):
                effective_on = START.date() + timedelta(days=day)
                seats.append(
                    {
                        **{"account": account, "account_id": key, "effective_on": effective_on},
                        "seats_paid": random.randrange(-1, 9),
                    }
                )
        for milestone in ("kickoff", "first_value", "onboarded"):
            if random.random() < 0.6:
                reached = created + timedelta(hours=random.randrange(-30, 24 * 60))
                milestones.append(
                    {
                        **{"account_id": account, "milestone": milestone},
                        "target_on": created.date() + timedelta(days=random.randrange(40)),
                        "reached_at": reached if random.random() < 0.8 else None,
                    }
                )
    return World(AS_OF, zone, accounts, periods, contacts, seats, milestones, _delivered(random, accounts))


def _delivered(random: Random, accounts: Sequence[Row]) -> list[Row]:
    events: list[Row] = []
    active = [row["account_id"] for row in accounts if row["is_internal"] or random.random() < 0.85]
    for account in [*active, "ghost"]:
        users: list[str | None] = [
            f"{account}-boss",
            f"boss@{account}.example",
            *(f"{account}-u{n}" for n in range(3)),
        ]
        users = [*random.sample(users, random.randrange(1, 5)), *([None] * random.randrange(2)), "bot"]
        days = random.choice([110, 160, 200])
        for _ in range(random.randrange(1, 80) if random.random() < 0.85 else 1):
            at = START + timedelta(minutes=random.randrange(60 * 24 * days))
            user = random.choice(users)
            for _ in range(random.randrange(1, 6)):
                at += timedelta(minutes=random.choice([0, 1, 29, 30, 31, 45, 300]))
                events.append(
                    {
                        **{"event_id": f"e{len(events)}", "account_id": account, "user_id": user},
                        "event_name": random.choice(["login", "export", "report", "page_view"]),
                        "occurred_at": at,
                    }
                )
    # Some come twice, some of these without their user.
    copies = [dict(event) for event in random.sample(events, len(events) // 5)]
    for copy in copies[::7]:
        copy["user_id"] = None
    # An id that two accounts use names two events.
    events.append({**events[0], "account_id": "a1"})
    return [*events, *copies]


def built(world: World, delivered: Sequence[Row], files: int, home: Path) -> Marts:
    """Land the company with its events in several files, and build the marts."""
    settings = load_settings(home, as_of=world.as_of.isoformat(), environment={})
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "accounts": world.accounts,
        "contacts": world.contacts,
        "milestones": world.milestones,
        "seats": [
            {key: row[key] for key in ("account_id", "effective_on", "seats_paid")} for row in world.seats
        ],
        "account_keys": [
            {
                "source_system": "app",
                "source_key": f"key-{row['account_id']}",
                "account_id": row["account_id"],
            }
            for row in world.accounts
        ],
        "subscription_periods": [
            {
                **{"subscription_id": f"s-{row['account_id']}", "currency": "USD", "unit_amount": 10},
                **{"interval": "month", **row},
            }
            for row in world.periods
        ],
    }
    for name, rows in tables.items():
        _write(settings.landing / "generic" / name / "a.csv", rows)
    for number in range(files):
        _write(settings.landing / "generic" / "usage_events" / f"{number}.csv", delivered[number::files])
        land(settings)
    policies = ReadingPolicies(
        timezone=world.zone,
        uncounted_events=tuple(sorted(world.uncounted)),
        ignored_users=tuple(world.ignored),
        as_of=world.as_of,
    )

    def sources(connection: duckdb.DuckDBPyConnection) -> None:
        contracts, batches = generic_contracts(), accepted_batches(settings)
        assert sum(batch.rows_loaded for batch in batches if batch.object == "usage_events") == len(delivered)
        create_raw_relations(connection, contracts, batches, policies)
        create_landing_records(connection, settings, contracts, known_batches(settings))

    names = sorted(world.core | world.activating | world.uncounted)
    seed = [
        {
            **{"event_name": name, "counts": name not in world.uncounted},
            **{"is_core_feature": name in world.core, "is_activation": name in world.activating},
        }
        for name in names
    ]
    steps = compile_models({"reporting_timezone": world.zone, "slice_dimensions": ["segment"]}, TARGETS)
    with models_on(sources, steps, world.as_of, seeds={"active_events": seed}) as connection:
        relations = {step.name: step.relation for step in steps}
        return {name: _rows(connection, relations[name]) for name in TARGETS}


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Row]:
    found = connection.execute(f"select * from {relation}")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def companies(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[World, Marts]]:
    """The company of a case and its marts, from four files of events."""

    @cache
    def company(case: str) -> tuple[World, Marts]:
        world = random_world(*CASES[case])
        return world, built(world, world.delivered, 4, tmp_path_factory.mktemp("usage"))

    return company


@pytest.mark.parametrize("case", CASES)
def test_every_figure_equals_that_of_plain_python(
    companies: Callable[[str], tuple[World, Marts]], case: str
) -> None:
    world, marts = companies(case)
    usage = Usage(world)
    weeks = {(row["account_id"], row["week"]): row for row in marts["fct_usage_weeks"]}
    expect(weeks, usage.weeks())
    assert any(row["is_slipping"] for row in weeks.values())
    assert any(row["decision_makers_active"] for row in weeks.values())
    for mart, key, reference in (
        ("usage_monthly", "month", usage.months),
        ("onboarding_cohorts", "signup_month", Onboarding(usage).cohorts),
    ):
        for segment in (None, *SEGMENTS):
            rows = {row[key]: row for row in marts[mart] if row["dimension_value"] == (segment or "all")}
            expect(rows, reference(segment))
    for row in marts["fct_account_months"]:
        expected = usage.account_month(row["account_id"], row["month"])
        assert (row["active_users"], row["seats_paid"]) == expected, (row["account_id"], row["month"])
    checks = {
        row["check_name"]: row["observed"]
        for row in marts["int_quality__usage_checks"]
        if row["table_name"] == "usage_events"
    }
    assert {name: checks[name] for name in usage.quality()} == usage.quality()
    assert all(usage.quality().values()), "the company lacks a kind of bad event"


def test_order_and_grouping_of_the_files_change_nothing(
    companies: Callable[[str], tuple[World, Marts]], tmp_path: Path
) -> None:
    world, one = companies("Auckland")
    shuffled = list(world.delivered)
    Random(9).shuffle(shuffled)
    other = built(world, shuffled, 7, tmp_path)
    for mart in TARGETS:
        assert sorted(map(repr, one[mart])) == sorted(map(repr, other[mart])), mart


def expect(found: Mapping[Any, Row], expected: Mapping[Any, Row]) -> None:
    assert sorted(map(str, found)) == sorted(map(str, expected))
    for key, row in expected.items():
        for column, value in row.items():
            wanted = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
            assert found[key][column] == wanted, (key, column)
