"""One delivery as files on DuckDB and as tables on Spark, and what differs between their raw relations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import contracts_in_use
from orchestration.dbt_runner.pseudonyms import hand_over_key, load_hash_key
from orchestration.landing import Batch, accepted_batches, land
from orchestration.landing.exports import read_any
from orchestration.landing.lake import create_lake_relations, read_tables
from orchestration.landing.reading.tables import RAW
from orchestration.pipeline.sources import create_sources
from orchestration.spark.schemas import BuildSchemas
from orchestration.spark.warehouse import SparkWarehouse

_PLACES = ("_batch_id", "_file", "_line")
"""Columns that say where a row was delivered."""


@dataclass
class Delivery:
    """The landing folder of `settings` on both engines; `spark` is a session."""

    settings: Settings
    spark: Any
    folder: Path

    def land(self) -> None:
        """Land the files on DuckDB, and put the same cells into tables `lake.<source>__<object>`."""
        land(self.settings)
        batches = accepted_batches(self.settings)
        with connect(self._database) as connection:
            create_sources(connection, self.settings, batches, None)
        for batch in batches:
            self._copy_cells(batch)
        self.spark.sql("create schema if not exists lake")
        names = sorted({f"{batch.source}__{batch.object}" for batch in batches})
        for name in names:
            cells = self.spark.read.option("mergeSchema", "true").parquet(str(self._cells / name))
            self.store(name, cells)
        tables = {name.replace("__", "/"): f"lake.{name}" for name in names}
        self.settings = replace(self.settings, engine="spark", raw_tables=tables)

    def store(self, name: str, rows: Any) -> None:
        """Store the rows of a data frame as `lake.<name>`."""
        self.spark.sql("create schema if not exists lake")
        self.spark.sql(f"drop table if exists lake.{name}")
        rows.createOrReplaceTempView("delivered_rows")
        self.spark.sql(f"create table lake.{name} as select * from delivered_rows")

    def build(self, run: str) -> tuple[SparkWarehouse, tuple[Batch, ...]]:
        """Make the raw relations of a run on Spark."""
        warehouse = SparkWarehouse(self.spark, BuildSchemas(run).names)
        batches = read_tables(self.settings, self.spark)
        create_lake_relations(warehouse, self.settings, batches, contracts_in_use(self.settings))
        return warehouse, batches

    def export(self, warehouse: SparkWarehouse, name: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Return the sorted rows of a relation of Spark as texts."""
        found = self.spark.sql(f"select {columns} from {warehouse.schemas['raw']}.{name}").collect()
        return sorted((tuple(row) for row in found), key=str)

    def differences(self, warehouse: SparkWarehouse, name: str) -> list[str]:
        """Compare a relation `raw.<name>` of both engines, without the place of the delivery."""
        path = self._parquet(warehouse, name)
        with connect(self._database, read_only=True) as connection:
            hand_over_key(connection, load_hash_key(self.settings.home))
            columns = [row[0] for row in connection.execute(f"describe raw.{name}").fetchall()]
            return _compare(connection, name, _listed(columns), f"raw.{name}", f"read_parquet('{path}')")

    def rejected_differences(self, warehouse: SparkWarehouse, source: str, name: str) -> list[str]:
        """Compare the rejected rows of an object on both engines."""
        kept = sorted((self.settings.quarantine / source / name).glob("*.parquet"))
        relation = f"{source}__{name}__rejected"
        if not kept:
            return [f"{relation}: {row}" for row in self.export(warehouse, relation)]
        files = ", ".join(quote_literal(path) for path in kept)
        path = self._parquet(warehouse, relation)
        with connect() as connection:
            columns = "_row, _column, _value, _reason, _problems, _record"
            return _compare(
                connection, relation, columns, f"read_parquet([{files}])", f"read_parquet('{path}')"
            )

    def sql_differences(self, warehouse: SparkWarehouse, name: str, columns: str) -> list[str]:
        """Compare `select <columns> from raw.<name>` on both engines."""
        path = self._parquet(warehouse, name)
        with connect(self._database, read_only=True) as connection:
            return _compare(connection, name, columns, f"raw.{name}", f"read_parquet('{path}')")

    @property
    def _database(self) -> Path:
        return self.settings.home / "warehouse.duckdb"

    @property
    def _cells(self) -> Path:
        return self.folder / "cells"

    def _parquet(self, warehouse: SparkWarehouse, name: str) -> str:
        folder = self.folder / warehouse.schemas["raw"] / name
        if not folder.exists():
            self.spark.table(f"{warehouse.schemas['raw']}.{name}").write.parquet(str(folder))
        return f"{folder}/*.parquet"

    def _copy_cells(self, batch: Batch) -> None:
        """Write the cells of a file as texts, with its order, to a Parquet file."""
        path = self.settings.landing / batch.source / batch.object / batch.file_name
        target = self._cells / f"{batch.source}__{batch.object}" / f"{batch.batch_id}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        with connect() as connection, tempfile.TemporaryDirectory() as folder:
            header = read_any(connection, path, Path(folder))
            cells = ", ".join(f"c{place} as {quote_identifier(name)}" for place, name in enumerate(header))
            moment = batch.loaded_at.replace(tzinfo=None)
            connection.execute(
                f"copy (select {cells}, record as _row, timestamp '{moment}' as _loaded_at from {RAW}) "
                f"to {quote_literal(target)}"
            )


def _listed(columns: Sequence[str]) -> str:
    marks = ("_conflict", "_repeat")
    return ", ".join(
        f"coalesce({name}, false) as {name}" if name in marks else quote_identifier(name)
        for name in columns
        if name not in _PLACES
    )


def _compare(connection: Any, name: str, columns: str, first: str, second: str) -> list[str]:
    rows = f"select {columns} from"
    lines = []
    for label, one, other in (("DuckDB", first, second), ("Spark", second, first)):
        query = f"{rows} {one} except all {rows} {other}"
        found = connection.execute(query).fetchall()
        lines += [f"{name}: only on {label}: {row}" for row in found[:5]]
    return lines
