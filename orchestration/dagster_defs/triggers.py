"""The schedule and the sensors: when Dagster starts a run, and what it does if one fails."""

# This module has no postponed annotations, because Dagster reads the types of context parameters.
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from orchestration.core.alerts import alert
from orchestration.core.errors import CswError, SettingsError
from orchestration.core.lock import describe_holder, is_locked
from orchestration.core.settings import Settings, load_settings
from orchestration.landing import LandingFile, accepted_batches, pending_files
from orchestration.pipeline.deliveries import nothing_new

DAILY = "0 5 * * *"
LOOK_SECONDS = 60
AUTOMATIC_VARIABLE = "CSW_AUTOMATIC_RUNS"


@dataclass(frozen=True)
class Triggers:
    """The schedules and sensors of one job."""

    schedules: list[dg.ScheduleDefinition]
    sensors: list[dg.SensorDefinition]


def build_triggers(job: UnresolvedAssetJobDefinition) -> Triggers:
    """Return a daily schedule, a sensor for new files, and an alert for failed runs.

    The schedule and the sensor for files start switched on only if CSW_AUTOMATIC_RUNS is `on`. Raises
    SettingsError if it is neither `on` nor `off`.
    """
    is_on = runs_are_automatic()

    @dg.schedule(
        name="daily",
        job=job,
        cron_schedule=DAILY,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED,
        description="Every day at 05:00 UTC, so that months close without new files too.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = load_settings()
        reason = _not_now(settings)
        if reason is None and not pending_files(settings):
            reason = nothing_new(settings, accepted_batches(settings))
        return dg.SkipReason(reason) if reason else dg.RunRequest()

    @dg.sensor(
        name="new_landing_files",
        job=job,
        minimum_interval_seconds=LOOK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED,
        description="Starts a run when complete new files are in the landing folder.",
    )
    def new_landing_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = load_settings()
        reason = _not_now(settings)
        files = [] if reason else pending_files(settings)
        if not files:
            return dg.SkipReason(reason or f"no complete new files in {settings.landing}")
        # The sensor tries the same files once. If their run fails, a person has to look.
        return dg.RunRequest(run_key=_digest(files))

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes what failed to the folder alerts, and posts it to CSW_ALERT_WEBHOOK.",
    )
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        step, message = failure_in_words(context.get_step_failure_events(), context.failure_event.message)
        alert(load_settings(), context.dagster_run.run_id, step, message)

    return Triggers([daily], [new_landing_files, alert_on_failure])


def runs_are_automatic(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether CSW_AUTOMATIC_RUNS switches the schedule and the sensor for files on."""
    value = environment.get(AUTOMATIC_VARIABLE) or "off"
    if value not in ("on", "off"):
        raise SettingsError(f"{AUTOMATIC_VARIABLE} {value!r} is neither on nor off.")
    return value == "on"


def failure_in_words(events: Iterable[dg.DagsterEvent], otherwise: str | None) -> tuple[str, str]:
    """Return the step that failed first and its message, or the kind of the error."""
    for event in events:
        data = event.step_failure_data
        if data.user_failure_data and data.user_failure_data.description:
            return event.step_key or "run", data.user_failure_data.description
        # The text of the error can quote data. Its kind does not.
        kind = data.error.cls_name if data.error else None
        return event.step_key or "run", f"Unexpected error: {kind or 'unknown'}"
    return "run", otherwise or "The run failed before its first step."


def _not_now(settings: Settings) -> str | None:
    try:
        if is_locked(settings.lock_file):
            return f"the warehouse is in use by {describe_holder(settings.lock_file)}"
    except CswError as error:
        return str(error)
    return None


def _digest(files: Iterable[LandingFile]) -> str:
    facts = sorted(
        f"{file.label} {file.path.stat().st_size} {file.path.stat().st_mtime_ns}" for file in files
    )
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
