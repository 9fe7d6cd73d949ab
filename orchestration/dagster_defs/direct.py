"""Execute the job in this process, as a run that Dagster's pages list under the code location."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.execution.execution_result import ExecutionResult
from dagster._core.remote_origin import RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._core.workspace.load_target import ModuleTarget

from orchestration.core.settings import PROJECT_DIR

CODE_LOCATION = "orchestration.dagster_defs.definitions"
"""The module that `make dev` and the services load. Dagster names the code location after it."""

_TAGS = {MAX_RETRIES_TAG: "0"}
"""Dagster does not know the options of `csw run`, so it must not start a dead run again."""


def execute_directly(job: dg.JobDefinition, instance: dg.DagsterInstance, run_id: str) -> ExecutionResult:
    """Execute the whole job and return its result. A failed step does not raise."""
    run = instance.create_run_for_job(
        job,
        run_id=run_id,
        # The logger `csw` prints the messages for users.
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={**job.run_tags, **_TAGS},
        remote_job_origin=_origin(job.name),
    )
    return execute_run(InMemoryJob(job), run, instance)


def _origin(job: str) -> RemoteJobOrigin:
    target = ModuleTarget(
        module_name=CODE_LOCATION, attribute=None, working_directory=str(PROJECT_DIR), location_name=None
    )
    (location,) = target.create_origins()
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job)
