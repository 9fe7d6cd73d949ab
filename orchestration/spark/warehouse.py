"""A build on Spark: runs the project's SQL on its schemas, and describes its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from orchestration.core.database import connect
from orchestration.core.errors import UnreadableError
from orchestration.core.relations import Columns
from orchestration.spark.dialect import spark_sql
from orchestration.spark.reasons import reason_without_data

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class SparkWarehouse:
    """The schemas of one build, by layer, in a session. It has the methods of `Relations`."""

    session: SparkSession
    schemas: Mapping[str, str]

    def execute(self, sql: str) -> None:
        """Run a statement of the project's SQL, such as `create table marts.x as ...`."""
        self.session.sql(spark_sql(sql, self.schemas))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which must be few: they come into this process."""
        with spark_errors():
            return collected(self.session.sql(spark_sql(sql, self.schemas)))

    def tables(self, layer: str) -> list[str]:
        """Return the tables and views of a layer, by name."""
        with spark_errors():
            found = self.session.sql(f"show tables in {self.schemas[layer]}").collect()
        return sorted(row.tableName for row in found if not row.isTemporary)

    def columns(self, layer: str, table: str) -> Columns:
        """Return names and types of a table's columns, in order, with the names of DuckDB's types."""
        with spark_errors():
            described = self.session.table(f"{self.schemas[layer]}.`{table}`").dtypes
        return [(name, _type_on_duckdb(kind)) for name, kind in described]

    @contextmanager
    def kept(self, name: str, sql: str) -> Iterator[None]:
        """Cache the result of a query as relation `name` within the block."""
        with spark_errors():
            self.session.sql(f"cache table `{name}` as {spark_sql(sql, self.schemas)}")
        try:
            yield
        finally:
            self.session.sql(f"uncache table if exists `{name}`")
            self.session.catalog.dropTempView(name)


def collected(frame: DataFrame) -> list[tuple[Any, ...]]:
    """Return the rows of a frame. Its times are in UTC without a zone, as DuckDB returns them."""
    # pyspark would give times of the zone of this machine.
    names = [f"_{place}" for place in range(len(frame.columns))]
    plain = [
        f"cast({name} as timestamp_ntz) as {name}" if kind == "timestamp" else name
        for name, (_, kind) in zip(names, frame.dtypes, strict=True)
    ]
    return [tuple(row) for row in frame.toDF(*names).selectExpr(*plain).collect()]


@contextmanager
def spark_errors() -> Iterator[None]:
    """Raise UnreadableError for an error of Spark, and for SQL that has no translation to Spark."""
    from pyspark.errors import PySparkException

    try:
        yield
    except SqlglotError as error:
        raise UnreadableError(f"no translation to Spark: {str(error).splitlines()[0][:200]}") from None
    except PySparkException as error:
        raise UnreadableError(reason_without_data(str(error)) or type(error).__name__) from None


@cache
def _type_on_duckdb(kind: str) -> str:
    """Return DuckDB's name of a type, such as `VARCHAR[]` for `array<string>`."""
    if kind == "timestamp":
        return "TIMESTAMP"  # An instant. The sessions of both engines run in UTC.
    if kind == "void":
        return '"NULL"'  # a column without a value or a type
    translated = exp.DataType.build(kind, dialect="spark").sql(dialect="duckdb")
    with connect() as connection:
        row = connection.execute(f"select typeof(cast(null as {translated}))").fetchone()
    return str(row[0]) if row else kind
