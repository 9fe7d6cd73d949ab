"""Marts in a DuckDB file and the same marts as tables on Spark, which a test can corrupt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.spark.warehouse import SparkWarehouse
from tests.integration.corrupted import ADDED, WORDS

_CHANGED = re.compile(r"(?:update|insert into|delete from|alter table) marts\.(\w+)")


@dataclass
class SameMarts:
    """The marts in `file`, and in the schemas of `warehouse`."""

    file: Path
    warehouse: SparkWarehouse
    folder: Path
    changes: int = 0

    @classmethod
    def copy(cls, spark: Any, marts: Path, folder: Path) -> SameMarts:
        """Copy the Parquet files of `marts`, with rows for every rule, into a file and into Spark."""
        folder.mkdir()
        same = cls(folder / "csw.duckdb", SparkWarehouse(spark, {"marts": "csw_same_marts"}), folder)
        for schema in ("csw_same_marts", "csw_same_files"):
            spark.sql(f"create schema {schema}")
        with same.opened() as connection:
            connection.execute("create schema marts")
            for path in sorted(marts.glob("*.parquet")):
                connection.execute(f"create table marts.{path.stem} as from {quote_literal(path)}")
            for statement in ADDED.split(";\n"):
                connection.execute(statement.format(**WORDS))
            for path in sorted(marts.glob("*.parquet")):
                same.show(connection, path.stem, "sound")
        return same

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for writing."""
        with duckdb.connect() as connection:
            connection.execute(f"attach {quote_literal(self.file)} as same")
            connection.execute("use same")
            yield connection

    def show(self, connection: duckdb.DuckDBPyConnection, mart: str, version: str) -> None:
        """Make the mart on Spark what it is in the file."""
        # Spark reads no files whose names begin with an underscore.
        path = self.folder / version / f"mart{mart}"
        table = f"csw_same_files.{version}{mart}"
        spark = self.warehouse.session
        if not path.exists():
            path.mkdir(parents=True)
            connection.execute(f"copy marts.{mart} to {quote_literal(path / 'rows.parquet')}")
            spark.sql(f"create table {table} using parquet options (path '{path}')")
        spark.sql(f"create or replace view csw_same_marts.{mart} as select * from {table}")

    @contextmanager
    def corrupted(self, statement: str) -> Iterator[None]:
        """Run a statement on the marts on Spark, and undo it after the block. The file does not change."""
        found = _CHANGED.search(statement)
        assert found is not None, statement
        self.changes += 1
        with self.opened() as connection:
            connection.execute("begin")
            connection.execute(statement.format(**WORDS))
            self.show(connection, found[1], f"change_{self.changes}")
            connection.execute("rollback")
            try:
                yield
            finally:
                self.show(connection, found[1], "sound")
