"""Great Expectations on a DuckDB file. Only an audit imports this module.

Great Expectations reads a query's result after it has closed the connection, when DuckDB no longer has the
rows. So the engine below fetches the rows while the connection is open.
"""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import duckdb_engine
import sqlalchemy as sa
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from sqlalchemy.pool import StaticPool

from orchestration.core.database import DEFAULT_MEMORY_LIMIT, MEMORY_LIMIT_VARIABLE, quote_literal
from orchestration.quality.validation import Engine, quiet_context

# With Great Expectations, the SQLAlchemy dialect outlives the interpreter. DuckDB would then print pages
# about leaked objects to stderr.
atexit.register(vars(duckdb_engine).clear)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Buffers each result while the connection is open."""

    def execute_query(self, query: Any) -> Any:
        with self.get_connection() as connection:
            return self._execute_query_with_recovery(connection, query).freeze()()


class DuckDBFileDatasource(SQLDatasource):
    """A database file, attached read-only as `audited` to one connection that all queries share.

    If it were opened directly, the database would have the name of its file. In a database named `marts`,
    `marts.mrr_monthly` is ambiguous.
    """

    # Each datasource narrows the field to its own name, but the base class allows only the base's name.
    type: Literal["duckdb_file"] = "duckdb_file"  # type: ignore[assignment]
    connection_string: str = "duckdb:///:memory:"
    database: str
    config: dict[str, Any]

    def _create_engine(self) -> sa.Engine:
        engine = sa.create_engine(
            self.connection_string, poolclass=StaticPool, connect_args={"config": dict(self.config)}
        )
        sa.event.listen(engine, "connect", partial(_attach, self.database))
        return engine

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        shared: SqlAlchemyExecutionEngine | None = getattr(self, "_execution_engine", None)
        if shared is None:
            shared = DuckDBExecutionEngine(engine=self.get_engine(), create_temp_table=False)
            self._execution_engine = shared
        return shared


def _attach(database: str, connection: Any, _: Any) -> None:
    # This is not a method, because the pool outlives the datasource and must not keep it alive.
    connection.execute(f"attach {quote_literal(database)} as audited (read_only)")
    connection.execute("use audited")


@contextmanager
def open_marts(database: Path, temp_directory: Path) -> Iterator[Engine]:
    """Open a marts file read-only, and close all handles at the end."""
    with quiet_context() as context:
        source = context.data_sources.add_duckdb_file(
            name="marts", database=str(database), config=_config(temp_directory), create_temp_table=False
        )
        try:
            yield Engine(partial(_batch, source))
        finally:
            engine = source.get_engine()
            engine.dispose()
            # Both caches keep types of the driver alive (see atexit above).
            engine.clear_compiled_cache()
            engine.dialect._type_memos.clear()
    # The objects refer to each other, so they would keep connections open until a later collection.
    del source, context
    gc.collect()


def _batch(source: SQLDatasource, mart: str) -> Batch:
    if mart not in source.get_asset_names():
        asset = source.add_table_asset(name=mart, table_name=f"marts.{mart}")
        asset.add_batch_definition_whole_table("whole")
    batch: Batch = source.get_asset(mart).get_batch_definition("whole").get_batch()
    return batch


def _config(temp_directory: Path) -> dict[str, Any]:
    return {
        "memory_limit": os.environ.get(MEMORY_LIMIT_VARIABLE, DEFAULT_MEMORY_LIMIT),
        "temp_directory": str(temp_directory),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
