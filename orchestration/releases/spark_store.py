"""The marts of a release on Spark: tables in schemas of its own, which the views of schema `marts` show."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.core.errors import PublishError, UnreadableError
from orchestration.core.relations import Relations
from orchestration.core.settings import Settings
from orchestration.quality import AuditReport, Suite, audit_tables
from orchestration.releases.answers import QueryResult
from orchestration.releases.history import current_release_id, kept_manifests, release_folder
from orchestration.releases.manifest import MANIFEST_FILE, Manifest, read_manifest, verify_files
from orchestration.releases.spark_query import MARTS, answer
from orchestration.releases.spark_tables import digests
from orchestration.spark.session import open_session
from orchestration.spark.warehouse import SparkWarehouse, collected, spark_errors

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger("csw")

SHOWN = "csw.release"
"""Property of the schema `marts`: the release that all its views show; empty while they change."""

_RECORDS = (MANIFEST_FILE, "run.json")
"""Files that name the schemas of a release, and of a candidate."""


@dataclass(frozen=True)
class TableBatch:
    """A table that a release has read."""

    source: str
    object: str
    rows_loaded: int


class SparkStore:
    """The link `current` decides which release is published, and the views follow it."""

    packages: Sequence[str] = ("pyspark", "dbt-spark")

    def place(self, settings: Settings) -> str:
        return f"the views of schema {MARTS} in Spark's catalog"

    def has_marts(self, settings: Settings, folder: Path) -> bool:
        return (folder / MANIFEST_FILE).is_file()

    def verify(self, settings: Settings, folder: Path, manifest: Manifest) -> None:
        verify_files(folder, manifest)
        warehouse, name, tables = _opened(settings, manifest), manifest["release_id"], manifest["tables"]
        try:
            found = digests(
                warehouse, {mart: [one["name"] for one in tables[mart]["columns"]] for mart in tables}
            )
        except UnreadableError as error:
            raise PublishError(
                f"Release {name}: its marts in schema {warehouse.schemas[MARTS]} cannot be read: {error}. "
                "Run again to make a new release."
            ) from None
        for mart, table in tables.items():
            described = [{"name": one, "type": kind} for one, kind in warehouse.columns(MARTS, mart)]
            if found[mart][1] != table["digest"] or described != table["columns"]:
                raise PublishError(
                    f"Release {name}: the table {warehouse.schemas[MARTS]}.{mart} was changed after the "
                    "audit. Run again to make a new release."
                )
        _refuse_other_tables(warehouse.session, tables)

    @contextmanager
    def open_marts(self, settings: Settings, folder: Path) -> Iterator[Relations]:
        yield _opened(settings, read_manifest(folder))

    def open_copy(self, settings: Settings, folder: Path) -> Any:
        return self.open_marts(settings, folder)

    def audit(self, settings: Settings, folder: Path, suites: Mapping[str, Suite]) -> AuditReport:
        return audit_tables(_opened(settings, read_manifest(folder)), suites)

    def batches(self, settings: Settings, manifest: Manifest) -> Sequence[TableBatch]:
        return [TableBatch(one["source"], one["object"], one["rows"]) for one in manifest["raw_batches"]]

    def open_origins(self, settings: Settings, folder: Path, batches: Iterable[Any]) -> Any:
        return self.open_marts(settings, folder)

    def query(
        self, settings: Settings, release_id: str, sql: str, limit: int | None, seconds: float | None
    ) -> QueryResult:
        manifest = read_manifest(release_folder(settings, release_id))
        session = open_session(settings)
        return answer(session, manifest["schemas"][MARTS], manifest["tables"], sql, limit, seconds)

    def show(self, settings: Settings, release_id: str) -> None:
        manifest = read_manifest(settings.releases / release_id)
        try:
            with spark_errors():
                _point_views(open_session(settings), manifest)
        except UnreadableError as error:
            raise PublishError(
                f"Release {release_id} is current, but not all views of schema {MARTS} show it: {error}. "
                "The next csw run, publish, rollback or gc tries again."
            ) from None

    def repair(self, settings: Settings) -> None:
        current = current_release_id(settings)
        if current is None:
            return
        try:
            with spark_errors():
                session = open_session(settings)
                if _shown(session) != current:
                    log.info("pointing the views of schema %s to release %s", MARTS, current)
                    _point_views(session, read_manifest(settings.releases / current))
        except (UnreadableError, PublishError) as error:
            log.warning("the views of schema %s do not show release %s: %s", MARTS, current, error)

    def discard(self, settings: Settings, folder: Path) -> None:
        """Drop the schemas of a release or a candidate, unless another release needs them."""
        schemas = _recorded_schemas(folder)
        used = {
            schema
            for manifest in kept_manifests(settings)
            if manifest["release_id"] != folder.name
            for schema in manifest.get("schemas", {}).values()
        }
        if schemas - used:
            session = open_session(settings)
            for schema in sorted(schemas - used):
                session.sql(f"drop schema if exists {schema} cascade")


def _opened(settings: Settings, manifest: Manifest) -> SparkWarehouse:
    return SparkWarehouse(open_session(settings), manifest["schemas"])


def _point_views(session: SparkSession, manifest: Manifest) -> None:
    """Point the views to a release. If this stops halfway, the empty property tells the next command."""
    schema, marts = manifest["schemas"][MARTS], manifest["tables"]
    session.sql(f"create schema if not exists {MARTS}")
    _mark(session, "")
    for mart in marts:
        _point_view(session, mart, schema)
    for view in _views(session):
        if view not in marts:
            session.sql(f"drop view if exists {MARTS}.`{view}`")
    _mark(session, manifest["release_id"])


def _point_view(session: SparkSession, mart: str, schema: str) -> None:
    session.sql(f"create or replace view {MARTS}.`{mart}` as select * from {schema}.`{mart}`")


def _mark(session: SparkSession, release_id: str) -> None:
    session.sql(f"alter schema {MARTS} set dbproperties ('{SHOWN}' = '{release_id}')")


def _shown(session: SparkSession) -> str | None:
    """Return the release that all views show; None if there is none."""
    if not session.catalog.databaseExists(MARTS):
        return None
    described = dict(collected(session.sql(f"describe schema extended {MARTS}")))
    _, _, after = str(described.get("Properties", "")).partition(f"({SHOWN},")
    return after.partition(")")[0] or None


def _refuse_other_tables(session: SparkSession, marts: Iterable[str]) -> None:
    """Raise PublishError for tables that are in the place of views."""
    if not session.catalog.databaseExists(MARTS):
        return
    tables = {
        row.tableName for row in session.sql(f"show tables in {MARTS}").collect() if not row.isTemporary
    }
    taken = sorted((tables - _views(session)) & set(marts))
    if taken:
        raise PublishError(
            f"Schema {MARTS} of Spark's catalog has the table {taken[0]}, which csw did not make, where a "
            "release needs a view. Drop the tables of this schema, and use another catalog for plain dbt."
        )


def _views(session: SparkSession) -> set[str]:
    return {row.viewName for row in session.sql(f"show views in {MARTS}").collect() if not row.isTemporary}


def _recorded_schemas(folder: Path) -> set[str]:
    for name in _RECORDS:
        with suppress(OSError, ValueError, AttributeError):
            schemas = json.loads((folder / name).read_text(encoding="utf-8")).get("schemas", {})
            return {str(schema) for schema in schemas.values()}
    return set()
