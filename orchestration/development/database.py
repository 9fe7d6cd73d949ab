"""Create the development database from the last release. Releases do not depend on it."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from orchestration.core.database import connect
from orchestration.core.errors import PublishError
from orchestration.core.files import write_json
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.policies import project_policies
from orchestration.core.serialization import json_text
from orchestration.core.settings import Settings
from orchestration.dagster_defs.instance import prepare_instance
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE, prepare_profile
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from orchestration.refresh import ensure_files
from orchestration.releases.history import current_manifest, current_release_id

RECORD_FILE = "started_from.json"
"""File beside the database: the release that it started from, and the questions that this release answers."""

log = logging.getLogger("csw")


@dataclass(frozen=True)
class Start:
    """The release whose tables a development database started with."""

    release_id: str
    as_of: str
    known_at: str | None
    policies: dict[str, Any]
    project_policies: dict[str, Any] | None
    """Policies of dbt_project.yml in the release; None if it does not record them."""
    prepared_with: dict[str, Any]
    """Policies of dbt_project.yml when the raw relations were created."""

    def applied_to(self, settings: Settings) -> Settings:
        """Return settings with the release's `as_of` and policies, so that figures are comparable."""
        known_at = datetime.fromisoformat(self.known_at) if self.known_at else None
        as_of = datetime.fromisoformat(self.as_of)
        return replace(settings, as_of=as_of, known_at=known_at, policies=self.policies)


def prepare_development(settings: Settings, *, landing_is_given: bool) -> str:
    """Load new files, start the development database from the current release, and parse the dbt project.

    Replaces an existing development database. Without a release, the database has only the raw relations.
    Returns the next steps as text. Raises LockedError while a run writes, LandingError if loading fails,
    BuildError if parsing fails.
    """
    with hold_lock(settings.lock_file, "csw prepare") as lock:
        settings = ensure_files(settings, landing_is_given)
        land(settings)
        start = create_database(settings)
        prepare_instance(settings)
        prepare_project(settings, lock)
    database = settings.development_database
    as_of = f" CSW_AS_OF={start.as_of}" if start else ""
    tables = f"It has the tables of release {start.release_id}." if start else "There is no release yet."
    return (
        f"The development database is ready. {tables}\n"
        f"  csw dev churn_monthly          build one model, show its rows and what changed\n"
        f"For plain dbt, run in the project's folder:\n"
        f"  export DBT_PROFILES_DIR={settings.dbt} CSW_WAREHOUSE={database}{as_of}\n"
        f"  dbt run -s churn_monthly       one model\n"
        f"  dbt docs generate              the documentation, in target/\n"
        f"Or copy profiles.example.yml to profiles.yml and omit DBT_PROFILES_DIR."
    )


def prepare_project(settings: Settings, lock: WarehouseLock | None = None) -> None:
    """Write the profile and the key that dbt needs, and parse the project if it changed."""
    prepare_profile(settings)
    load_hash_key(settings.home)
    prepare_manifest(settings, dbt_version(), lock, unit_tests=True)


def policies_now() -> dict[str, Any]:
    """Return the policies of dbt_project.yml as records have them: a date is text there."""
    found: dict[str, Any] = json.loads(json_text(project_policies()))
    return found


def create_database(settings: Settings) -> Start | None:
    """Replace the development database by a copy of the current release's build with the raw relations."""
    database = settings.development_database
    database.parent.mkdir(parents=True, exist_ok=True)
    for path in (database, database.with_name(f"{database.name}.wal"), database.with_name(RECORD_FILE)):
        path.unlink(missing_ok=True)
    manifest = current_manifest(settings)
    start = None
    if manifest is not None:
        start = Start(
            **{name: manifest[name] for name in ("release_id", "as_of", "known_at", "policies")},
            project_policies=manifest.get("project_policies"),
            prepared_with=policies_now(),
        )
        shutil.copyfile(settings.releases / start.release_id / WAREHOUSE_FILE, database)
        database.chmod(0o600)
    with connect(database) as connection:
        create_sources(connection, settings, accepted_batches(settings), start.release_id if start else None)
    if start is not None:
        write_json(database.with_name(RECORD_FILE), vars(start))
    log.info("development database: %s", database)
    return start


def development_start(settings: Settings) -> Start:
    """Return the release that the development database started from.

    Starts the database anew if that is not the current release, or if a policy changed, because some decide
    the raw relations. Raises PublishError without a release, and LockedError while a run writes.
    """
    release_id = current_release_id(settings)
    if release_id is None:
        raise PublishError("There is no release to start from. Run `csw run` first.")
    record = settings.development_database.with_name(RECORD_FILE)
    if record.is_file() and settings.development_database.is_file():
        found = json.loads(record.read_text(encoding="utf-8"))
        # An older version wrote other fields.
        start = Start(**found) if set(found) == {field.name for field in fields(Start)} else None
        if start and start.release_id == release_id and start.prepared_with == policies_now():
            return start
    with hold_lock(settings.lock_file, "csw dev"):
        started = create_database(settings)
    assert started is not None
    return started
