"""A run launcher for Dagster that starts only whole runs, and knows whether a run is still alive.

Dagster's own launcher starts every run. And if a run is killed together with Dagster, it stays "started" for
`max_runtime_seconds`, and later runs wait in the queue. This launcher looks at the lock of the warehouse,
which the system takes from a dead process.
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
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import ConfigurableClassData

from orchestration.core.lock import holder
from orchestration.core.settings import load_settings

BY_HAND = "csw run"
"""The purpose of `csw run` in the lock file."""

NOT_WHOLE = (
    "Nothing was started: the release is built, audited and published as a whole. "
    "Open the job refresh and materialize all its assets."
)


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
        """Start a run of all assets and checks. Cancel any other run, because Dagster retries failed ones."""
        if selects_everything(context):
            super().launch_run(context)
        else:
            self._instance.report_run_canceled(context.dagster_run, NOT_WHOLE)

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
    run, workspace = context.dagster_run, context.workspace
    if run.asset_selection is None and run.asset_check_selection is None:
        return True
    assert run.remote_job_origin is not None
    assert workspace is not None
    repository = run.remote_job_origin.repository_origin
    location = workspace.get_code_location(repository.code_location_origin.location_name)
    graph = location.get_repository(repository.repository_name).asset_graph
    checks = run.asset_check_selection
    return (run.asset_selection or set()) >= graph.executable_asset_keys and (
        # Without a selection of checks, Dagster adds those of the selected assets.
        checks is None or checks >= graph.asset_check_keys
    )
