"""Create a development database with the raw relations. Releases do not depend on it."""

from __future__ import annotations

import logging

from orchestration.core.database import connect
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.dagster_defs.instance import prepare_instance
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.dbt_runner.runner import prepare_manifest, prepare_profile
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from orchestration.refresh import ensure_files
from orchestration.releases.history import current_release_id

log = logging.getLogger("csw")


def prepare_development(settings: Settings, *, landing_is_given: bool) -> str:
    """Load new files, create the raw relations in the development database, and parse the dbt project.

    Returns the next steps as text. Existing models in the database remain. Raises LockedError while a run
    writes, LandingError if loading fails, BuildError if parsing fails.
    """
    with hold_lock(settings.lock_file, "csw prepare") as lock:
        ensure_files(settings, landing_is_given)
        land(settings)
        database = settings.development_database
        database.parent.mkdir(parents=True, exist_ok=True)
        with connect(database) as connection:
            create_sources(connection, settings, accepted_batches(settings), current_release_id(settings))
        log.info("raw relations in %s", database)
        prepare_profile(settings)
        load_hash_key(settings.home)
        prepare_instance(settings)
        prepare_manifest(settings, dbt_version(), lock)
        log.info("parsed the dbt project")
    return (
        f"Ready. Run in the project's folder:\n"
        f"  export DBT_PROFILES_DIR={settings.dbt} CSW_WAREHOUSE={database}\n"
        f"  dbt build                      all models and tests\n"
        f"  dbt build -s +churn_monthly    one mart and its upstream models\n"
        f"  dbt docs generate              the documentation, in target/\n"
        f"Or copy profiles.example.yml to profiles.yml and omit DBT_PROFILES_DIR."
    )
