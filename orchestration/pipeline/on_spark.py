"""The steps of a run on Spark: loaders land tables, and dbt builds in schemas of this run alone."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from orchestration.core.errors import BuildError, LandingError, PublishError, SettingsError, UnreadableError
from orchestration.core.files import remove_tree
from orchestration.core.relations import Relations
from orchestration.core.settings import RAW_TABLES_VARIABLE, Settings
from orchestration.dbt_runner.connectors import contracts_in_use
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.documentation import write_documentation
from orchestration.dbt_runner.invocation import DbtEvent
from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.dbt_runner.runner import BUILD, DbtResult, run_dbt_in_schemas
from orchestration.landing import Batch, LandingReport, batch_of, facts_of
from orchestration.landing.delivery import missing_objects
from orchestration.landing.lake import create_lake_relations, read_tables
from orchestration.quality import AuditReport, Suite, audit_tables
from orchestration.releases.candidate import Candidate
from orchestration.releases.export import Export, ExportedFile, ReleaseStamp, seal
from orchestration.releases.history import current_release_id, kept_manifests
from orchestration.releases.manifest import read_manifest
from orchestration.releases.pages import DOCS_DIR
from orchestration.releases.previous import previous_relations
from orchestration.releases.spark_tables import stamp_marts
from orchestration.releases.store import store_of
from orchestration.spark.schemas import BuildSchemas
from orchestration.spark.session import open_session
from orchestration.spark.translations import KEY_RELATION
from orchestration.spark.warehouse import SparkWarehouse, spark_errors

log = logging.getLogger("csw")

_BEFORE = "before"
"""Schema of the previous release's marts, in the project's SQL."""


class OnSpark:
    """The engine of a warehouse whose data are tables of a catalog. `Engine` describes the methods."""

    reads_files = False

    def companions(self, settings: Settings) -> AbstractContextManager[None]:
        return nullcontext()

    def warm_up(self, settings: Settings) -> None:
        """Do nothing: landing has started the session, and dbt runs in this process to share it."""

    def wait_for_parsing(self, settings: Settings) -> None:
        """Do nothing: this process parses the project itself."""

    def may_have_news(self, settings: Settings) -> bool:
        return True

    def land(self, settings: Settings, candidate: Candidate) -> tuple[LandingReport, tuple[Batch, ...]]:
        store_of(settings).repair(settings)
        if settings.known_at:
            raise SettingsError(
                "--known-at needs the files of earlier times, and tables of a lake have only their present "
                "rows. Omit it and CSW_KNOWN_AT."
            )
        if not settings.raw_tables:
            raise LandingError(
                "No raw object has a table. On Spark, loaders land the tables. Name them in `raw_tables` of "
                f"dbt_project.yml, or in {RAW_TABLES_VARIABLE}, as docs/lake.md explains."
            )
        batches = read_tables(settings, open_session(settings))
        _require_tables(batches)
        candidate.note(batches=[facts_of(batch) for batch in batches])
        candidate.lap("land")
        known = _batches_of_current(settings)
        new = tuple(batch for batch in batches if batch.batch_id not in known)
        return LandingReport(new, len(batches) - len(new), (), ()), batches

    def check(self, settings: Settings, batches: Sequence[Batch], *, are_new: bool) -> None:
        """Log what landing remarked about the tables."""
        for batch in batches:
            for remark in batch.remarks:
                level = logging.INFO if remark.kind == "note" else logging.WARNING
                log.log(level, "%s: %s", batch.label, remark.sentence())

    def build(
        self,
        settings: Settings,
        candidate: Candidate,
        *,
        on_event: Callable[[DbtEvent], None],
        skip: Collection[str],
    ) -> DbtResult:
        """The schemas of the run start empty, so nothing that is published ever changes."""
        warehouse = self._new_schemas(settings, candidate)
        session, batches = warehouse.session, self.batches(settings, candidate)
        create_lake_relations(warehouse, settings, batches, contracts_in_use(settings))
        self._create_previous(settings, candidate, warehouse)
        # dbt creates functions in the current schema. This one disappears with the run.
        before = session.catalog.currentDatabase()
        session.sql(f"use {warehouse.schemas['staging']}")
        try:
            return run_dbt_in_schemas(
                settings,
                BUILD,
                warehouse.schemas,
                {"hash_key_relation": KEY_RELATION},
                on_event=on_event,
                skip=skip,
            )
        finally:
            session.sql(f"use `{before}`")

    def batches(self, settings: Settings, candidate: Candidate) -> list[Batch]:
        return [batch_of(record) for record in candidate.noted("batches")["batches"]]

    def export(
        self, settings: Settings, candidate: Candidate, stamp: ReleaseStamp, contracts: MartContracts
    ) -> Export:
        """The tables of the build become those of the release, so they are stamped in place."""
        remove_tree(candidate.export)
        candidate.export.mkdir()
        earlier = candidate.noted("dbt").get("stamps", [])
        candidate.note(stamps=[*earlier, stamp.release_id])
        with _failures_of_build():
            return stamp_marts(self._warehouse(candidate, settings), stamp, contracts, earlier)

    def write_pages(self, candidate: Candidate, export: Export) -> list[ExportedFile]:
        """Write dbt's documentation. The report of a release needs DuckDB."""
        marts = {("marts", table.name): table.columns for table in export.tables}
        path = write_documentation(candidate.dbt_manifest, marts, candidate.export / DOCS_DIR)
        return [seal(path, candidate.export, 0o444)]

    def audit(
        self,
        settings: Settings,
        candidate: Candidate,
        suites: Mapping[str, Suite],
        progress: Callable[[str], None],
    ) -> AuditReport:
        return audit_tables(self._warehouse(candidate, settings), suites, progress=progress)

    @contextmanager
    def open_marts(self, settings: Settings, candidate: Candidate) -> Iterator[Relations]:
        yield self._warehouse(candidate, settings)

    def open_origins(self, settings: Settings, candidate: Candidate) -> AbstractContextManager[Relations]:
        return self.open_marts(settings, candidate)

    def kept_files(self, candidate: Candidate) -> Sequence[Path]:
        return ()

    def _warehouse(self, candidate: Candidate, settings: Settings) -> SparkWarehouse:
        return SparkWarehouse(open_session(settings), candidate.noted("schemas")["schemas"])

    def _new_schemas(self, settings: Settings, candidate: Candidate) -> SparkWarehouse:
        """Create empty schemas for the build of a candidate, and note them first.

        A repeated run builds again in its schemas, unless a release has them now.
        """
        schemas = BuildSchemas(candidate.run_id).names
        taken = {name for manifest in kept_manifests(settings) for name in manifest["schemas"].values()}
        if taken & set(schemas.values()):
            schemas = BuildSchemas(uuid.uuid4().hex).names
        candidate.note(schemas=schemas)
        session = open_session(settings)
        for schema in schemas.values():
            session.sql(f"drop schema if exists {schema} cascade")
            session.sql(f"create schema {schema}")
        return SparkWarehouse(session, schemas)

    def _create_previous(self, settings: Settings, candidate: Candidate, warehouse: SparkWarehouse) -> None:
        """Create the tables of schema `previous`, from the marts of the release that is followed."""
        parent = candidate.noted("parent")["parent"]
        schemas = dict(warehouse.schemas)
        if parent:
            schemas[_BEFORE] = read_manifest(settings.releases / parent)["schemas"]["marts"]
        both = SparkWarehouse(warehouse.session, schemas)
        marts = set(both.tables(_BEFORE)) if parent else set()
        # A table of a lake has no files that somebody could withdraw.
        for relation in previous_relations(were_withdrawn=False):
            source, present = None, set()
            if relation.mart in marts:
                source = f"{_BEFORE}.{relation.mart}"
                present = {name for name, _ in both.columns(_BEFORE, relation.mart)}
            both.execute(f"create table previous.{relation.name} as {relation.query(source, present)}")


def _require_tables(batches: Sequence[Batch]) -> None:
    """Raise LandingError if a required object has no table."""
    missing = missing_objects(load_contracts(), batches)
    if missing:
        lines = [
            f"{one.label}: `raw_tables` names no table, and a run needs one, with at least the columns "
            f"{', '.join(column.name for column in one.columns if column.required)}. Tables of a connected "
            "system replace it (docs/connectors/README.md)."
            for one in missing
        ]
        raise LandingError("\n".join(lines))


def _batches_of_current(settings: Settings) -> set[str]:
    """Return the batches of the current release; none if it is missing or damaged."""
    current = current_release_id(settings)
    with suppress(PublishError):
        if current:
            return {one["batch_id"] for one in read_manifest(settings.releases / current)["raw_batches"]}
    return set()


@contextmanager
def _failures_of_build() -> Iterator[None]:
    """Raise BuildError if the tables of the build cannot be read or written."""
    try:
        with spark_errors():
            yield
    except UnreadableError as error:
        raise BuildError(f"The marts cannot be stamped: {error}. Run again.") from None
