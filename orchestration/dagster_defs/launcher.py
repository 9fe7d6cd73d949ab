"""A run launcher for Dagster that makes every run a whole one, and knows whether a run is still alive.

Dagster's own launcher also starts runs of a few assets. A release is built, audited and published as a
whole, so this launcher starts a run of all assets in their place. And if a run is killed together with
Dagster, it stays "started" for `max_runtime_seconds`, and later runs wait in the queue. This launcher looks
at the lock of the warehouse, which the system takes from a dead process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

import dagster as dg
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.remote_representation.code_location import CodeLocation
from dagster._core.remote_representation.external import RemoteRepository
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import ConfigurableClassData

from orchestration.core.lock import holder
from orchestration.core.settings import load_settings

JOB = "refresh"
"""The job that makes a release."""

BY_HAND = "csw run"
"""The purpose of `csw run` in the lock file."""


def purpose_of(run_id: str) -> str:
    """Return the purpose of a Dagster run in the lock file."""
    return f"Dagster run {run_id}"


class WarehouseRunLauncher(DefaultRunLauncher):
    """The launcher that dagster.yaml names. `run_monitoring` asks it about each started run.

    A run takes the lock after its start and releases it before its end. Without the lock, it may be silent
    for `grace_seconds`.
    """

    def __init__(self, grace_seconds: int, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(inst_data)
        self.grace_seconds = grace_seconds

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {"grace_seconds": dg.Field(int, default_value=120, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> Self:
        return cls(config_value["grace_seconds"], inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run of all assets and checks. Start such a run also in the place of any other run.

        The other run is cancelled, because Dagster retries failed ones.
        """
        if selects_everything(context):
            super().launch_run(context)
            return
        whole = self._waiting_run() or self._queue_whole_run(context)
        self._instance.report_run_canceled(
            context.dagster_run,
            f"A release is made as a whole, so run {whole.run_id} materializes all assets, also these.",
        )

    def _waiting_run(self) -> dg.DagsterRun | None:
        """Return a whole run that has not started yet. It will include everything that was asked for."""
        queued = dg.RunsFilter(job_name=JOB, statuses=[dg.DagsterRunStatus.QUEUED])
        whole = (run for run in self._instance.get_runs(queued) if run.asset_selection is None)
        return next(whole, None)

    def _queue_whole_run(self, context: LaunchRunContext) -> dg.DagsterRun:
        """Queue the job with all assets as Dagster's daemon does for a sensor."""
        location, repository = code_location_of(context)
        job = repository.get_full_job(JOB)
        plan = location.get_execution_plan(job, {}, None, None, self._instance)
        # The tags of the partial run may name an asset or a backfill that it belongs to.
        run = self._instance.create_run(
            job_name=JOB,
            run_id=None,
            run_config={},
            status=dg.DagsterRunStatus.NOT_STARTED,
            tags=dict(job.run_tags or {}),
            root_run_id=None,
            parent_run_id=None,
            step_keys_to_execute=None,
            execution_plan_snapshot=plan.execution_plan_snapshot,
            job_snapshot=job.job_snapshot,
            parent_job_snapshot=job.parent_job_snapshot,
            asset_selection=None,
            asset_check_selection=None,
            resolved_op_selection=None,
            op_selection=None,
            remote_job_origin=job.get_remote_origin(),
            job_code_origin=job.get_python_origin(),
            asset_graph=repository.asset_graph,
        )
        assert context.workspace is not None
        return self._instance.submit_run(run.run_id, context.workspace)

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Report a run as alive if it holds the lock or logged an event within `grace_seconds`."""
        held = holder(load_settings().lock_file)
        # `csw run` executes in its own process, which no Dagster server launched.
        names = {purpose_of(run.run_id), *([] if GRPC_INFO_TAG in run.tags else [BY_HAND])}
        if held and held.purpose in names:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if time.time() - self._last_heard(run) < self.grace_seconds:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.NOT_FOUND, "it does not hold the lock of the warehouse, so its process has ended"
        )

    def _last_heard(self, run: dg.DagsterRun) -> float:
        records = self._instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
        return max((record.event_log_entry.timestamp for record in records), default=0.0)


def selects_everything(context: LaunchRunContext) -> bool:
    """Return whether a run has all assets and checks of its code location."""
    run = context.dagster_run
    if run.asset_selection is None and run.asset_check_selection is None:
        return True
    graph = code_location_of(context)[1].asset_graph
    checks = run.asset_check_selection
    return (run.asset_selection or set()) >= graph.executable_asset_keys and (
        # Without a selection of checks, Dagster adds those of the selected assets.
        checks is None or checks >= graph.asset_check_keys
    )


def code_location_of(context: LaunchRunContext) -> tuple[CodeLocation, RemoteRepository]:
    """Return the code location and the repository of a run."""
    run, workspace = context.dagster_run, context.workspace
    assert run.remote_job_origin is not None
    assert workspace is not None
    repository = run.remote_job_origin.repository_origin
    location = workspace.get_code_location(repository.code_location_origin.location_name)
    return location, location.get_repository(repository.repository_name)
