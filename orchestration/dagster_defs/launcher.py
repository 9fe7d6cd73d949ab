"""A run launcher for Dagster that knows whether a run is still alive.

Dagster's own launcher does not: if a run is killed together with Dagster, it stays "started" for
`max_runtime_seconds`, and later runs wait in the queue. This launcher looks at the lock of the warehouse,
which the system takes from a dead process.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._serdes import ConfigurableClassData

from orchestration.core.lock import holder
from orchestration.core.settings import load_settings

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
