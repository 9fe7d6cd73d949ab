"""Simulates a company with billing data only, and makes the warehouse on which both sides run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

from orchestration.core.database import connect
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.runner import run_dbt
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from simulator import simulate
from tests.compiled import Step, compile_models, statements
from tests.shared import share_in

OBJECTS = ("accounts", "account_keys", "plans", "subscription_periods", "invoices", "contracts", "fx_rates")
"""What CRM and billing deliver; the rest of the simulated files is deleted."""
INTERVALS = ("int_subscriptions__mrr_intervals",)
LEDGER = ("int_mrr__account_months", "fct_mrr_movements", "fct_mrr_movement_items")


def prepare(home: Path, accounts: int, months: int, until: date) -> None:
    """Make `<home>/warehouse.duckdb` with the unified tables, and the statements of the revenue models."""
    home.mkdir(parents=True, exist_ok=True)
    settings = load_settings(home=home, as_of=until.isoformat(), policies=[])
    simulate(accounts, months, 42, settings.landing, until=until, usage_months=1)
    for folder in (settings.landing / "generic").iterdir():
        if folder.name not in OBJECTS:
            shutil.rmtree(folder)
    share_in(home)
    intervals = {step.name for step in compile_models({}, INTERVALS)}
    steps = [step for step in compile_models({}, [*INTERVALS, *LEDGER]) if step.kind != "test"]
    _build(settings, [step.name for step in steps if step.schema == "unified"])
    revenue = [step for step in steps if step.schema in ("intermediate", "marts")]
    as_of = datetime.combine(until, time())
    _write(home / "intervals.json", [step for step in revenue if step.name in intervals], as_of)
    _write(home / "ledger.json", [step for step in revenue if step.name not in intervals], as_of)


def _build(settings: Settings, models: Sequence[str]) -> None:
    warehouse = settings.home / "warehouse.duckdb"
    with hold_lock(settings.lock_file, "benchmark") as lock:
        prepare_manifest(settings, dbt_version(), lock)
        land(settings)
        with connect(warehouse) as connection:
            create_sources(connection, settings, accepted_batches(settings), None)
        kinds = ["--resource-type", "model", "--resource-type", "seed"]
        run_dbt(settings, ["build", *kinds, "--select", *(f"+{name}" for name in models)], warehouse)
    with connect(warehouse) as connection:
        for schema in ("intermediate", "marts"):
            connection.execute(f"create schema if not exists {schema}")


def _write(path: Path, steps: Sequence[Step], as_of: datetime) -> None:
    made = [("table" if step.types else step.kind, step.relation) for step in steps]
    drop = [f"drop {kind} if exists {relation}" for kind, relation in reversed(made)]
    work = [statement for step in steps for statement in statements(step, as_of)]
    path.write_text(json.dumps({"reset": drop, "work": work}))
