"""Great Expectations on a DuckDB file. Only this module imports it, and only an audit imports this module.

Great Expectations reads a query's result after it has closed the connection, when DuckDB no longer has the
rows. So the engine below fetches the rows while the connection is open.
"""

from __future__ import annotations

import atexit
import gc
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import duckdb_engine
import great_expectations as gx
import sqlalchemy as sa
from great_expectations.data_context.data_context.context_factory import project_manager
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.registry import get_expectation_impl
from sqlalchemy.pool import StaticPool

from orchestration.core.database import (
    DEFAULT_MEMORY_LIMIT,
    MEMORY_LIMIT_VARIABLE,
    quote_identifier,
    quote_literal,
)
from orchestration.quality.expectations import ROWS_QUERY, UNIQUE, Expectation

_MAP_EXPECTATIONS = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
# With Great Expectations, the SQLAlchemy dialect outlives the interpreter. DuckDB would then print pages
# about leaked objects to stderr.
atexit.register(vars(duckdb_engine).clear)

# Kinds of DuckDB errors whose text quotes data.
_DATA_ERRORS = {"Conversion", "Input", "Range", "Type", "Constraint"}
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True}


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


class UnexpectedRowsCount(UnexpectedRowsExpectation):
    """Counts the unexpected rows with one query, and does not fetch them."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        count = metrics["unexpected_rows_query.row_count"]
        return {"success": count == 0, "result": {"observed_value": count}}


@dataclass(frozen=True)
class ExpectationResult:
    """The result of Great Expectations for one expectation."""

    success: bool
    counts: dict[str, Any]
    """`observed_value`, or `unexpected_count` of `element_count`."""
    error: str | None = None
    """Why the expectation could not be evaluated; None if it was."""


@contextmanager
def open_marts(database: Path, temp_directory: Path) -> Iterator[SQLDatasource]:
    """Open a marts file read-only, and close all handles at the end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        source = context.data_sources.add_duckdb_file(
            name="marts", database=str(database), config=_config(temp_directory), create_temp_table=False
        )
        try:
            yield source
        finally:
            engine = source.get_engine()
            engine.dispose()
            # Both caches keep types of the driver alive (see atexit above).
            engine.clear_compiled_cache()
            engine.dialect._type_memos.clear()
            project_manager.set_project(None)
    # The objects refer to each other, so they would keep connections open until a later collection.
    del source, context
    gc.collect()


def validate(
    source: SQLDatasource, mart: str, expectations: Sequence[Expectation]
) -> dict[str, ExpectationResult]:
    """Evaluate the expectations of one mart, and return results by name.

    Evaluates map expectations without counts first, with one query for all of them. Evaluates those that
    fail again, for their counts.
    """
    results: dict[str, ExpectationResult] = {}
    maps: list[Expectation] = []
    others: list[Expectation] = []
    for expectation in expectations:
        is_map = expectation.type != UNIQUE and issubclass(
            get_expectation_impl(expectation.type), _MAP_EXPECTATIONS
        )
        (maps if is_map else others).append(expectation)
    try:
        batch = _batch(source, mart)
    except Exception as error:  # for instance a broken view, whose checks cannot be evaluated
        return dict.fromkeys((expectation.name for expectation in expectations), _not_evaluated(error))
    results |= _validate(batch, others, _COUNTS)
    results |= _validate(batch, maps, {"result_format": "BOOLEAN_ONLY"})
    failed = [
        expectation
        for expectation in maps
        if (result := results.get(expectation.name)) and not result.success and result.error is None
    ]
    return results | _validate(batch, failed, _COUNTS)


def _batch(source: SQLDatasource, mart: str) -> Batch:
    if mart not in source.get_asset_names():
        asset = source.add_table_asset(name=mart, table_name=f"marts.{mart}")
        asset.add_batch_definition_whole_table("whole")
    batch: Batch = source.get_asset(mart).get_batch_definition("whole").get_batch()
    return batch


def _validate(
    batch: Batch, expectations: Sequence[Expectation], result_format: dict[str, Any]
) -> dict[str, ExpectationResult]:
    results: dict[str, ExpectationResult] = {}
    built = []
    for expectation in expectations:
        try:
            built.append(_build(expectation))
        except Exception as error:  # the expectation was not evaluated, for any reason
            results[expectation.name] = _not_evaluated(error)
    if built:
        suite = gx.ExpectationSuite(name=str(batch.id), expectations=built)
        for result in batch.validate(suite, result_format=result_format).results:
            # Optional only in the type: each result of a suite has a configuration.
            configuration: Any = result.expectation_config
            results[configuration.meta["check"]] = _result(result)
    return results


def _build(expectation: Expectation) -> Any:
    implementation = get_expectation_impl(expectation.type)
    kwargs = dict(expectation.kwargs)
    if expectation.type == UNIQUE:
        # One hash aggregate over the keys. The package's own query joins it to all rows again.
        implementation, kwargs = UnexpectedRowsCount, {"unexpected_rows_query": _repeated_keys(**kwargs)}
    elif expectation.type == ROWS_QUERY:
        implementation = UnexpectedRowsCount
    return implementation(
        **kwargs,
        meta={"check": expectation.name},
        severity=FailureSeverity.CRITICAL if expectation.severity == "error" else FailureSeverity.WARNING,
    )


def _repeated_keys(column_list: Sequence[str], row_condition: str = "true") -> str:
    """Return the query for keys that occur more than once."""
    names = ", ".join(quote_identifier(column) for column in column_list)
    return f"select 1 from {{batch}} where {row_condition} group by {names} having count(*) > 1"


def _result(result: Any) -> ExpectationResult:
    error = _exception(result.exception_info)
    if error is not None:
        return ExpectationResult(success=False, counts={}, error=error)
    found = result.result or {}
    names = ("observed_value", "unexpected_count", "element_count")
    counts = {name: found[name] for name in names if name in found}
    return ExpectationResult(success=bool(result.success), counts=counts)


def _exception(info: Any) -> str | None:
    """Return the first exception of a result, which has one record, or one per metric."""
    if not info:
        return None
    records = [info] if "raised_exception" in info else list(info.values())
    for record in records:
        if record.get("raised_exception"):
            return _reason(str(record.get("exception_message")))
    return None


def _not_evaluated(error: Exception) -> ExpectationResult:
    return ExpectationResult(success=False, counts={}, error=_reason(str(error)))


def _reason(text: str) -> str:
    """Return the first line of an error without values of rows, which some errors quote."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "no reason given")
    words = line.partition("Error:")[0].split()
    if "Error:" in line and words and words[-1] in _DATA_ERRORS:
        return f"{' '.join(words)} Error (details left out: they quote data)"
    return line[:300]


def _config(temp_directory: Path) -> dict[str, Any]:
    return {
        "memory_limit": os.environ.get(MEMORY_LIMIT_VARIABLE, DEFAULT_MEMORY_LIMIT),
        "temp_directory": str(temp_directory),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
