"""A release that differs too much from the previous one waits for a person. A broken rule blocks it."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from orchestration.core.errors import AuditError, SettingsError
from orchestration.core.settings import Settings
from orchestration.quality.gate import personal_findings
from orchestration.releases import current_release_id, list_releases, publish, rollback
from orchestration.releases.acceptance import accept_findings, parse_acceptances
from orchestration.releases.history import current_manifest
from orchestration.releases.manifest import read_manifest, write_manifest
from tests.unit.release_case import make_candidate, make_release

BASE = {"2024-11-01": ("1000.0000", 100), "2024-12-01": ("1100.0000", 110)}


def test_a_text_that_equals_a_name_waits_for_acceptance_once(settings: Settings) -> None:
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
    # The acceptance applies to later releases, but to no other finding.
    assert accept_findings(settings, [finding], "1-one") == [entry]
    assert accept_findings(settings, [replace(finding, name="personal.dim_accounts.segment")], "1-one") == []


def test_a_jump_blocks_a_release_until_a_person_accepts_it(settings: Settings) -> None:
    make_release(settings, "1-one", months=BASE)
    with pytest.raises(AuditError) as caught:
        make_release(settings, "2-two", months={**BASE, "2024-12-01": ("110.0000", 110)})
    message = str(caught.value)
    assert "closing_mrr: from 1,100 to 110 (-90%); expected between -25% and +150%" in message
    assert 'csw publish 2-two --accept "closing_mrr: <reason>"' in message
    assert current_release_id(settings) == "1-one"
    assert list(settings.runs.iterdir()) == []
    # Publishing again, a rollback or the acceptance of another finding does not bypass the gate.
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
    # After one acceptance, the release can be rolled back and restored.
    rollback(settings)
    assert rollback(settings, "2-two").changed


def test_a_run_can_accept_in_advance(settings: Settings) -> None:
    make_release(settings, "1-one", months=BASE)
    accepting = replace(settings, accept={"closing_mrr": "known", "customers": "not needed"})
    make_release(accepting, "2-two", months={**BASE, "2024-12-01": ("110.0000", 110)})
    manifest = current_manifest(settings)
    assert manifest is not None
    assert manifest["release_id"] == "2-two"
    assert [entry["name"] for entry in manifest["gate"]["accepted"]] == ["closing_mrr"]


def test_a_removed_column_needs_accept_schema_change(settings: Settings) -> None:
    make_release(settings, "1-one")
    lost = "alter table marts.dim_accounts drop column industry"
    with pytest.raises(AuditError, match=r"schema\.dim_accounts: removed: industry"):
        make_release(settings, "2-two", change=lost)
    assert publish(settings, "2-two", accept=parse_acceptances([], schema_change=True)).changed


def test_an_edited_record_does_not_open_the_gate(settings: Settings) -> None:
    """Publishing measures the file again, so a record without findings does not open the gate."""
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


def test_a_release_that_never_passed_the_gate_is_refused(settings: Settings) -> None:
    with pytest.raises(AuditError, match="never passed the gate"):
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
    with pytest.raises(SettingsError, match=r"no finding 'closing_mr'. Did you mean 'closing_mrr'\?"):
        parse_acceptances(["closing_mr: two resellers joined"])
