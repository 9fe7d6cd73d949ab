"""If Dagster is killed during a run, it notices, retries and alerts. It also deletes old records."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorType, TickStatus
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from sqlalchemy import event
from sqlalchemy.engine import Engine

from orchestration.core.lock import hold_lock, holder
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dagster_defs.instance import open_instance, prepare_instance
from orchestration.dagster_defs.launcher import WarehouseRunLauncher, purpose_of
from orchestration.maintenance import clean_up
from orchestration.releases import current_release_id
from tests.conftest import fingerprint_of_current
from tests.faults.conftest import Undisturbed, marts_of_current
from tests.runs import run_to_the_end

pytestmark = pytest.mark.integration

PATIENCE = 400
OLD = timedelta(days=100)


@pytest.mark.slow
def test_a_restarted_daemon_restarts_a_killed_run(home: Settings, undisturbed: Undisturbed) -> None:
    _wait_less(home)
    before = fingerprint_of_current(home)
    killed = _kill_in_the_midst(home)
    assert fingerprint_of_current(home) == before
    with open_instance(home) as instance:
        assert _run(instance, killed).status == dg.DagsterRunStatus.STARTED
        with _daemon(home) as daemon:
            again = _until(lambda: _repeats(instance, killed))
            _until(lambda: _held_by(home) == purpose_of(again.run_id))
            _until(lambda: list(home.alerts.glob("*.json")))
            # The slow test shows that a repeated run publishes. Here the repeated run is killed too.
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()
        assert _run(instance, killed).status == dg.DagsterRunStatus.FAILURE
    assert [path.name.endswith(f"-{killed}.json") for path in home.alerts.glob("*.json")] == [True]
    _until(lambda: _held_by(home) is None)
    run_to_the_end(home, "good", undisturbed.audited)
    assert marts_of_current(home) == undisturbed.marts


@pytest.mark.slow
def test_a_restarted_daemon_finishes_the_work(home: Settings, undisturbed: Undisturbed) -> None:
    _wait_less(home)
    before = fingerprint_of_current(home)
    killed = _kill_in_the_midst(home)
    with _daemon(home), open_instance(home) as instance:
        _until(lambda: current_release_id(home) != before["target"].rpartition("/")[2])
        again = _until(lambda: _repeats(instance, killed))
        _until(lambda: _run(instance, again.run_id).is_finished)
        has_old_tick = _add_old_tick(instance, "new_landing_files")
        _until(lambda: not has_old_tick())
        assert _run(instance, killed).status == dg.DagsterRunStatus.FAILURE
        assert _run(instance, again.run_id).status == dg.DagsterRunStatus.SUCCESS
    assert marts_of_current(home) == undisturbed.marts


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CSW_HOME", str(tmp_path))
    return load_settings(tmp_path)


def test_the_instance_has_the_documented_settings(settings: Settings) -> None:
    with open_instance(settings) as instance:
        assert isinstance(instance.run_launcher, WarehouseRunLauncher)
        assert instance.run_launcher.grace_seconds == 120
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_max_runtime_seconds == 6 * 3600
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 2
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.freshness_enabled
        assert not instance.telemetry_enabled
        assert instance.get_tick_retention_settings(InstigatorType.SCHEDULE) == dict.fromkeys(TickStatus, 90)
        assert instance.get_tick_retention_settings(InstigatorType.SENSOR) == {
            TickStatus.SKIPPED: 7,
            TickStatus.STARTED: 30,
            TickStatus.FAILURE: 30,
            TickStatus.SUCCESS: 90,
        }


def test_events_are_written_in_order_on_one_connection(settings: Settings) -> None:
    opened: Counter[str] = Counter()

    def count(connection: sqlite3.Connection, _: object) -> None:
        opened[Path(connection.execute("pragma database_list").fetchone()[2]).name] += 1

    with open_instance(settings) as instance:
        event.listen(Engine, "connect", count)
        try:
            run_id = idle.execute_in_process(instance=instance).run_id
        finally:
            event.remove(Engine, "connect", count)
        events = instance.event_log_storage
        assert isinstance(events, SqlEventLogStorage)
        with events.index_connection() as connection:
            assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("pragma synchronous").scalar() == 1
        assert len(instance.all_logs(run_id)) > 5
    # Dagster's own storage would open them for each event. It opens a new database five times.
    assert opened["index.db"] <= 1
    assert 1 <= opened[f"{run_id}.db"] <= 6


def test_only_an_edited_copy_of_the_settings_stays(settings: Settings) -> None:
    prepare_instance(settings)
    copy = settings.dagster / "dagster.yaml"
    shipped = copy.read_text(encoding="utf-8")
    assert "WarehouseRunLauncher" in shipped
    # The state that an older version of the project left.
    for path in (copy, settings.dagster / ".dagster.yaml.copied"):
        path.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    prepare_instance(settings)
    assert copy.read_text(encoding="utf-8") == shipped
    copy.write_text(shipped.replace("max_retries: 2", "max_retries: 5"), encoding="utf-8")
    prepare_instance(settings)
    assert "max_retries: 5" in copy.read_text(encoding="utf-8")


def test_only_a_run_without_lock_and_word_is_dead(settings: Settings) -> None:
    with open_instance(settings) as instance:
        silent, working = (
            instance.create_run_for_job(idle, status=dg.DagsterRunStatus.STARTED) for _ in range(2)
        )
        for run in (silent, working):
            instance.report_engine_event("begun", run)
        launcher = instance.run_launcher
        assert isinstance(launcher, WarehouseRunLauncher)
        assert _monitor(instance) == {}, "both have said something a moment ago"
        launcher.grace_seconds = 0
        with hold_lock(settings.lock_file, purpose_of(working.run_id)):
            failed = _monitor(instance)
        assert set(failed) == {silent.run_id}
        assert "does not hold the lock" in failed[silent.run_id]
        assert _run(instance, working.run_id).status == dg.DagsterRunStatus.STARTED


def test_records_of_old_runs_go_with_gc(settings: Settings) -> None:
    with open_instance(settings) as instance:
        old = idle.execute_in_process(instance=instance).run_id
    later = datetime.now(UTC) + OLD
    for path in (settings.dagster / "history" / "runs").glob("*.db"):
        assert path.stat().st_mtime < later.timestamp()
    assert not [one for one in clean_up(settings).removed if one.kind == "run record"]
    removed = [one for one in clean_up(settings, now=later).removed if one.kind == "run record"]
    assert [one.name for one in removed] == [old]
    assert removed[0].bytes > 0
    assert not list((settings.dagster / "history" / "runs").glob(f"{old}*"))
    with open_instance(settings) as instance:
        assert instance.get_run_by_id(old) is None


@contextmanager
def _daemon(home: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "CSW_HOME": str(home.home),
        "CSW_AS_OF": home.as_of.isoformat(),
        "CSW_AUTOMATIC_RUNS": "on",
        "DAGSTER_HOME": str(home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "orchestration.dagster_defs.definitions"]
    with (home.home / "daemon.log").open("ab") as log:
        daemon = subprocess.Popen(
            command, cwd=PROJECT_DIR, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield daemon
    finally:
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGINT)
            try:
                daemon.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()


def _until(look: Callable[[], Any]) -> Any:
    """The first result of `look` that is not empty."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.2)
    return found


def _wait_less(home: Settings) -> None:
    """Edit only the waits in the settings, as an operator would."""
    prepare_instance(home)
    config = home.dagster / "dagster.yaml"
    text = config.read_text(encoding="utf-8")
    for setting, value in (("poll_interval_seconds", 2), ("grace_seconds", 5)):
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f"{setting}:")]
        text = text.replace(line, f"{line.partition(':')[0]}: {value}")
    config.write_text(text, encoding="utf-8")


def _kill_in_the_midst(home: Settings) -> str:
    """Kill a daemon and all its processes while a run builds; returns the id of the run."""
    with _daemon(home) as daemon:
        _until(lambda: list(home.runs.glob("*/warehouse.duckdb")))
        purpose = str(_held_by(home))
        killed = purpose.removeprefix("Dagster run ")
        assert purpose == purpose_of(killed)
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()
    _until(lambda: _held_by(home) is None)
    return killed


def _held_by(home: Settings) -> str | None:
    held = holder(home.lock_file)
    return held.purpose if held else None


def _run(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def _repeats(instance: dg.DagsterInstance, killed: str) -> dg.DagsterRun | None:
    """The run that repeats `killed`, once there is one."""
    return next((run for run in instance.get_runs() if run.parent_run_id == killed), None)


def _add_old_tick(instance: dg.DagsterInstance, sensor: str) -> Callable[[], bool]:
    """Record an old tick; returns whether it is there."""
    (state,) = [one for one in instance.all_instigator_state() if one.name == sensor]
    names = (state.instigator_origin_id, state.selector_id)
    before = (datetime.now(UTC) - OLD / 2).timestamp()
    tick = instance.get_ticks(*names, limit=1)[0].tick_data
    moment = (datetime.now(UTC) - OLD).timestamp()
    instance.create_tick(tick._replace(timestamp=moment, status=TickStatus.SKIPPED))
    assert instance.get_ticks(*names, before=before)
    return lambda: bool(instance.get_ticks(*names, before=before))


def _monitor(instance: dg.DagsterInstance) -> dict[str, str]:
    """One round of Dagster's monitoring; returns its messages about the runs that it gave up."""
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        trouble = list(execute_run_monitoring_iteration(workspace, logging.getLogger("monitoring")))
    assert trouble == [None] * len(trouble)
    failed = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    return {run.run_id: str([entry.message for entry in instance.all_logs(run.run_id)]) for run in failed}


@dg.op
def nothing() -> None:
    """Does nothing."""


@dg.job
def idle() -> None:
    nothing()
