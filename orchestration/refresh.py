"""`csw run`: execute the job `refresh` in this process, under the warehouse lock."""

from __future__ import annotations

import logging
import time
import uuid
import warnings
from dataclasses import dataclass, replace
from datetime import date

from orchestration.core.alerts import alert
from orchestration.core.disk import disk_trouble
from orchestration.core.environment import check_interpreter, environment
from orchestration.core.errors import CswError, LandingError, SettingsError
from orchestration.core.files import remove_tree
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.policies import check_project_policies
from orchestration.core.settings import Settings, simulated_until
from orchestration.dagster_defs.instance import open_instance
from orchestration.landing import accepted_batches, all_batches
from orchestration.pipeline.deliveries import experiment_id, nothing_new
from orchestration.pipeline.engines import engine_of
from orchestration.pipeline.steps import LandStep, land_step
from orchestration.releases.candidate import clear_leftovers, open_candidate
from orchestration.releases.experiments import experiment_in_words
from orchestration.releases.history import current_manifest, current_release_id
from orchestration.releases.publish import policies_note

DEMO_ACCOUNTS = 500
DEMO_MONTHS = 36
DEMO_SEED = 42
DEMO_SYSTEMS = ("salesforce", "stripe", "typeform")

log = logging.getLogger("csw")


class StepError(CswError):
    """A step of the run failed for a reason in its message."""

    def __init__(self, step: str, message: str, kind: str, exit_code: int) -> None:
        super().__init__(message)
        self.step = step
        self.kind = kind
        """Class name of the error that ended the step."""
        self.exit_code = exit_code


class UnexpectedError(Exception):
    """A run failed with an unexpected error; the text is its traceback."""


@dataclass(frozen=True)
class Outcome:
    """The result of a run that did not fail."""

    release_id: str | None
    """The release that the run published; None if nothing was new or the run made an experiment."""
    message: str
    experiment_id: str | None = None
    """The experiment that the run made."""


def refresh(
    settings: Settings, *, landing_is_given: bool, force: bool = False, started: float | None = None
) -> Outcome:
    """Load, build, audit and publish. If nothing is new, stop without loading Dagster and dbt.

    The run loads files and reports refusals before it imports Dagster and dbt. In a new home without a given
    landing folder, it first simulates a small company. Raises CswError for problems that a user can fix, and
    UnexpectedError for others. Writes an alert for every error except a wrong setting. `started` is the
    time.monotonic() of the command's start.
    """
    started = time.monotonic() if started is None else started
    check_interpreter()
    check_project_policies()
    engine = engine_of(settings)
    with hold_lock(settings.lock_file, "csw run") as lock, engine.companions(settings):
        if engine.reads_files:
            settings = ensure_files(settings, landing_is_given)
        if not (force or engine.may_have_news(settings)):
            reason = nothing_new(settings, accepted_batches(settings))
            if reason:
                return Outcome(None, reason)
        engine.warm_up(settings)
        return _execute(settings, lock, force, started)


def demo_until(settings: Settings) -> date:
    """Return the first day of the month of `as_of`, so that the simulated last month is complete."""
    return settings.as_of.date().replace(day=1)


def ensure_files(settings: Settings, landing_is_given: bool) -> Settings:
    """Simulate a company if there is no file and no given landing folder.

    Returns the settings, whose as_of then is the end of the company's history unless one was given. Raises
    LandingError if the given landing folder is empty.
    """
    if settings.known_at:
        return settings  # a replay reads no new files
    if not landing_is_given:
        settings.landing.mkdir(parents=True, exist_ok=True)
    # A link counts as a delivered file, although the loader does not follow it out of the folder.
    if any(path.is_file() or path.is_symlink() for path in settings.landing.rglob("*")):
        return settings
    if all_batches(settings):
        return settings
    if landing_is_given:
        raise LandingError(
            f"There is no file in {settings.landing}. Put exports there as <source>/<object>/<file>, such "
            "as generic/accounts/accounts.csv and generic/subscription_periods/periods.csv. Or omit "
            "--landing and CSW_LANDING to try a simulated company."
        )
    from simulator import simulate

    log.info(
        "no files in %s: simulating a company of about %d accounts and %d months, with files of %s",
        settings.landing,
        DEMO_ACCOUNTS,
        DEMO_MONTHS,
        ", ".join(DEMO_SYSTEMS),
    )
    simulate(
        DEMO_ACCOUNTS,
        DEMO_MONTHS,
        DEMO_SEED,
        settings.landing,
        until=demo_until(settings),
        messy=False,
        systems=DEMO_SYSTEMS,
        progress=log.info,
    )
    until = None if settings.as_of_is_given else simulated_until(settings.landing)
    return replace(settings, as_of=until) if until else settings


def _execute(settings: Settings, lock: WarehouseLock, force: bool, started: float) -> Outcome:
    before = current_release_id(settings)
    run_id = str(uuid.uuid4())
    step = "landing"
    try:
        landed = _land(settings, run_id, force, started)
        if landed.nothing_new:
            return Outcome(None, landed.nothing_new)
        step = "run"
        _run_job(settings, lock, run_id, landed)
    except SettingsError:
        raise
    except CswError as error:
        alert(settings, run_id, error.step if isinstance(error, StepError) else step, str(error))
        raise
    except Exception as error:
        # Dagster stores its records on the same disk, so Dagster can be the first to find it full.
        disk_error = disk_trouble(error, settings.home)
        message = str(disk_error) if disk_error else f"Unexpected error: {type(error).__name__}"
        alert(settings, run_id, step, message)
        if disk_error:
            raise disk_error from None
        raise
    if landed.experiment and (made := experiment_id(settings, landed.batches)):
        return Outcome(None, experiment_in_words(settings, made, f"made experiment {made}"), made)
    current = current_manifest(settings)
    if current is None or current["release_id"] == before:
        return Outcome(None, f"release {before} remains current")
    note = policies_note(settings, current)
    message = f"published release {current['release_id']}{'.' if note else ''}{note}"
    return Outcome(current["release_id"], message)


def _land(settings: Settings, run_id: str, force: bool, started: float) -> LandStep:
    """Load files for the run `run_id`. If nothing is new, remove its candidate again."""
    candidate = open_candidate(settings, run_id)
    clear_leftovers(settings, candidate)
    landed = None
    try:
        landed = land_step(settings, candidate, force=force, started=started)
    finally:
        if landed is None or landed.nothing_new:
            remove_tree(candidate.folder)
    return landed


def _run_job(settings: Settings, lock: WarehouseLock, run_id: str, landed: LandStep) -> None:
    candidate = open_candidate(settings, run_id)
    # Disable telemetry before importing Dagster and dbt.
    quiet = {"DAGSTER_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
    warnings.filterwarnings("ignore", module="dagster")
    # Without this handler, Dagster's log would go to the terminal.
    logging.getLogger("dagster").addHandler(logging.NullHandler())
    log.info("loading Dagster and dbt")
    with environment(quiet, without=("DAGSTER_", "DBT_")):
        from orchestration.dagster_defs.definitions import build_definitions
        from orchestration.dagster_defs.direct import execute_directly
        from orchestration.dagster_defs.launcher import JOB
        from orchestration.dagster_defs.triggers import failure_in_words

        candidate.lap("load")
        engine_of(settings).wait_for_parsing(settings)
        candidate.lap("parse")
        job = build_definitions(settings, fixed=True, lock=lock, landed=landed).resolve_job_def(JOB)
        with open_instance(settings) as instance:
            candidate.lap("load")
            result = execute_directly(job, instance, run_id)
    if result.success:
        return
    failed = [event for event in result.all_events if event.is_step_failure]
    step, message = failure_in_words(failed, None)
    failure = failed[0].step_failure_data.user_failure_data if failed else None
    if failure:
        facts = {name: entry.value for name, entry in (failure.metadata or {}).items()}
        raise StepError(step, message, str(facts["error"]), int(str(facts["exit_code"])))
    details = "\n".join(event.step_failure_data.error_display_string for event in failed)
    raise UnexpectedError(f"{step}: {message}\n{details}")
