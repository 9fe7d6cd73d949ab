"""A build on Spark: runs the project's SQL on its schemas, and describes its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.spark.dialect import spark_sql

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TYPES = {"string": "VARCHAR", "int": "INTEGER"}
"""Names of Spark's types on DuckDB. The others have the same name in upper case."""


@dataclass(frozen=True)
class SparkWarehouse:
    """The schemas of one build, by layer, in a session."""

    session: SparkSession
    schemas: Mapping[str, str]

    def execute(self, sql: str) -> None:
        """Run a statement of the project's SQL, such as `create table marts.x as ...`."""
        self.session.sql(spark_sql(sql, self.schemas))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which must be few: they come into this process."""
        return [tuple(row) for row in self.session.sql(spark_sql(sql, self.schemas)).collect()]

    def tables(self, layer: str) -> list[str]:
        """Return the tables and views of a layer, by name."""
        found = self.session.sql(f"show tables in {self.schemas[layer]}").collect()
        return sorted(row.tableName for row in found if not row.isTemporary)

    def columns(self, layer: str, table: str) -> list[tuple[str, str]]:
        """Return names and types of a table's columns, in order, with the names of DuckDB's types."""
        described = self.session.table(f"{self.schemas[layer]}.{table}").dtypes
        return [(name, _TYPES.get(kind, kind.upper()).replace(" ", "")) for name, kind in described]
