"""Companion processes: they parse the project and audit beside a run, and end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.core.companion import Companion
from orchestration.core.errors import AuditError, BuildError
from orchestration.core.settings import Settings
from orchestration.dbt_runner import builder
from orchestration.dbt_runner.parsing import is_prepared, parsed_project
from orchestration.dbt_runner.version import dbt_version
from orchestration.quality import audit_marts, auditor
from orchestration.releases.candidate import open_candidate
from tests.shared import declared_suites
from tests.unit.release_case import make_release


def test_a_companion_ends_when_its_process_is_killed() -> None:
    starts = (
        "import time\nfrom orchestration.core.companion import Companion\n"
        "print(Companion('orchestration.quality.auditor')._process.pid, flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        companion = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{companion}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{companion}").exists()


def test_an_audit_in_the_companion_finds_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_release(settings, "1-one")
    marts = settings.releases / "1-one" / "marts.duckdb"
    monkeypatch.setattr(auditor, "_LIBRARY", "not imported")
    monkeypatch.setattr(auditor, "_companion", None)
    auditor.warm_up()
    companion = auditor._companion
    assert companion is not None
    auditor.warm_up()
    assert auditor._companion is companion
    seen: list[str] = []
    report = auditor.audit(marts, declared_suites(), progress=seen.append)
    assert report == audit_marts(marts, declared_suites())
    assert "mrr_monthly" in seen
    with pytest.raises(AuditError, match=r"no marts file at .*Export the marts first"):
        auditor.audit(tmp_path / "nothing.duckdb", declared_suites())
    companion.stop()
    assert not companion.is_alive


def test_a_companion_that_dies_fails_the_audit(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Companion, "is_alive", True)
    companion = Companion("orchestration.core.wording")
    monkeypatch.setattr(auditor, "_companion", companion)
    with pytest.raises(AuditError, match="The process of the audit died"):
        auditor.audit(settings.home / "marts.duckdb", {})
    companion.stop()


def test_the_project_is_parsed_and_built_beside_a_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(builder, "_LIBRARY", "not imported")
    with builder.dbt_beside(settings):
        assert not is_prepared(settings, dbt_version())
        builder.wait_for_parsing(settings)
        assert is_prepared(settings, dbt_version())
        assert not is_prepared(settings, dbt_version(), unit_tests=True)
        project = parsed_project(settings)
        assert project.unit_tests == {}
        skipped = next(node.name for node in project.nodes.values() if node.resource_type == "test")
        events: list[str] = []
        with pytest.raises(BuildError, match=r"dbt: \d+ of \d+ models and tests failed"):
            builder.build(
                settings,
                tmp_path / "warehouse.duckdb",
                skip={skipped},
                on_event=lambda event: events.append(event["info"]["name"]),
            )
        assert "LogModelResult" in events
        companion = builder._companion
        assert companion is not None
        companion._process.kill()
        companion.wait()
        monkeypatch.setattr(Companion, "is_alive", True)
        with pytest.raises(BuildError, match="The process of the build died"):
            builder.build(settings, tmp_path / "warehouse.duckdb")
    assert builder._companion is None


def test_the_seconds_of_the_steps_add_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.5, 13.0, 17.0, 17.25])
    monkeypatch.setattr("orchestration.releases.candidate.time.monotonic", lambda: next(clock))
    candidate = open_candidate(settings, "one")
    candidate.begin(started=9.0)
    for step in ("land", "load", "build", "load"):
        candidate.lap(step)
    seconds = candidate.noted("seconds")["seconds"]
    assert seconds == {"start": 1.0, "land": 2.5, "load": 0.75, "build": 4.0}
    assert sum(seconds.values()) == 17.25 - 9.0


def test_the_time_between_processes_does_not_count(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0, 101.0, 900.0, 903.0])
    monkeypatch.setattr("orchestration.releases.candidate.time.monotonic", lambda: next(clock))
    candidate = open_candidate(settings, "one")
    candidate.begin()
    candidate.resume()
    candidate.lap("build")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    candidate.resume()
    candidate.lap("audit")
    assert candidate.noted("seconds")["seconds"] == {"build": 1.0, "audit": 3.0}
