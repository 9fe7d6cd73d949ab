"""The steps of a run as Dagster assets, and what they share."""

# This module has no postponed annotations, because Dagster reads the types of context parameters.
import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
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
from orchestration.dagster_defs.tags import RELEASE_TAG, run_tags
from orchestration.dagster_defs.translator import FRESHNESS, end_keys, mart_owners
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.invocation import DbtEvent
from orchestration.dbt_runner.runner import GRAIN_TESTS
from orchestration.pipeline.steps import LandStep, build_step, land_step, publish_step
from orchestration.quality.profile import latest_month
from orchestration.releases.candidate import Candidate, clear_leftovers, open_candidate
from orchestration.releases.manifest import MANIFEST_FILE
from orchestration.releases.pages import report_page
from orchestration.releases.publish import Published
from orchestration.releases.store import store_of

POOL = "warehouse"


@dataclass(frozen=True)
class Warehouse:
    """What the steps of one run share. The run holds the lock from the first step to the last."""

    settings: Settings
    candidate: Candidate
    lock: WarehouseLock
    landed: LandStep | None
    """What the run has already landed, before it loaded Dagster."""


def landing_assets(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dg.AssetsDefinition:
    """Return one asset per raw object, and one per table of the loader's records."""
    contracts = load_contracts()
    sources = {
        (source["source_name"], source["name"]): translator.get_asset_spec(manifest, unique_id, None)
        for unique_id, source in manifest["sources"].items()
    }
    keys = {name: source.key for name, source in sources.items() if name in contracts}
    records = [source.key for name, source in sources.items() if name not in contracts]
    specs = [
        dg.AssetSpec(
            source.key,
            description=source.description,
            group_name="landing",
            kinds={"parquet"} if name in contracts else set(),
            skippable=True,
        )
        for name, source in sources.items()
    ]

    @dg.multi_asset(
        name="landing",
        specs=specs,
        # The launcher refuses a part of the step in one sentence, and Dagster in a list of all assets.
        can_subset=True,
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
            context.instance.add_run_tags(context.run_id, run_tags(warehouse.candidate, context.run.tags))
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
        deps=end_keys(manifest, translator),
        group_name="release",
        owners=mart_owners(manifest, translator),
        freshness_policy=FRESHNESS,
        pool=POOL,
        required_resource_keys={"warehouse"},
        kinds={"parquet"},
        description="The marts as BI tools see them. Publishing verifies the recorded audit again.",
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        warehouse: Warehouse = context.resources.warehouse
        with failures_in_words(warehouse):
            published = publish_step(warehouse.settings, warehouse.candidate, warehouse.lock)
        context.instance.add_run_tags(context.run_id, {RELEASE_TAG: published.release_id})
        return dg.MaterializeResult(metadata=_release_metadata(warehouse.settings, published))

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


def _release_metadata(settings: Settings, published: Published) -> dict[str, Any]:
    """Return what Dagster shows and plots. Figures of an experiment are not part of the plot."""
    folder = settings.releases / published.release_id
    latest = None
    if published.changed:
        with store_of(settings).open_copy(settings, folder) as marts:
            latest = latest_month(marts)
    figures = (
        {
            "month": latest.month.isoformat(),
            "closing_mrr": float(latest.closing_mrr),
            "customers": latest.customers,
        }
        if latest
        else {}
    )
    page = report_page(folder)
    return {
        "release_id": published.release_id,
        "message": published.message,
        **figures,
        "folder": dg.MetadataValue.path(folder),
        **({"report": dg.MetadataValue.path(page)} if page.is_file() else {}),
        "manifest": dg.MetadataValue.path(folder / MANIFEST_FILE),
    }


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
