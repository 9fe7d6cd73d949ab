"""The job in Dagster: what it starts, refuses, repeats and waits for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.landing import accepted_batches, land
from orchestration.releases import current_release_id
from orchestration.releases.fingerprint import code_version, run_fingerprint
from tests.unit.release_case import make_candidate, make_release, make_report


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CSW_HOME", str(home))
    settings = load_settings()
    settings.landing.mkdir(exist_ok=True)
    return settings


def test_the_release_alone_is_refused_in_words(settings: Settings) -> None:
    """Dagster stores only the message, without the traceback that its pages would show twice."""
    import dagster as dg

    from orchestration.dagster_defs.definitions import build_definitions
    from orchestration.dagster_defs.instance import open_instance
    from orchestration.dagster_defs.launcher import JOB

    job = build_definitions(settings).resolve_job_def(JOB)
    alone = [dg.AssetKey("release")]
    with open_instance(settings) as instance:
        result = job.execute_in_process(asset_selection=alone, raise_on_error=False, instance=instance)
        logged = [
            entry.get_dagster_event() for entry in instance.all_logs(result.run_id) if entry.dagster_event
        ]
    step = next(event.step_failure_data for event in logged if event.is_step_failure)
    run = next(event.job_failure_data for event in logged if event.is_job_failure)
    assert run.first_step_failure_event is not None
    for error in (step.error, run.error, run.first_step_failure_event.step_failure_data.error):
        assert error is not None
        assert error.message.startswith(f"Run {result.run_id} has not completed the earlier steps")
        assert error.stack == []
    assert not settings.current.is_symlink()


def test_an_unexpected_error_keeps_its_traceback(settings: Settings) -> None:
    import dagster as dg

    from orchestration.dagster_defs.instance import open_instance

    @dg.op
    def breaks() -> None:
        raise ValueError("a mistake in the code")

    @dg.job
    def broken() -> None:
        breaks()

    with open_instance(settings) as instance:
        run_id = broken.execute_in_process(raise_on_error=False, instance=instance).run_id
        (entry,) = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    error = entry.get_dagster_event().step_failure_data.error
    assert error is not None
    assert error.cause is not None
    assert "a mistake in the code" in error.cause.message
    assert error.cause.stack


def test_a_selection_of_a_part_queues_the_whole_job(settings: Settings) -> None:
    """Dagster's pages can select assets and checks one by one. The release is made as a whole."""
    import dagster as dg
    from dagster._core.launcher import LaunchRunContext
    from dagster._core.test_utils import in_process_test_workspace
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
    from dagster_shared.record import copy

    from orchestration.dagster_defs.direct import CODE_LOCATION
    from orchestration.dagster_defs.instance import open_instance
    from orchestration.dagster_defs.launcher import JOB, selects_everything

    @dg.job
    def idle() -> None:
        pass

    origin = LoadableTargetOrigin(module_name=CODE_LOCATION)
    with open_instance(settings) as instance, in_process_test_workspace(instance, origin) as workspace:
        (location,) = workspace.code_locations
        remote = location.get_repository("__repository__").get_full_job("refresh")
        definition = location.get_repository("__repository__").asset_graph
        assets, checks = definition.executable_asset_keys, definition.asset_check_keys

        def launch_of(assets: Any, checks: Any) -> LaunchRunContext:
            run = instance.create_run_for_job(idle, remote_job_origin=remote.get_remote_origin())
            return LaunchRunContext(
                copy(run, asset_selection=assets, asset_check_selection=checks), workspace
            )

        mart, check = dg.AssetKey(["marts", "mrr_monthly"]), min(checks)
        whole = [(None, None), (assets, None), (assets, checks)]
        parts = [({mart}, None), (assets - {mart}, checks), (assets, checks - {check}), (set(), {check})]
        assert [selects_everything(launch_of(*one)) for one in whole] == [True] * len(whole)
        assert [selects_everything(launch_of(*one)) for one in parts] == [False] * len(parts)

        asked = [launch_of({mart}, None), launch_of(set(), {check})]
        for context in asked:
            instance.run_launcher.launch_run(context)
        # The second one finds that the whole job waits already.
        waiting = dg.RunsFilter(job_name=JOB, statuses=[dg.DagsterRunStatus.QUEUED])
        (queued,) = instance.get_runs(waiting)
        assert (queued.asset_selection, queued.asset_check_selection) == (None, None)
        assert queued.tags["dagster/retry_strategy"] == "ALL_STEPS"
        for context in asked:
            run = instance.get_run_by_id(context.dagster_run.run_id)
            assert run is not None
            assert run.status == dg.DagsterRunStatus.CANCELED
            (entry,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_CANCELED)
            assert queued.run_id in str(entry.get_dagster_event().message)


@pytest.mark.parametrize("passes", [True, False])
def test_a_repeated_publishing_judges_the_audit_of_the_run_that_it_repeats(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: bool
) -> None:
    """`Re-execute from failure` of Dagster's UI runs only the last step, on the first run's candidate."""
    import dagster as dg
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run

    from orchestration.dagster_defs.definitions import build_definitions
    from orchestration.dagster_defs.launcher import JOB

    # Copy the parsed project, because parsing takes a while.
    shutil.copytree(home / "dbt", tmp_path / "dbt")
    monkeypatch.setenv("CSW_HOME", str(tmp_path))
    settings = load_settings()
    job = build_definitions(settings).resolve_job_def(JOB)
    release = job.get_subset(asset_selection={dg.AssetKey("release")})
    with dg.DagsterInstance.ephemeral() as instance:
        first = instance.create_run_for_job(job).run_id
        report = None if passes else make_report("mrr_monthly")
        make_candidate(settings, "1-one", report=report, run_id=first)
        again = instance.create_run_for_job(release, parent_run_id=first, root_run_id=first)
        result = execute_run(InMemoryJob(release), again, instance)
        logged = instance.all_logs(again.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        failures = [entry.get_dagster_event().step_failure_data.user_failure_data for entry in logged]
    assert result.success == passes
    assert current_release_id(settings) == ("1-one" if passes else None)
    told = [str(failure.description) for failure in failures if failure]
    assert [text.startswith("The marts did not pass their audit") for text in told] == [True] * (not passes)


def test_a_run_takes_the_lock_of_the_warehouse(settings: Settings) -> None:
    from orchestration.dagster_defs.definitions import build_definitions
    from orchestration.dagster_defs.launcher import JOB

    job = build_definitions(settings).resolve_job_def(JOB)
    with hold_lock(settings.lock_file, "csw run"):
        result = job.execute_in_process(raise_on_error=False)
    assert not result.success
    assert not any(event.is_step_start for event in result.all_events)


def test_the_sensor_starts_one_run_per_set_of_new_files(settings: Settings) -> None:
    import dagster as dg

    from orchestration.dagster_defs.definitions import build_definitions

    sensor = build_definitions(settings).resolve_sensor_def("new_landing_files")

    def look() -> Any:
        with dg.build_sensor_context() as context:
            return sensor(context)

    nothing = look()
    assert isinstance(nothing, dg.SkipReason)
    assert "no complete new files" in str(nothing.skip_message)
    file = settings.landing / "generic" / "plans" / "plans.csv"
    file.parent.mkdir(parents=True)
    file.write_text("plan_id,plan_name\np1,Basic\n")
    first, again = look(), look()
    assert isinstance(first, dg.RunRequest)
    assert first.run_key == again.run_key
    (file.parent / "more.csv").write_text("plan_id,plan_name\np2,Pro\n")
    assert look().run_key != first.run_key
    with hold_lock(settings.lock_file, "csw run"):
        busy = look()
    assert isinstance(busy, dg.SkipReason)
    assert "in use by csw run" in str(busy.skip_message)
    for path in file.parent.iterdir():
        path.unlink()


def test_a_refused_file_alone_builds_nothing(settings: Settings) -> None:
    from orchestration.refresh import refresh

    folder = settings.landing / "generic"
    for name, text in {
        "accounts": "account_id\na1\n",
        "subscription_periods": "subscription_id,account_id,currency,unit_amount,interval,period_start\n"
        "s1,a1,USD,10,month,2024-01-01\n",
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "file.csv").write_text(text)
    land(settings)
    ids = [batch.batch_id for batch in accepted_batches(settings)]
    assert len(ids) == 2
    fingerprint = run_fingerprint(settings, code_version(), ids)
    make_release(settings, "1-one", fingerprint=fingerprint)
    (folder / "accounts" / "empty.csv").write_text("")
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id is None
    assert outcome.message.startswith("nothing new since release 1-one")
    assert not list(settings.runs.iterdir())
    assert len(list(settings.releases.iterdir())) == 1


def test_dagster_accepts_the_instance_settings(settings: Settings) -> None:
    from orchestration.dagster_defs.instance import open_instance

    with open_instance(settings) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        pools = instance.get_settings("concurrency")["pools"]
    assert pools == {"default_limit": 1, "granularity": "run"}
