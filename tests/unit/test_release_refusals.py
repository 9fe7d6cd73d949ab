"""The gate: a release that is not complete, audited and unmodified never becomes current."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestration.core.errors import AuditError, PublishError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.pipeline.steps import publish_step
from orchestration.releases import current_release_id, list_releases, publish
from orchestration.releases.candidate import open_candidate
from tests.unit.release_case import (
    edit_manifest,
    make_candidate,
    make_release,
    make_report,
    unpublish,
)


def test_a_failed_audit_publishes_nothing_and_names_mart_check_and_figures(settings: Settings) -> None:
    make_release(settings, "1-one")
    with pytest.raises(AuditError, match=r"mrr_monthly\.\w+: expected 0 rows, found 3 of 120 rows"):
        make_release(settings, "2-two", report=make_report("mrr_monthly"))
    assert current_release_id(settings) == "1-one"
    assert [one.release_id for one in list_releases(settings)] == ["1-one"]


@pytest.mark.parametrize("file", ["marts.duckdb", "parquet/mrr_monthly.parquet", "warehouse.duckdb"])
def test_a_file_changed_after_the_audit_is_refused(settings: Settings, file: str) -> None:
    make_release(settings, "1-one")
    unpublish(settings)
    path = settings.releases / "1-one" / file
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(PublishError, match=f"{file} was changed after the audit"):
        publish(settings, "1-one")
    assert current_release_id(settings) is None


@pytest.mark.parametrize("change", ["add", "remove"])
def test_a_release_with_other_files_than_it_lists_is_refused(settings: Settings, change: str) -> None:
    make_release(settings, "1-one")
    unpublish(settings)
    folder = settings.releases / "1-one"
    if change == "add":
        (folder / "marts.duckdb.wal").write_bytes(b"")
    else:
        (folder / "parquet" / "mrr_monthly.parquet").unlink()
    with pytest.raises(PublishError, match="does not contain the files"):
        publish(settings, "1-one")


def test_an_edited_manifest_is_refused(settings: Settings) -> None:
    make_release(settings, "1-one")
    unpublish(settings)
    path = settings.releases / "1-one" / "manifest.json"
    path.chmod(0o600)
    path.write_text(path.read_text().replace('"sequence": 1', '"sequence": 7'))
    with pytest.raises(PublishError, match="was modified after the run"):
        publish(settings, "1-one")


def fail_a_check(audit: dict[str, Any]) -> None:
    blocking = next(one for one in audit["results"] if one["severity"] == "error")
    blocking["outcome"] = "failed"


def leave_a_warning_not_evaluated(audit: dict[str, Any]) -> None:
    audit["results"][0] |= {"outcome": "error", "severity": "warning"}


def drop_a_result(audit: dict[str, Any]) -> None:
    audit["results"].pop()


def drop_a_result_and_count_again(audit: dict[str, Any]) -> None:
    audit["results"].pop()
    audit["declared"] = audit["evaluated"] = len(audit["results"])


def drop_a_mart(audit: dict[str, Any]) -> None:
    audit["results"] = [one for one in audit["results"] if one["mart"] != "mrr_monthly"]
    audit["declared"] = audit["evaluated"] = len(audit["results"])


def change_a_suite(audit: dict[str, Any]) -> None:
    audit["suite_digests"]["mrr_monthly"] = "0" * 64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (fail_a_check, "did not pass its audit"),
        (leave_a_warning_not_evaluated, "did not pass its audit"),
        (drop_a_result, "checks are declared"),
        (drop_a_result_and_count_again, "audited with other checks than the current ones"),
        (drop_a_mart, "no check covers these marts: mrr_monthly"),
        (change_a_suite, "audited with other suites"),
    ],
)
def test_publishing_evaluates_the_recorded_audit_again(
    settings: Settings, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    make_release(settings, "1-one")
    unpublish(settings)
    edit_manifest(settings, "1-one", lambda content: change(content["audit"]))
    with pytest.raises(AuditError, match=message):
        publish(settings, "1-one")


def test_a_release_that_dbt_did_not_finish_is_refused(settings: Settings) -> None:
    with pytest.raises(AuditError, match="the dbt build is incomplete"):
        make_release(settings, "1-one", dbt={"results": {"success": 9, "skipped": 1}, "checks_passed": 7})
    assert current_release_id(settings) is None


def test_an_outdated_candidate_is_refused(settings: Settings) -> None:
    make_release(settings, "1-one")
    candidate = make_candidate(settings, "2-slow")
    make_release(settings, "3-quick")
    with (
        hold_lock(settings.lock_file, "a test") as lock,
        pytest.raises(PublishError, match="3-quick was published"),
    ):
        publish_step(settings, candidate, lock)
    assert current_release_id(settings) == "3-quick"


def test_a_step_without_the_previous_step_is_refused(settings: Settings) -> None:
    candidate = open_candidate(settings, "nothing")
    with (
        hold_lock(settings.lock_file, "a test") as lock,
        pytest.raises(PublishError, match="not completed the earlier steps"),
    ):
        publish_step(settings, candidate, lock)
