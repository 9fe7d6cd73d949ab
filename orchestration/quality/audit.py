"""Audit marts against the declared suites: one exported file, or the tables of a build on Spark.

Fails closed: a mart without a suite, a suite without a mart, an empty suite, a check that was not
evaluated and a check that ended with an error all block. Each has its own name in the report.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import duckdb

from orchestration.core.database import connect, quote_identifier, writers_in_words
from orchestration.core.errors import AuditError, UnreadableError
from orchestration.dbt_runner.mart_contract import MARTS_SCHEMA
from orchestration.dbt_runner.pseudonyms import EMAIL_PATTERN
from orchestration.quality import wording
from orchestration.quality.columns import evaluate_columns
from orchestration.quality.expectations import (
    COLUMNS,
    EMAIL_CHECK,
    EMAIL_CONDITION,
    ROWS_QUERY,
    Expectation,
    email_check,
)
from orchestration.quality.report import AuditReport, CheckResult
from orchestration.quality.suites import Suite

if TYPE_CHECKING:
    from orchestration.quality.validation import Engine, ExpectationResult
    from orchestration.spark.warehouse import SparkWarehouse

Columns = Sequence[tuple[str, str]]
"""Names and types of a mart's columns."""

Tables = Mapping[str, Columns]
"""All tables and views of the schema."""

Validate = Callable[[Sequence[Expectation]], "Mapping[str, ExpectationResult]"]
"""Evaluates expectations of one mart and returns results by name."""


def audit_marts(
    database: Path, suites: Mapping[str, Suite], *, progress: Callable[[str], None] | None = None
) -> AuditReport:
    """Run every suite on `database` (schema `marts`), read-only, in this process.

    Calls `progress` with the name of each mart before its checks run. The report contains counts, never
    values of rows, and all failures. Raises AuditError only if the file cannot be read.
    """

    @contextmanager
    def opened() -> Iterator[Engine]:
        gx_duckdb = import_great_expectations()
        with (
            tempfile.TemporaryDirectory(prefix="csw-audit-") as folder,
            gx_duckdb.open_marts(database, Path(folder)) as engine,
        ):
            yield engine

    return _audit(_tables(database), suites, opened, progress)


def audit_tables(
    warehouse: SparkWarehouse,
    suites: Mapping[str, Suite],
    *,
    progress: Callable[[str], None] | None = None,
) -> AuditReport:
    """Run every suite on the tables in schema `marts` of a build on Spark, in its session.

    The report is the same as that of `audit_marts`. Raises AuditError if the schema cannot be listed.
    """

    @contextmanager
    def opened() -> Iterator[Engine]:
        _quieten()
        from orchestration.quality import gx_spark

        with gx_spark.open_marts(warehouse) as engine:
            yield engine

    try:
        tables = {
            table: warehouse.columns(MARTS_SCHEMA, table) if table in suites else []
            for table in warehouse.tables(MARTS_SCHEMA)
        }
    except UnreadableError as error:
        raise AuditError(f"Schema {warehouse.schemas[MARTS_SCHEMA]} cannot be read: {error}") from None
    return _audit(tables, suites, opened, progress)


def _audit(
    tables: Tables,
    suites: Mapping[str, Suite],
    opened: Callable[[], AbstractContextManager[Engine]],
    progress: Callable[[str], None] | None,
) -> AuditReport:
    """Run every suite on its mart. `opened` opens the engine, which takes seconds."""
    results = _undeclared(tables, suites)
    evaluated = 0
    present = [suite for suite in suites.values() if suite.mart in tables]
    for suite in suites.values():
        if suite.mart not in tables:
            results.append(_structural(suite.mart, "mart_present", "the mart is not there", "present"))
    if present:
        with opened() as engine:
            for suite in present:
                if progress is not None:
                    progress(suite.mart)
                found = _audit_mart(partial(engine.validate, suite.mart), suite, tables[suite.mart])
                evaluated += sum(result.check in suite.names for result in found)
                results += found
    return AuditReport(
        results=tuple(results),
        declared=sum(len(suite.expectations) for suite in suites.values()),
        evaluated=evaluated,
        suite_digests={suite.mart: suite.digest for suite in suites.values()},
    )


def import_great_expectations() -> ModuleType:
    """Import Great Expectations quietly, and return its adapter for DuckDB. The import takes seconds."""
    _quieten()
    from orchestration.quality import gx_duckdb

    return gx_duckdb


def _quieten() -> None:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    # The results have all that is needed. The log would quote data in errors.
    for library in ("great_expectations", "SQLQueryContextLogger"):  # the second one is PySpark's
        chatter = logging.getLogger(library)
        chatter.handlers = [logging.NullHandler()]
        chatter.propagate = False


def _tables(database: Path) -> Tables:
    if not database.is_file():
        raise AuditError(f"There is no marts file at {database}. Export the marts first.")
    query = """
        select table_name, column_name, data_type
        from information_schema.columns
        where table_schema = ?
        order by table_name, ordinal_position
    """
    try:
        with writers_in_words(database), connect(database, read_only=True) as connection:
            rows = connection.execute(query, [MARTS_SCHEMA]).fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise AuditError(f"{database} cannot be opened as a DuckDB file: {reason}") from None
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, data_type in rows:
        tables.setdefault(table, []).append((column, data_type))
    return tables


def _undeclared(tables: Tables, suites: Mapping[str, Suite]) -> list[CheckResult]:
    if not tables:
        return [_structural("*", "marts_exported", f"schema {MARTS_SCHEMA} holds no table", "the marts")]
    return [
        _structural(mart, "suite_declared", "the project declares no published mart of this name", "a suite")
        for mart in tables
        if mart not in suites
    ]


def _audit_mart(validate: Validate, suite: Suite, columns: Columns) -> list[CheckResult]:
    declared = len(suite.expectations)
    if declared == 0:
        return [_structural(suite.mart, "suite_not_empty", "its suite checks nothing", "at least 1 check")]
    found = validate([_with_columns(one, columns) for one in suite.expectations if one.type != COLUMNS])
    results = [
        evaluate_columns(suite.mart, one, columns)
        if one.type == COLUMNS
        else wording.result_of(suite.mart, one, found[one.name])
        for one in suite.expectations
        if one.type == COLUMNS or one.name in found
    ]
    if len(results) != declared:
        observed = f"{len(results)} of its {declared} checks were evaluated"
        results.append(_structural(suite.mart, "all_checks_evaluated", observed, f"{declared} checks"))
    return [
        _name_columns(validate, columns, result)
        if result.check == EMAIL_CHECK and result.outcome == "failed"
        else result
        for result in results
    ]


def _name_columns(validate: Validate, columns: Columns, result: CheckResult) -> CheckResult:
    """Add the names of the columns that contain e-mail addresses to a failed result."""
    query = email_check().kwargs["unexpected_rows_query"]
    checks = [
        Expectation(
            name=name,
            type=ROWS_QUERY,
            kwargs={"unexpected_rows_query": query.replace(EMAIL_CONDITION, condition)},
        )
        for name, condition in _email_conditions(columns).items()
    ]
    guilty = [name for name, found in validate(checks).items() if not found.success]
    return replace(result, message=f"{result.message}: look at {', '.join(sorted(guilty))}")


def _structural(mart: str, check: str, observed: str, expected: str) -> CheckResult:
    return CheckResult(
        mart=mart,
        check=check,
        severity="error",
        outcome="failed",
        expected=expected,
        observed=observed,
        message=f"{MARTS_SCHEMA}.{mart}: {check} failed: {observed}, expected {expected}",
    )


def _with_columns(expectation: Expectation, columns: Columns) -> Expectation:
    """Return the e-mail check with a condition on the mart's columns, and other checks unchanged."""
    if expectation.name != EMAIL_CHECK:
        return expectation
    condition = " or ".join(_email_conditions(columns).values()) or "false"
    query = expectation.kwargs["unexpected_rows_query"].replace(EMAIL_CONDITION, condition)
    return replace(expectation, kwargs={"unexpected_rows_query": query})


def _email_conditions(columns: Columns) -> dict[str, str]:
    """Return a SQL condition per text column (or list, struct, JSON of text): it contains an address."""
    conditions = {}
    for name, data_type in columns:
        if "VARCHAR" in data_type or "JSON" in data_type:
            quoted = quote_identifier(name)
            text = quoted if data_type == "VARCHAR" else f"cast({quoted} as varchar)"
            # Searching for one character first is far cheaper than the pattern.
            conditions[name] = f"(contains({text}, '@') and regexp_matches({text}, '{EMAIL_PATTERN}'))"
    return conditions
