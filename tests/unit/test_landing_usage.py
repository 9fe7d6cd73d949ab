"""Aggregates of usage events: made once per batch, equal for any deliveries, and exact at as_of."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import load_settings
from orchestration.dbt_runner.pseudonyms import TEST_KEY, pseudonym
from orchestration.landing import ReadingPolicies
from orchestration.landing.inspection import landing_status
from orchestration.landing.usage import aggregate_files
from orchestration.landing.withdrawals import withdrawn_batches
from orchestration.landing.withdrawing import withdraw
from orchestration.maintenance import clean_up
from tests.unit.landing_case import Case, make_case

HEADER = "event_id,account_id,user_id,event_name,occurred_at\n"
PARTS = "account_id, user_id, occurred_on, started_at, ended_at, events"
WEEKS = "account_id, event_name, week, is_counted, events, events_without_user"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def deliver(case: Case, *rows: str, file: str = "a.csv") -> None:
    case.deliver("usage_events", HEADER + "".join(f"{row}\n" for row in rows), file)


def parts(case: Case, policies: ReadingPolicies | None = None) -> list[str]:
    """Account, user, local day, times of the first and last event, and number of events."""
    found = _rows(case, PARTS, "session_parts", policies)
    return [
        f"{account} {user or '-'} {day:%m-%d} {start:%H:%M}-{end:%H:%M} {events}"
        for account, user, day, start, end, events in found
    ]


def weeks(case: Case, policies: ReadingPolicies | None = None) -> list[tuple[Any, ...]]:
    return _rows(case, WEEKS, "event_weeks", policies)


def _rows(case: Case, columns: str, name: str, policies: ReadingPolicies | None) -> list[tuple[Any, ...]]:
    with case.relations(policies) as connection:
        return connection.execute(f"select {columns} from raw.usage__{name} order by all").fetchall()


def test_a_gap_longer_than_the_policy_and_midnight_end_a_part(case: Case) -> None:
    deliver(
        case,
        "1,a,u,x,2024-01-01 10:00",
        "2,a,u,y,2024-01-01 10:30",
        "3,a,u,x,2024-01-01 11:01",
        "4,a,u,x,2024-01-01 23:50",
        "5,a,u,x,2024-01-02 00:05",
        "6,a,,x,2024-01-02 08:00",
        "7,a,,x,2024-01-02 20:00",
    )
    assert parts(case) == [
        "a u 01-01 10:00-10:30 2",
        "a u 01-01 11:01-11:01 1",
        "a u 01-01 23:50-23:50 1",
        "a u 01-02 00:05-00:05 1",
        "a - 01-02 08:00-20:00 2",
    ]
    assert parts(case, ReadingPolicies(session_gap_minutes=31))[0] == "a u 01-01 10:00-11:01 3"
    assert parts(case, ReadingPolicies(timezone="America/New_York"))[2:4] == [
        "a u 01-01 23:50-00:05 2",
        "a - 01-02 08:00-20:00 2",
    ]


def test_an_event_counts_once_however_often_it_is_delivered(case: Case) -> None:
    event, later = "1,a,u,x,2024-01-01 10:00", "2,a,u,x,2024-01-01 10:10"
    deliver(case, event, event, later)
    expected = ["a u 01-01 10:00-10:10 2"]
    assert parts(case) == expected
    # An offset and other columns do not make another event.
    case.deliver("usage_events", HEADER[:-1] + ",page\n2,a,u,x,2024-01-01T11:10:00+01:00,home\n", "b.csv")
    assert parts(case) == expected
    # A copy that names the user comes before one that does not, in the same file or in another.
    deliver(case, "1,a,,x,2024-01-01 10:00", "3,a,,y,2024-01-01 10:20", file="c.csv")
    deliver(case, "3,a,u,y,2024-01-01 10:20", "3,a,,y,2024-01-01 10:20", file="d.csv")
    assert sum(row[-2] for row in weeks(case)) == 3
    assert sum(row[-1] for row in weeks(case)) == 0
    # The same id in another account, or at another time, is another event.
    deliver(case, "1,b,u,x,2024-01-01 10:00", "1,a,u,x,2024-01-01 10:20", file="e.csv")
    assert sum(row[-2] for row in weeks(case)) == 5
    counts = landing_status(case.settings, contracts=case.contracts).objects[0].rows
    assert {name: rows for name, rows in counts.items() if rows} == {
        **{"used": 5, "repeated": 1, "superseded": 3},
        **({"conflicting": 1}),
    }


def test_a_withdrawn_file_gives_its_events_back_to_the_other_one(case: Case) -> None:
    deliver(case, "1,a,u,x,2024-01-01 10:00", "2,a,u,x,2024-01-01 10:10")
    deliver(case, "2,a,u,x,2024-01-01 10:10", "3,a,u,x,2024-01-01 10:20", file="b.csv")
    assert parts(case) == ["a u 01-01 10:00-10:10 2", "a u 01-01 10:20-10:20 1"]
    withdraw(case.settings, "a.csv", "wrong")
    assert withdrawn_batches(case.settings)
    assert parts(case) == ["a u 01-01 10:10-10:20 2"]


def test_lost_aggregates_change_nothing_and_a_new_file_leaves_the_others_alone(case: Case) -> None:
    deliver(case, "1,a,u,x,2024-01-01 10:00", "2,b,u,y,2024-01-01 10:10")
    deliver(case, "2,b,u,y,2024-01-01 10:10", "3,a,u,x,2024-02-01 10:20", file="b.csv")
    before = parts(case), weeks(case)
    made = _made(case)
    shutil.rmtree(next(iter(made)).parent)
    assert (parts(case), weeks(case)) == before
    assert _made(case).keys() == made.keys()
    kept = _made(case)
    deliver(case, "4,a,u,x,2024-02-02 10:20", file="c.csv")
    assert len(parts(case)) == len(before[0]) + 1
    assert {path: inode for path, inode in _made(case).items() if path in kept} == kept
    # A new file has three aggregates, and there is a new list of the events that several files have.
    assert len(_made(case)) == len(kept) + 4


def _made(case: Case) -> dict[Path, int]:
    """The aggregates with their inodes, which change if a file is made again."""
    return {path: path.stat().st_ino for path in aggregate_files(case.settings.raw)}


def test_no_row_has_events_before_and_after_as_of(case: Case) -> None:
    deliver(case, "1,a,u,x,2024-01-03 10:00", "2,a,u,x,2024-01-03 10:10", "3,a,u,x,2024-01-03 10:20")
    assert parts(case, ReadingPolicies(as_of=datetime(2024, 1, 3, 10, 10))) == [
        "a u 01-03 10:00-10:10 2",
        "a u 01-03 10:20-10:20 1",
    ]
    assert [row[4] for row in weeks(case, ReadingPolicies(as_of=datetime(2024, 1, 3, 10, 10)))] == [1, 2]
    for as_of in (datetime(2024, 1, 3, 9), datetime(2024, 1, 4), None):
        assert parts(case, ReadingPolicies(as_of=as_of)) == ["a u 01-03 10:00-10:20 3"]


def test_events_without_activity_and_of_ignored_users_count_apart(case: Case) -> None:
    deliver(
        case,
        "1,a,u,view,2024-01-01 10:00",
        "2,a,u,x,2024-01-01 10:10",
        "3,a,bot,x,2024-01-01 10:20",
        "4,a,Ann@one.example,x,2024-01-01 10:30",
        "5,a,,x,2024-01-01 10:40",
    )
    ignored = ("bot", pseudonym("ann@one.example", TEST_KEY))
    policies = ReadingPolicies(uncounted_events=("view",), ignored_users=ignored)
    assert parts(case, policies) == ["a u 01-01 10:10-10:10 1", "a - 01-01 10:40-10:40 1"]
    monday = datetime(2024, 1, 1).date()
    assert weeks(case, policies) == [
        ("a", "view", monday, False, 1, 0),
        ("a", "x", monday, False, 2, 0),
        ("a", "x", monday, True, 2, 1),
    ]


def test_days_without_a_time_are_days_of_the_reporting_time_zone(case: Case) -> None:
    deliver(case, "1,a,u,x,2024-01-08", "2,a,u,x,2024-01-09")
    found = parts(case, ReadingPolicies(timezone="America/New_York"))
    assert found == ["a u 01-08 05:00-05:00 1", "a u 01-09 05:00-05:00 1"]


def test_addresses_in_accounts_and_names_are_not_published(case: Case) -> None:
    deliver(case, "1,ann@one.example,u,mail to bob@two.example,2024-01-01 10:00")
    [(account, name, *_)] = weeks(case)
    assert account == pseudonym("ann@one.example", TEST_KEY)
    assert name == "mail to [e-mail address]"


def test_seeds_and_policies_of_the_project_decide_what_counts(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "active_events.csv").write_text("event_name,counts\nview,False\nx,true\nlogin,\n")
    (tmp_path / "seeds" / "ignored_users.csv").write_text("user_id,reason\nbot,tests\n")
    monkeypatch.setattr("orchestration.landing.reading_policies.PROJECT_DIR", tmp_path)
    settings = load_settings(case.settings.home, policies=["usage_session_gap_minutes=5"], environment={})
    policies = ReadingPolicies.of(settings)
    assert policies.uncounted_events == ("view",)
    assert policies.listed_events == ("login", "x")
    assert policies.ignored_users == ("bot",)
    assert policies.session_gap_minutes == 5


def test_csw_gc_removes_aggregates_that_no_run_uses(case: Case) -> None:
    deliver(case, "1,a,u,x,2024-01-01 10:00")
    used = parts(case)
    other = parts(case, ReadingPolicies(session_gap_minutes=5))
    assert used == other
    everything = _made(case)
    long_ago = (datetime.now(UTC) - timedelta(days=100)).timestamp()
    for path in everything:
        os.utime(path, (long_ago, long_ago))
    parts(case)
    clean_up(case.settings)
    assert set(_made(case)) < set(everything)
    assert len(_made(case)) == 3
