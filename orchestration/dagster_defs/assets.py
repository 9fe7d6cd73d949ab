"""The steps of a run as Dagster assets, and what they share."""

# This module has no postponed annotations, because Dagster reads the types of context parameters.
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.core.disk import disk_trouble
from orchestration.core.errors import CswError
from orchestration.core.files import remove_tree
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.dagster_defs.launcher import purpose_of
from orchestration.dbt_runner.landing_contract import load_contracts
from orchestration.dbt_runner.mart_contract import MARTS_SCHEMA
from orchestration.dbt_runner.runner import GRAIN_TESTS, DbtEvent
from orchestration.pipeline.steps import LandStep, build_step, land_step, publish_step
from orchestration.releases.candidate import Candidate, clear_leftovers, open_candidate

POOL = "warehouse"

FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""The schedule builds every day. Warns after one missed day, fails after two."""


@dataclass(frozen=True)
class Warehouse:
    """What the steps of one run share. The run holds the lock from the first step to the last."""

    settings: Settings
    candidate: Candidate
    lock: WarehouseLock
    landed: LandStep | None
    """What the run has already landed, before it loaded Dagster."""


class LayerTranslator(DagsterDbtTranslator):
    """Groups models by layer (the first folder below models/) and sets the freshness policy of marts."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        is_mart = node and node["resource_type"] == "model" and node["schema"] == MARTS_SCHEMA
        return spec.replace_attributes(freshness_policy=FRESHNESS) if is_mart else spec

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        path = dbt_resource_props["fqn"][1:-1]
        return path[0] if path else "seeds"


def mart_keys(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dict[str, dg.AssetKey]:
    """Return the asset keys of the marts by table name."""
    return {
        node["alias"]: translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == MARTS_SCHEMA
    }


def landing_assets(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dg.AssetsDefinition:
    """Return one asset per raw object, and one per table of the loader's records."""
    contracts = load_contracts()
    sources = {
        (source["source_name"], source["name"]): translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, source in manifest["sources"].items()
    }
    keys = {name: key for name, key in sources.items() if name in contracts}
    records = [key for name, key in sources.items() if name not in contracts]
    specs = [
        dg.AssetSpec(key, group_name="landing", kinds={"parquet"}, skippable=True) for key in keys.values()
    ]
    specs += [dg.AssetSpec(key, group_name="landing", skippable=True) for key in records]

    @dg.multi_asset(
        name="landing",
        specs=specs,
        pool=POOL,
        required_resource_keys={"warehouse"},
        config_schema={"force": dg.Field(bool, default_value=False, is_required=False)},
        description="Load every complete new file. If no file is new, the later steps do not run.",
    )
    def landing(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        warehouse: Warehouse = context.resources.warehouse
        with failures_in_words(warehouse):
            force = context.op_execution_context.op_config["force"]
            landed = warehouse.landed or land_step(warehouse.settings, warehouse.candidate, force=force)
            if landed.nothing_new:
                context.log.info(landed.nothing_new)
                remove_tree(warehouse.candidate.folder)
                return
            for (source, name), key in keys.items():
                batches = [one for one in landed.batches if (one.source, one.object) == (source, name)]
                refused = [one for one in landed.report.refused if (one.source, one.object) == (source, name)]
                yield dg.MaterializeResult(
                    asset_key=key,
                    metadata={
                        "rows_loaded": sum(one.rows_loaded for one in batches),
                        "rows_quarantined": sum(one.rows_quarantined for one in batches),
                        "files_refused_now": len(refused),
                        "batches": len(batches),
                    },
                )
            for key in records:
                yield dg.MaterializeResult(asset_key=key)

    return landing


def build_assets(manifest: dict[str, Any], translator: DagsterDbtTranslator) -> dg.AssetsDefinition:
    """Return one asset per model and seed, with the dbt tests of a run as checks."""

    @dbt_assets(
        manifest=manifest,
        exclude=GRAIN_TESTS,
        name="build",
        dagster_dbt_translator=translator,
        pool=POOL,
        required_resource_keys={"warehouse"},
    )
    def build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        warehouse: Warehouse = context.resources.warehouse
        with failures_in_words(warehouse):
            for event in _build_events(warehouse):
                message = DbtCoreCliEventMessage(raw_event=dict(event), event_history_metadata={})
                yield from message.to_default_asset_events(
                    manifest=manifest, dagster_dbt_translator=translator, context=context
                )

    return build


def release_asset(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dg.AssetsDefinition:
    """Return the asset of the published release."""

    @dg.asset(
        name="release",
        deps=_ends(manifest, translator),
        group_name="release",
        freshness_policy=FRESHNESS,
        pool=POOL,
        required_resource_keys={"warehouse"},
        kinds={"duckdb", "parquet"},
        description="The marts as BI tools see them. Publishing verifies the recorded audit again.",
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        warehouse: Warehouse = context.resources.warehouse
        with failures_in_words(warehouse):
            published = publish_step(warehouse.settings, warehouse.candidate, warehouse.lock)
        return dg.MaterializeResult(
            metadata={"release_id": published.release_id, "message": published.message}
        )

    return release


def warehouse_resource(
    settings: Settings | None, lock: WarehouseLock | None, landed: LandStep | None
) -> dg.ResourceDefinition:
    """Return the warehouse of a run, with `settings` or else those of the environment."""

    @dg.resource(description="The candidate of the run, and the lock of the warehouse.")
    def warehouse(context: dg.InitResourceContext) -> Iterator[Warehouse]:
        run = context.run
        assert run is not None
        used = settings or load_settings()
        # A repeated run continues with the candidate of the original run.
        candidate = open_candidate(used, run.root_run_id or run.run_id)
        with nullcontext(lock) if lock else hold_lock(used.lock_file, purpose_of(run.run_id)) as held:
            assert held is not None
            clear_leftovers(used, candidate)
            yield Warehouse(used, candidate, held, landed)

    return warehouse


@contextmanager
def failures_in_words(warehouse: Warehouse) -> Iterator[None]:
    """Show an error that a user can fix as a message in Dagster, without a traceback."""
    try:
        yield
    except Exception as error:
        told = error if isinstance(error, CswError) else disk_trouble(error, warehouse.settings.home)
        if told is None:
            raise
        facts: dict[str, Any] = {"error": type(told).__name__, "exit_code": told.exit_code}
        raise dg.Failure(description=str(told), metadata=facts, allow_retries=False) from None


def _ends(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> list[dg.AssetKey]:
    """Return the marts and the models without children: a release also contains the whole build."""
    children: Mapping[str, Sequence[str]] = manifest["child_map"]
    return [
        translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and (
            node["schema"] == MARTS_SCHEMA
            or not any(child.startswith("model.") for child in children[unique_id])
        )
    ]


def _build_events(warehouse: Warehouse) -> Iterator[DbtEvent]:
    """Run dbt in a thread and yield its events. Raises the error that stopped it."""
    events: queue.SimpleQueue[DbtEvent | None] = queue.SimpleQueue()
    failure: list[BaseException] = []

    def work() -> None:
        try:
            build_step(warehouse.settings, warehouse.candidate, events.put)
        except BaseException as error:
            failure.append(error)
        finally:
            events.put(None)

    worker = threading.Thread(target=work, name="dbt build")
    worker.start()
    while (event := events.get()) is not None:
        yield event
    worker.join()
    if failure:
        raise failure[0]
