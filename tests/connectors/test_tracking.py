"""Calls of tracking systems give the same aggregates in any form and any order of files."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import ContractError
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing import LandingReport, ReadingPolicies, land
from orchestration.landing.usage import AGGREGATES, aggregate_files
from orchestration.quality.personal import tagged_columns
from tests.connectors import posthog, rudderstack, segment
from tests.connectors.facts import the_company
from tests.connectors.groups import GROUPS, delivered, objects_of, system_of
from tests.connectors.shapes import Files, Record
from tests.unit.landing_case import Case, make_case

SYSTEMS = {system_of(module): module for module in (segment, rudderstack, posthog)}
NOT_COMPARED = {"_batch_id", "_loaded_at"}
Aggregates = dict[str, list[tuple[Any, ...]]]


@cache
def contracts() -> dict[tuple[str, str], LandingObject]:
    return load_contracts()


def files_of(system: str, shape: str) -> Files:
    company, group = the_company(), GROUPS["salesforce"]
    return delivered(SYSTEMS[system], objects_of(SYSTEMS[system], company, group.ids(company)), shape)


def deliver(case: Case, files: Mapping[str, str]) -> LandingReport:
    case.contracts |= {key: one for key, one in contracts().items() if key[0] in SYSTEMS}
    for name, text in files.items():
        path = case.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = land(case.settings, contracts=case.contracts)
    assert [one.reason for one in report.new if one.status == "refused"] == []
    return report


def calls(*records: Record) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def call(number: int, kind: str = "track", **more: Any) -> Record:
    """A call of Segment at 10:00 and as many minutes."""
    at = f"2024-01-01T10:{number:02}:00Z"
    named = {"event": "Export"} if kind == "track" else {}
    return {
        **{"messageId": f"m{number}", "type": kind, "timestamp": at, "receivedAt": at, "anonymousId": "b"},
        **named,
        **more,
    }


def aggregates(case: Case, policies: ReadingPolicies | None = None) -> Aggregates:
    """The rows of all batches, added up."""
    with case.relations(policies) as connection:
        found = {}
        for name, columns in AGGREGATES.items():
            numbers = [one for one in ("events", "calls") if one in columns]
            keys = [one for one in columns if one not in NOT_COMPARED | {*numbers, "ended_at", "last_at"}]
            sums = ", ".join(f"sum({one})" for one in numbers)
            query = f"select {', '.join(keys)}, {sums} from raw.usage__{name} group by all order by all"
            found[name] = connection.execute(query).fetchall()
        return found


def rows(case: Case, name: str, columns: str, policies: ReadingPolicies | None = None) -> list[Any]:
    with case.relations(policies) as connection:
        return connection.execute(f"select {columns} from raw.usage__{name} order by all").fetchall()


@pytest.mark.parametrize(
    ("system", "shape"),
    [(system, shape) for system, module in SYSTEMS.items() for shape in module.SHAPES if shape != "api"],
)
def test_every_tool_gives_the_aggregates_of_the_api(tmp_path: Path, system: str, shape: str) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "api").mkdir()
    one, other = make_case(tmp_path / "api"), make_case(tmp_path / "tool")
    deliver(one, files_of(system, "api"))
    deliver(other, files_of(system, shape))
    expected, found = aggregates(one), aggregates(other)
    assert all(len(each) > 5 for each in expected.values())
    assert found == expected


def test_an_archive_with_all_types_in_one_folder_gives_the_same(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "apart").mkdir()
    apart, archive = make_case(tmp_path / "apart"), make_case(tmp_path / "archive")
    files = files_of("segment", "api")
    deliver(apart, files)
    lines = [line for text in files.values() for line in text.splitlines()]
    half = len(lines) // 2
    # Half of the calls come again, and the later ones come first.
    deliver(archive, {"segment/tracks/b.jsonl": "\n".join([*lines[half:], ""])})
    deliver(archive, {"segment/tracks/a.jsonl": "\n".join([*reversed(lines), ""])})
    parts = "session_parts"
    found, expected = aggregates(archive), aggregates(apart)
    assert len(expected[parts]) > 100
    assert _events(found[parts]) == _events(expected[parts])
    assert _events(found["event_weeks"]) == _events(expected["event_weeks"])
    assert [row[:7] for row in found["ties"]] == [row[:7] for row in expected["ties"]]


def _events(found: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
    """Events by the first columns of an aggregate: files part stretches, and weeks begin in several."""
    added: dict[tuple[Any, ...], int] = {}
    for row in found:
        added[row[:5]] = added.get(row[:5], 0) + row[-1]
    return added


def test_a_call_counts_once_also_if_a_copy_has_other_times(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    late = {"timestamp": "2024-01-01T10:40:00Z", "receivedAt": "2024-01-02T09:00:00Z"}
    deliver(case, {"segment/tracks/a.jsonl": calls(call(5) | late, call(6), call(6, sentAt="2024"))})
    deliver(case, {"segment/tracks/b.jsonl": calls(call(5), call(7, "identify", userId="u"))})
    deliver(case, {"segment/tracks/c.jsonl": calls(call(7, "identify", userId="u"))})
    # The earliest copy counts, whichever file has it.
    assert rows(case, "session_parts", "started_at, events") == [
        (datetime(2024, 1, 1, 10, 5), 1),
        (datetime(2024, 1, 1, 10, 6), 1),
    ]
    assert rows(case, "ties", "user_id, visitor_id, calls") == [("u", "b", 1)]
    with case.relations() as connection:
        found = connection.execute(
            "select outcome, row_count from raw.landing__row_counts where object = 'tracks' and row_count > 0"
        ).fetchall()
    assert dict(found) == {"used": 3, "repeated": 1, "superseded": 2}


def test_a_copy_that_names_the_user_comes_before_an_earlier_one(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    deliver(case, {"segment/tracks/a.jsonl": calls(call(5))})
    deliver(case, {"segment/tracks/b.jsonl": calls(call(5, userId="u", timestamp="2024-01-01T10:06:00Z"))})
    assert rows(case, "event_weeks", "user_id, visitor_id, events") == [("u", None, 1)]


def test_an_event_of_the_future_happened_when_it_was_received(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    deliver(
        case,
        {
            "rudderstack/tracks/a.jsonl": calls(
                call(1, timestamp="2031-01-01T00:00:00Z"),
                call(2, timestamp=None, originalTimestamp="2024-01-01T08:00:00Z"),
                call(3, timestamp=None),
                call(4, receivedAt=None),
            )
        },
    )
    assert rows(case, "event_weeks", "source_system, first_at, last_at, events, events_after_receipt") == [
        ("rudderstack", datetime(2024, 1, 1, 8), datetime(2024, 1, 1, 10, 4), 4, 1)
    ]


def test_a_call_without_any_time_or_name_is_kept_with_its_reason(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    wrong = [call(1, timestamp=None, receivedAt=None), call(2, event=None), call(3, messageId=None)]
    good = [call(number) for number in range(4, 60)]
    [batch] = deliver(case, {"segment/tracks/a.jsonl": calls(*wrong, *good)}).new
    assert (batch.rows_loaded, batch.rows_quarantined) == (56, 3)
    assert [(row, column, reason) for row, column, _, reason in case.quarantined(batch)] == [
        (1, "timestamp", "is empty, and so are original_timestamp and received_at"),
        (2, "event", "is empty, but a track call names an event"),
        (3, "message_id", "is required and empty"),
    ]


def test_page_views_and_own_events_of_posthog_count_only_if_they_are_listed(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    at = {"timestamp": "2024-01-01T10:00:00Z", "created_at": "2024-01-01T10:00:01Z", "distinct_id": "d"}
    events = ("$pageview", "$autocapture", "export", "noise")
    deliver(
        case,
        {
            "segment/pages/a.jsonl": calls(
                call(1, "page", name="Home"), call(2, "page", name="Reports"), call(3, "page", name=None)
            ),
            "segment/tracks/a.jsonl": calls(call(4, "screen", name="Home"), call(5)),
            "posthog/events/a.jsonl": calls(
                *({**at, "uuid": f"e{place}", "event": name} for place, name in enumerate(events))
            ),
        },
    )
    policies = ReadingPolicies(
        uncounted_events=("noise",), listed_events=("Viewed Reports Page", "$pageview", "Viewed Home")
    )
    found = rows(case, "event_weeks", "event_name, is_counted", policies)
    assert found == [
        ("$autocapture", False),
        ("$pageview", True),
        ("Export", True),
        ("Viewed Home Page", False),
        ("Viewed Home Screen", False),
        ("Viewed Page", False),
        ("Viewed Reports Page", True),
        ("export", True),
        ("noise", False),
    ]
    parts = rows(case, "session_parts", "source_system, events", policies)
    assert sorted(parts) == [("posthog", 2), ("segment", 1), ("segment", 1)]


def test_an_ignored_visitor_counts_nowhere(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    deliver(
        case, {"segment/tracks/a.jsonl": calls(call(1, anonymousId="bot"), call(2, userId="bot"), call(3))}
    )
    policies = ReadingPolicies(ignored_users=("bot",))
    assert rows(case, "session_parts", "visitor_id, events", policies) == [("b", 1)]
    assert sum(row[0] for row in rows(case, "event_weeks", "events_of_ignored_users", policies)) == 2


def test_calls_tie_visitors_users_addresses_and_groups(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    deliver(
        case,
        {
            "segment/tracks/a.jsonl": calls(
                call(1, userId="u", context={"groupId": "g"}),
                call(2, "identify", userId="u", traits={"email": "jo@one.example"}),
                call(3, "identify", userId="u", traits={"email": "jo@one.example"}),
                call(
                    4,
                    "group",
                    userId="u",
                    groupId="g",
                    traits={"website": "one.example", "email": "x@y.example"},
                ),
                call(5, "alias", userId="u", previousId="old"),
                call(6, "identify"),
            ),
            "posthog/events/a.jsonl": calls(
                {
                    "uuid": "e1",
                    "event": "$identify",
                    "distinct_id": "u",
                    "timestamp": "2024-01-01T10:00:00Z",
                    "properties": {"$anon_distinct_id": "b", "$set": {"email": "jo@one.example"}},
                },
                {
                    "uuid": "e2",
                    "event": "$groupidentify",
                    "distinct_id": "b",
                    "timestamp": "2024-01-01T10:01:00Z",
                    "properties": {
                        "$group_type": "company",
                        "$group_key": "g",
                        "$group_set": {"domain": "one.example"},
                    },
                },
                {
                    "uuid": "e3",
                    "event": "$groupidentify",
                    "distinct_id": "b",
                    "timestamp": "2024-01-01T10:02:00Z",
                    "properties": {"$group_type": "project", "$group_key": "p"},
                },
            ),
        },
    )
    columns = "source_system, user_id, visitor_id, email, group_id, group_domain, calls"
    assert sorted(rows(case, "ties", columns), key=str) == sorted(
        [
            ("posthog", "u", "b", "jo@one.example", None, None, 0),
            ("posthog", None, "b", None, "g", "one.example", 0),
            ("posthog", None, "b", None, None, None, 0),
            ("segment", "u", "b", "jo@one.example", None, None, 2),
            ("segment", "u", "b", None, "g", "one.example", 1),
            ("segment", "u", "old", None, None, None, 1),
            ("segment", None, "b", None, None, None, 1),
        ],
        key=str,
    )


def test_a_new_file_leaves_the_aggregates_of_the_others_alone(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    deliver(case, {"segment/tracks/a.jsonl": calls(*(call(number) for number in range(9)))})
    rows(case, "ties", "calls")
    kept = {path: path.stat().st_ino for path in aggregate_files(case.settings.raw)}
    deliver(case, {"segment/tracks/b.jsonl": calls(call(10), call(11, "identify", userId="u"))})
    assert rows(case, "ties", "user_id, calls") == [("u", 1)]
    made = {path: path.stat().st_ino for path in aggregate_files(case.settings.raw)}
    assert {path: made[path] for path in kept} == kept
    # The ids, the three aggregates of the new file, and the list of calls that several files have.
    assert len(made) == len(kept) + 5


def test_rudderstack_has_the_contracts_of_segment() -> None:
    found = contracts()
    names = {name for system, name in found if system == "rudderstack"}
    assert names == {name for system, name in found if system == "segment"} != set()
    for name in names:
        mine, theirs = found["rudderstack", name], found["segment", name]
        assert (mine.source, mine.columns, mine.usage) == ("rudderstack", theirs.columns, theirs.usage)


@pytest.mark.parametrize(
    ("table", "meta", "message"),
    [
        (
            {"name": "screens"},
            {"same_as": "shop"},
            r"_shop__sources.yml: copy.screens is to be the same as shop.screens, which no contract",
        ),
        (
            {"name": "e", "columns": [], "config": {"meta": {"key": ["_record_id"], "usage": {"usr": "x"}}}},
            {"is_vendor": True},
            r"_shop__sources.yml: copy.e: `usage` has a wrong key \(.*'usr'\)",
        ),
    ],
)
def test_a_mistake_in_a_contract_of_events_is_named(
    tmp_path: Path, table: Record, meta: Record, message: str
) -> None:
    folder = tmp_path / "models" / "staging" / "shop"
    folder.mkdir(parents=True)
    source = {"name": "copy", "config": {"meta": meta}, "tables": [table]}
    (folder / "_shop__sources.yml").write_text(json.dumps({"sources": [source]}))
    with pytest.raises(ContractError, match=message):
        load_contracts(tmp_path)


def test_the_scan_for_addresses_reads_ties_and_no_events() -> None:
    read = {(source, table) for source, table, _ in tagged_columns() if source in ("usage", *SYSTEMS)}
    assert read == {("usage", "ties")}
