"""Findings of the gate about figures of a release, compared with the previous release."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import AuditError
from orchestration.quality.gate import FAMILIES, Finding, evaluate
from orchestration.quality.limits import GATE_FILE, load_limits
from orchestration.quality.profile import Month, NotMeasured, ReleaseProfile
from tests.shared import declared_contracts

LIMITS = load_limits()
COLUMNS = {"m": {"a": "BIGINT", "b": "DECIMAL(18,4)"}}


def month(day: str, closing: str, customers: int, *, is_complete: bool = True) -> Month:
    return Month(datetime.fromisoformat(day).date(), is_complete, Decimal(closing), customers)


def profile(**changes: Any) -> ReleaseProfile:
    base = ReleaseProfile(
        release_id="1",
        as_of=datetime(2025, 1, 1, tzinfo=UTC),
        as_of_is_given=True,
        known_at=None,
        is_experiment=False,
        checks={"m": 5},
        deliveries={},
        rows={"m": 1000},
        columns=COLUMNS,
        months=(month("2024-11-01", "1000", 100), month("2024-12-01", "1100", 110, is_complete=False)),
        policies={"discount_policy": "all"},
        events={},
    )
    return replace(base, **changes)


def bad(release: ReleaseProfile, previous: ReleaseProfile | None = None) -> list[Finding]:
    found = evaluate(release, previous or profile(), LIMITS)
    return [finding for finding in found if finding.verdict != "passed"]


def test_two_like_releases_pass_and_the_first_one_too() -> None:
    found = evaluate(profile(), profile(), LIMITS)
    elsewhere = {"freshness", "personal", "reconciliation"}
    assert {finding.family for finding in found} == set(FAMILIES) - elsewhere
    assert {finding.verdict for finding in found} == {"passed"}
    assert bad(profile(), None) == []


@pytest.mark.parametrize(
    ("change", "name", "observed"),
    [
        ({"rows": {"m": 699}}, "rows.m", "from 1,000 to 699 rows (-30%)"),
        ({"rows": {"m": 4001}}, "rows.m", "from 1,000 to 4,001 rows (+300%)"),
        ({"rows": {"m": 0}}, "rows.m", "from 1,000 to 0 rows (-100%)"),
        ({"checks": {"m": 4}}, "checks.m", "4 checks, 5 in the previous release"),
    ],
)
def test_a_changed_count_needs_a_person(change: dict[str, Any], name: str, observed: str) -> None:
    [finding] = bad(profile(**change))
    assert (finding.name, finding.observed) == (name, observed)
    assert finding.acceptable
    assert finding.is_blocking


@pytest.mark.parametrize(
    ("closing", "customers", "names"),
    [
        ("824", 110, ["closing_mrr"]),
        ("826", 110, []),
        ("2751", 110, ["closing_mrr"]),
        ("2749", 110, []),
        ("1100", 82, ["customers"]),
        ("0", 0, ["closing_mrr", "customers"]),
    ],
)
def test_a_jump_of_the_latest_figures_needs_a_person(closing: str, customers: int, names: list[str]) -> None:
    months = (month("2024-11-01", "1000", 100), month("2025-01-01", closing, customers))
    assert [finding.name for finding in bad(profile(months=months))] == names


def test_a_restated_closed_month_needs_a_person_however_the_latest_looks() -> None:
    months = (month("2024-11-01", "700", 60), month("2024-12-01", "1100", 110))
    found = {finding.name: finding.observed for finding in bad(profile(months=months))}
    assert found == {
        "restated_mrr": "from 1,000 to 700 in 2024-11 (-30%)",
        "restated_customers": "from 100 to 60 in 2024-11 (-40%)",
    }


def test_few_rows_and_few_customers_are_not_compared() -> None:
    small = profile(rows={"m": 49}, months=(month("2024-12-01", "100", 19),))
    assert bad(profile(rows={"m": 1}, months=(month("2024-12-01", "1", 1),)), small) == []


QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"policies": {"discount_policy": "none"}}, "other policies: discount_policy"),
    ({"as_of": datetime(2024, 6, 1, tzinfo=UTC)}, "an earlier as_of"),
    ({"known_at": "2024-06-01T00:00:00+00:00"}, "a replay"),
]
RESTATED = (month("2024-11-01", "700", 100), month("2024-12-01", "1100", 110))


@pytest.mark.parametrize(("change", "reason"), QUESTIONS)
def test_an_experiment_is_compared_with_warnings(change: dict[str, Any], reason: str) -> None:
    found = bad(profile(rows={"m": 10}, months=RESTATED, is_experiment=True, **change))
    assert [(one.name, one.verdict, one.is_blocking) for one in found] == [
        ("rows.m", "warning", False),
        ("restated_mrr", "warning", False),
    ]
    assert found[0].observed == f"from 1,000 to 10 rows (-99%) ({reason})"


@pytest.mark.parametrize(("change", "reason"), QUESTIONS)
def test_books_that_change_keep_to_the_limits(change: dict[str, Any], reason: str) -> None:
    """With another `as_of`, only months that are not closed may differ without acceptance."""
    found = bad(profile(rows={"m": 10}, months=RESTATED, **change))
    verdict = "failed" if "policies" in change else "warning"
    assert [(one.name, one.verdict) for one in found] == [("rows.m", verdict), ("restated_mrr", "failed")]
    assert all(one.acceptable and one.observed.endswith(f"({reason})") for one in found)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"m": {"a": "BIGINT"}}, ["schema.m"]),
        ({"m": {"a": "VARCHAR", "b": "DECIMAL(18,4)"}}, ["schema.m"]),
        ({}, ["schema.m"]),
        ({"m": {**COLUMNS["m"], "c": "DATE"}}, []),
        ({**COLUMNS, "n": {"a": "BIGINT"}}, []),
    ],
)
def test_a_lost_or_retyped_column_is_found_and_a_new_one_is_fine(
    columns: dict[str, Any], names: list[str]
) -> None:
    found = bad(profile(columns=columns))
    assert [finding.name for finding in found] == names
    assert all(finding.acceptable for finding in found)


def test_what_cannot_be_measured_is_an_error_and_cannot_be_accepted() -> None:
    months = NotMeasured("CatalogException: no such table")
    found = bad(profile(months=months, events=NotMeasured("BinderException: no such column")))
    assert [(one.name, one.verdict) for one in found] == [
        ("closing_mrr", "error"),
        ("customers", "error"),
        ("restated_mrr", "error"),
        ("restated_customers", "error"),
        ("freshness", "error"),
    ]
    assert not any(one.acceptable for one in found)
    assert all(one.is_blocking for one in found)


def test_a_mart_with_hardly_any_check_cannot_be_accepted() -> None:
    [finding] = bad(profile(checks={"m": 2}))
    assert (finding.name, finding.acceptable) == ("checks.m", False)


@pytest.mark.parametrize(
    ("days", "verdict"), [(1, "passed"), (8, "passed"), (9, "warning"), (62, "warning"), (63, "failed")]
)
def test_old_deliveries_warn_then_fail(days: int, verdict: str) -> None:
    as_of = profile().as_of
    deliveries = {"generic/subscription_periods": as_of - timedelta(days=days)}
    release = profile(as_of_is_given=False, deliveries=deliveries)
    [finding] = [one for one in evaluate(release, None, LIMITS) if one.family == "freshness"]
    assert (finding.name, finding.verdict) == ("freshness.generic/subscription_periods", verdict)
    assert f"{days} days before as_of" in finding.observed
    given = replace(release, as_of_is_given=True)
    assert not [one for one in evaluate(given, None, LIMITS) if one.family == "freshness"]


@pytest.mark.parametrize(
    ("matches", "names"),
    [
        ({("stripe", "customers"): (20, 10)}, []),
        ({("stripe", "customers"): (20, 9)}, ["identity.stripe"]),
        ({("stripe", "customers"): (19, 0)}, []),
        ({("generic", "contacts"): (100, 0), ("zendesk", "accounts"): (100, 0)}, []),
    ],
)
def test_customers_without_a_crm_account_need_a_person(
    matches: dict[tuple[str, str], tuple[int, int]], names: list[str]
) -> None:
    found = bad(profile(matches={("salesforce", "accounts"): (50, 50), **matches}))
    assert [finding.name for finding in found] == names
    assert all(finding.acceptable and finding.is_blocking for finding in found)


def test_customers_need_no_account_while_no_crm_has_any() -> None:
    assert bad(profile(matches={("stripe", "customers"): (20, 0)})) == []


def test_old_events_warn() -> None:
    newest = datetime(2024, 10, 1)  # noqa: DTZ001 - as the marts have it: UTC without a zone
    [finding] = bad(profile(events={"fct_mrr_movements.occurred_at": newest}))
    assert (finding.verdict, finding.observed) == ("warning", "newest 92 days before as_of")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("max_drop: 0.3", "max_drop: 3", "rows: max_drop is from 0 to 1"),
        ("max_drop: 0.3", "max_dorp: 0.3", "unknown max_dorp"),
        ("min_match_rate: 0.5", "min_match_rate: 50", "identity.min_match_rate: a share is from 0 to 1"),
        ("warn_after_days: 62", "warn_days: 62", "unknown warn_days"),
        ("suites:", "suits:", "unknown suits"),
        ("rows:", "rows: [", "cannot be read"),
    ],
)
def test_limits_that_cannot_work_are_told(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    text = GATE_FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "gate.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AuditError) as caught:
        load_limits(tmp_path / "gate.yml")
    assert complaint in str(caught.value)


def test_limits_name_what_there_is() -> None:
    contracts = declared_contracts()
    assert set(LIMITS.rows_of) <= set(contracts)
    for name in LIMITS.events:
        mart, _, column = name.partition(".")
        assert column in contracts[mart].columns
    assert json.loads(json.dumps(sorted(LIMITS.deliveries)))[0] == "generic/accounts"
