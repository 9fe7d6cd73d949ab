"""The code location of Dagster: assets, checks, job, schedule and sensors."""

from __future__ import annotations

import json

import dagster as dg

from orchestration.core.environment import check_interpreter
from orchestration.core.lock import WarehouseLock
from orchestration.core.settings import Settings, load_settings
from orchestration.dagster_defs.assets import (
    build_assets,
    landing_assets,
    release_asset,
    warehouse_resource,
)
from orchestration.dagster_defs.checks import audit_checks, with_checked_tests
from orchestration.dagster_defs.launcher import JOB
from orchestration.dagster_defs.translator import ProjectTranslator, mart_keys
from orchestration.dagster_defs.triggers import build_triggers
from orchestration.dbt_runner.mart_contract import account_attributes, read_contracts
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.version import dbt_version
from orchestration.pipeline.steps import LandStep
from orchestration.quality import load_suites


@dg.definitions
def defs() -> dg.Definitions:
    """Return the code location with the settings of the environment."""
    check_interpreter()
    return build_definitions(load_settings())


def build_definitions(
    settings: Settings,
    *,
    fixed: bool = False,
    lock: WarehouseLock | None = None,
    landed: LandStep | None = None,
) -> dg.Definitions:
    """Return all definitions of one warehouse.

    With `fixed`, runs use `settings` and write under the caller's `lock`. Otherwise each run reads the
    environment when it starts, so that `as_of` is its own time, and takes the lock itself. `landed` is what
    the caller has already landed for its run. Raises BuildError if the dbt project does not parse or
    declares nothing for a mart, and AuditError if a suite is invalid.
    """
    path = prepare_manifest(settings, dbt_version(), lock)
    parsed = json.loads(path.read_text(encoding="utf-8"))
    contracts = read_contracts(parsed, account_attributes(settings))
    # Load suites before the build, because an invalid suite would stop the run after it.
    suites = load_suites(contracts)
    manifest = with_checked_tests(parsed, contracts)
    translator = ProjectTranslator()
    refresh = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Land new files, build, audit and publish.",
        # A run that died starts again from the beginning: its build may be gone, and landing is cheap.
        tags={"dagster/retry_strategy": "ALL_STEPS"},
    )
    triggers = build_triggers(refresh)
    return dg.Definitions(
        assets=[
            landing_assets(manifest, translator),
            build_assets(manifest, translator),
            release_asset(manifest, translator),
        ],
        asset_checks=[audit_checks(mart_keys(manifest, translator), list(suites))],
        jobs=[refresh],
        schedules=triggers.schedules,
        sensors=triggers.sensors,
        resources={"warehouse": warehouse_resource(settings if fixed else None, lock, landed)},
        # Steps share one candidate and one lock, so they run in one process.
        executor=dg.in_process_executor,
    )
