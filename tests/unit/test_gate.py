"""What differs too much from the release before waits for a person; what breaks a rule waits for nobody."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import AuditError, SettingsError
from orchestration.core.settings import Settings
from orchestration.dbt_runner.mart_contract import MartColumn, load_mart_contracts
from orchestration.quality.facts import Month, ReleaseFacts
from orchestration.quality.gate import FAMILIES, Finding, judge, personal_findings
from orchestration.quality.limits import GATE_FILE, load_limits
from orchestration.releases import current_release_id, list_releases, publish, rollback
from orchestration.releases.acceptance import accept_findings, parse_acceptances
from orchestration.releases.history import current_manifest
from orchestration.releases.manifest import read_manifest, write_manifest
from tests.unit.release_case import make_candidate, make_release

LIMITS = load_limits()
CONTRACTS = {"m": {"a": MartColumn("bigint"), "b": MartColumn("decimal(18, 4)")}}
COLUMNS = {"m": {"a": "BIGINT", "b": "DECIMAL(18,4)"}}
BASE = {"2024-11-01": ("1000.0000", 100), "2024-12-01": ("1100.0000", 110)}


def month(day: str, closing: str, customers: int, *, is_complete: bool = True) -> Month:
    return Month(datetime.fromisoformat(day).date(), is_complete, Decimal(closing), customers)


def facts(**changes: Any) -> ReleaseFacts:
    base = ReleaseFacts(
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


def bad(release: ReleaseFacts, previous: ReleaseFacts | None = None) -> list[Finding]:
    found = judge(release, previous or facts(), LIMITS, CONTRACTS)
    return [finding for finding in found if finding.verdict != "passed"]


def test_two_like_releases_pass_and_the_first_one_too() -> None:
    found = judge(facts(), facts(), LIMITS, CONTRACTS)
    elsewhere = {"freshness", "personal", "reconciliation"}
    assert {finding.family for finding in found} == set(FAMILIES) - elsewhere
    assert {finding.verdict for finding in found} == {"passed"}
    assert bad(facts(), None) == []


@pytest.mark.parametrize(
    ("change", "name", "observed"),
    [
        ({"rows": {"m": 699}}, "rows.m", "from 1,000 to 699 rows (-30%)"),
        ({"rows": {"m": 4001}}, "rows.m", "from 1,000 to 4,001 rows (+300%)"),
        ({"rows": {"m": 0}}, "rows.m", "from 1,000 to 0 rows (-100%)"),
        ({"checks": {"m": 4}}, "checks.m", "4 checks, 5 in the release before"),
    ],
)
def test_a_changed_count_needs_a_person(change: dict[str, Any], name: str, observed: str) -> None:
    [finding] = bad(facts(**change))
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
    assert [finding.name for finding in bad(facts(months=months))] == names


def test_a_restated_closed_month_needs_a_person_however_the_latest_looks() -> None:
    months = (month("2024-11-01", "700", 60), month("2024-12-01", "1100", 110))
    found = {finding.name: finding.observed for finding in bad(facts(months=months))}
    assert found == {
        "restated_mrr": "from 1,000 to 700 in 2024-11 (-30%)",
        "restated_customers": "from 100 to 60 in 2024-11 (-40%)",
    }


def test_few_rows_and_few_customers_are_not_compared() -> None:
    small = facts(rows={"m": 49}, months=(month("2024-12-01", "100", 19),))
    assert bad(facts(rows={"m": 1}, months=(month("2024-12-01", "1", 1),)), small) == []


QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"policies": {"discount_policy": "none"}}, "other policies: discount_policy"),
    ({"as_of": datetime(2024, 6, 1, tzinfo=UTC)}, "an earlier as_of"),
    ({"known_at": "2024-06-01T00:00:00+00:00"}, "a replay"),
]
RESTATED = (month("2024-11-01", "700", 100), month("2024-12-01", "1100", 110))


@pytest.mark.parametrize(("change", "reason"), QUESTIONS)
def test_an_experiment_is_compared_with_warnings(change: dict[str, Any], reason: str) -> None:
    found = bad(facts(rows={"m": 10}, months=RESTATED, is_experiment=True, **change))
    assert [(one.name, one.verdict, one.is_blocking) for one in found] == [
        ("rows.m", "warning", False),
        ("restated_mrr", "warning", False),
    ]
    assert found[0].observed == f"from 1,000 to 10 rows (-99%) ({reason})"


@pytest.mark.parametrize(("change", "reason"), QUESTIONS)
def test_books_that_change_keep_to_the_limits(change: dict[str, Any], reason: str) -> None:
    """Of another time only what is no closed month may differ unasked."""
    found = bad(facts(rows={"m": 10}, months=RESTATED, **change))
    verdict = "failed" if "policies" in change else "warning"
    assert [(one.name, one.verdict) for one in found] == [("rows.m", verdict), ("restated_mrr", "failed")]
    assert all(one.acceptable and one.observed.endswith(f"({reason})") for one in found)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"m": {"a": "BIGINT"}}, ["schema.m", "contract.m"]),
        ({"m": {"a": "VARCHAR", "b": "DECIMAL(18,4)"}}, ["schema.m", "contract.m"]),
        ({}, ["schema.m", "contract.m"]),
        ({"m": {**COLUMNS["m"], "c": "DATE"}}, ["contract.m"]),
        ({**COLUMNS, "n": {"a": "BIGINT"}}, ["contract.n"]),
    ],
)
def test_a_lost_or_retyped_column_is_found_and_a_new_one_is_fine(
    columns: dict[str, Any], names: list[str]
) -> None:
    found = bad(facts(columns=columns))
    assert [finding.name for finding in found] == names
    assert {finding.name: finding.acceptable for finding in found} == {
        name: name.startswith("schema") for name in names
    }


def test_what_cannot_be_measured_raises_and_cannot_be_accepted() -> None:
    found = bad(facts(months="CatalogException: no such table", events="BinderException: no such column"))
    assert [(one.name, one.verdict) for one in found] == [
        ("closing_mrr", "raised"),
        ("customers", "raised"),
        ("restated_mrr", "raised"),
        ("restated_customers", "raised"),
        ("freshness", "raised"),
    ]
    assert not any(one.acceptable for one in found)
    assert all(one.is_blocking for one in found)


def test_a_mart_with_hardly_any_check_cannot_be_accepted() -> None:
    [finding] = bad(facts(checks={"m": 2}))
    assert (finding.name, finding.acceptable) == ("checks.m", False)


@pytest.mark.parametrize(
    ("days", "verdict"), [(1, "passed"), (8, "passed"), (9, "warning"), (62, "warning"), (63, "failed")]
)
def test_old_deliveries_warn_then_fail(days: int, verdict: str) -> None:
    as_of = facts().as_of
    deliveries = {"generic/subscription_periods": as_of - timedelta(days=days)}
    release = facts(as_of_is_given=False, deliveries=deliveries)
    [finding] = [one for one in judge(release, None, LIMITS, CONTRACTS) if one.family == "freshness"]
    assert (finding.name, finding.verdict) == ("freshness.generic/subscription_periods", verdict)
    assert f"{days} days before as_of" in finding.observed
    given = replace(release, as_of_is_given=True)
    assert not [one for one in judge(given, None, LIMITS, CONTRACTS) if one.family == "freshness"]


def test_old_events_warn() -> None:
    newest = datetime(2024, 10, 1)  # noqa: DTZ001 - as the marts have it: UTC without a zone
    [finding] = bad(facts(events={"fct_mrr_movements.occurred_at": newest}))
    assert (finding.verdict, finding.observed) == ("warning", "newest 92 days before as_of")


def test_a_text_that_is_somebodys_name_waits_for_a_person_once(settings: Settings) -> None:
    assert [one.verdict for one in personal_findings({})] == ["passed"]
    [finding] = personal_findings({("dim_accounts", "industry"): 3})
    assert finding.name == "personal.dim_accounts.industry"
    assert finding.is_blocking
    accept = {"personal.dim_accounts.industry": "it is an industry"}
    [entry] = accept_findings(replace(settings, accept=accept), [finding], None)
    make_release(settings, "1-one", months=BASE)
    folder = settings.releases / "1-one"
    manifest = read_manifest(folder)
    (folder / "manifest.json").chmod(0o644)
    write_manifest(folder, {**manifest, "gate": {**manifest["gate"], "accepted": [entry]}})
    # It holds for the releases that follow, and for nothing else.
    assert accept_findings(settings, [finding], "1-one") == [entry]
    assert accept_findings(settings, [replace(finding, name="personal.dim_accounts.segment")], "1-one") == []


def test_a_jump_keeps_a_release_back_until_a_person_accepts_it(settings: Settings) -> None:
    make_release(settings, "1-one", months=BASE)
    with pytest.raises(AuditError) as caught:
        make_release(settings, "2-two", months={**BASE, "2024-12-01": ("110.0000", 110)})
    message = str(caught.value)
    assert "closing_mrr: from 1,100 to 110 (-90%); expected between -25% and +150%" in message
    assert 'csw publish 2-two --accept "closing_mrr: <reason>"' in message
    assert current_release_id(settings) == "1-one"
    assert list(settings.runs.iterdir()) == []
    # Neither publishing again nor a rollback is a way round it, nor accepting something else.
    attempts: tuple[Callable[[], object], ...] = (
        lambda: publish(settings, "2-two"),
        lambda: rollback(settings, "2-two"),
        lambda: publish(settings, "2-two", accept={"customers": "fewer"}),
    )
    for attempt in attempts:
        with pytest.raises(AuditError, match="differs more than the limits allow"):
            attempt()
    assert read_manifest(settings.releases / "2-two")["gate"]["accepted"] == []
    assert [(one.release_id, one.waits_for) for one in list_releases(settings)] == [
        ("1-one", ()),
        ("2-two", ("closing_mrr",)),
    ]

    assert publish(settings, "2-two", accept={"closing_mrr": "the big customer left"}).changed
    manifest = current_manifest(settings)
    assert manifest is not None
    [entry] = manifest["gate"]["accepted"]
    assert (entry["name"], entry["reason"]) == ("closing_mrr", "the big customer left")
    assert entry["by"] == getpass.getuser()
    assert abs(datetime.now(UTC) - datetime.fromisoformat(entry["at"])) < timedelta(minutes=5)
    assert manifest["gate"]["verdicts"]["failed"] == 1
    assert (settings.current / "manifest.json").stat().st_mode & 0o777 == 0o444
    assert not any(one.waits_for for one in list_releases(settings))
    # Accepted once, it can be taken back and brought back.
    rollback(settings)
    assert rollback(settings, "2-two").changed


def test_a_run_can_accept_beforehand(settings: Settings) -> None:
    make_release(settings, "1-one", months=BASE)
    accepting = replace(settings, accept={"closing_mrr": "known", "customers": "not needed"})
    make_release(accepting, "2-two", months={**BASE, "2024-12-01": ("110.0000", 110)})
    manifest = current_manifest(settings)
    assert manifest is not None
    assert manifest["release_id"] == "2-two"
    assert [entry["name"] for entry in manifest["gate"]["accepted"]] == ["closing_mrr"]


def test_a_lost_column_needs_its_own_word(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_release(settings, "1-one")
    contracts = {mart: dict(columns) for mart, columns in load_mart_contracts().items()}
    del contracts["dim_accounts"]["industry"]
    monkeypatch.setattr("orchestration.releases.acceptance.load_mart_contracts", lambda: contracts)
    lost = "alter table marts.dim_accounts drop column industry"
    with pytest.raises(AuditError, match=r"schema\.dim_accounts: removed: industry"):
        make_release(settings, "2-two", change=lost)
    assert publish(settings, "2-two", accept=parse_acceptances([], schema_change=True)).changed


def test_what_breaks_the_contract_never_becomes_a_release(settings: Settings) -> None:
    make_release(settings, "1-one")
    extra = "alter table marts.dim_accounts add column secret varchar"
    accepting = replace(settings, accept={"contract": "please"})
    with pytest.raises(AuditError, match=r"contract\.dim_accounts: differs in secret"):
        make_release(accepting, "2-two", change=extra)
    assert [path.name for path in settings.releases.iterdir()] == ["1-one"]


def test_a_record_that_is_edited_changes_nothing(settings: Settings) -> None:
    """Publishing measures the file again: a record without findings does not open the gate."""
    make_release(settings, "1-one", months=BASE)
    candidate = make_candidate(settings, "2-two", months={**BASE, "2024-12-01": ("110.0000", 110)})
    gate = candidate.noted("gate")["gate"]
    harmless = [{**one, "outcome": "passed"} for one in gate["findings"]]
    with pytest.raises(AuditError, match="closing_mrr: from 1,100 to 110"):
        make_release(
            settings,
            "3-three",
            months={**BASE, "2024-12-01": ("110.0000", 110)},
            gate={**gate, "findings": harmless},
        )


def test_a_release_that_never_came_before_the_gate_is_refused(settings: Settings) -> None:
    with pytest.raises(AuditError, match="never came before the gate"):
        publish_without_gate(settings)
    assert current_release_id(settings) is None


def publish_without_gate(settings: Settings) -> None:
    from orchestration.releases.manifest import write_manifest

    make_release(settings, "1-one")
    settings.current.unlink()
    folder = settings.releases / "1-one"
    content = dict(read_manifest(folder))
    del content["gate"]
    write_manifest(folder, content)
    publish(settings, "1-one")


def test_acceptances_have_a_name_and_a_reason() -> None:
    assert parse_acceptances(["rows.m: new mart: all fine"]) == {"rows.m": "new mart: all fine"}
    assert set(parse_acceptances([], schema_change=True)) == {"schema"}
    for wrong in ("closing_mrr", "closing_mrr:", ": reason"):
        with pytest.raises(SettingsError, match="name: reason"):
            parse_acceptances([wrong])
    with pytest.raises(SettingsError, match=r"called 'closing_mr'. Did you mean 'closing_mrr'\?"):
        parse_acceptances(["closing_mr: two resellers joined"])


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("max_drop: 0.3", "max_drop: 3", "rows: max_drop is from 0 to 1"),
        ("max_drop: 0.3", "max_dorp: 0.3", "unknown max_dorp"),
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
    contracts = load_mart_contracts()
    assert set(LIMITS.rows_of) <= set(contracts)
    for name in LIMITS.events:
        mart, _, column = name.partition(".")
        assert column in contracts[mart]
    assert json.loads(json.dumps(sorted(LIMITS.deliveries)))[0] == "generic/accounts"
