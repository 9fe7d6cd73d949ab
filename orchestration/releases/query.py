"""Query a release with one SELECT, on a connection that cannot write or read other files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb

from orchestration.core.database import attach_release, connect
from orchestration.core.errors import PublishError, QueryError
from orchestration.core.serialization import json_text
from orchestration.core.settings import Settings
from orchestration.releases.export import MARTS_FILE
from orchestration.releases.history import release_folder
from orchestration.releases.spreadsheet import without_formula

_READING = ("SELECT", "EXPLAIN")


@dataclass(frozen=True)
class QueryResult:
    """Columns and rows of a result, with DuckDB's values."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    has_more: bool
    """True if the limit cut off rows."""


def query_current(settings: Settings, sql: str, *, limit: int | None = None) -> QueryResult:
    """Run one SELECT on the marts of the current release, like `query_release`."""
    return query_release(settings, sql, limit=limit)


def query_release(
    settings: Settings,
    sql: str,
    release_id: str = "current",
    *,
    limit: int | None = None,
    seconds: float | None = None,
) -> QueryResult:
    """Run one SELECT on the marts of a release; return at most `limit` rows.

    Raises QueryError for anything except one valid SELECT, and if the query takes longer than `seconds`.
    Raises PublishError if the release does not exist or another process has opened its file for writing.
    """
    path = marts_file(settings, release_id)
    with connect() as connection:
        # Attach under another name. Opened directly, the database has the name of its schema, marts, and
        # `marts.mrr_monthly` is ambiguous.
        attach_release(connection, path)
        for statement in (
            "use release.marts",
            "set python_enable_replacements = false",
            "set enable_external_access = false",
            "set lock_configuration = true",
        ):
            connection.execute(statement)
        _only_one_select(connection, sql)
        try:
            with _interrupted_after(connection, seconds):
                connection.execute(sql)
                rows = connection.fetchall() if limit is None else connection.fetchmany(limit + 1)
        except duckdb.InterruptException:
            raise QueryError(
                f"The query did not end within {seconds:g} seconds and was stopped. Raise the limit with "
                "--timeout, or read less: filter by month or dimension, or name fewer columns."
            ) from None
        except duckdb.Error as error:
            raise QueryError(_describe(error)) from None
        columns = tuple(column[0] for column in connection.description or ())
    if limit is None:
        return QueryResult(columns, rows, False)
    return QueryResult(columns, rows[:limit], len(rows) > limit)


def marts_file(settings: Settings, release_id: str) -> Path:
    """Return the file with the marts of a release. Raises PublishError if there is none."""
    folder = release_folder(settings, release_id)
    path = folder / MARTS_FILE
    if not folder.is_dir() and release_id != "current":
        raise PublishError(f"There is no release {release_id}. `csw releases` lists the existing releases.")
    if not path.is_file():
        raise PublishError(
            f"The release {folder.name} has no {MARTS_FILE}. If it is current, choose another release with "
            "`csw rollback <id>`."
        )
    return path


@contextmanager
def _interrupted_after(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    """Interrupt the statement of the block if it takes longer than `seconds`."""
    if seconds is None:
        yield
        return
    timer = Timer(seconds, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        # The timer may be interrupting, which needs an open connection.
        timer.join()


def as_text(value: object) -> str:
    """Return a value as text: decimals with every digit, booleans and structures as in JSON."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | list | tuple | dict):
        return json_text(value)
    return str(value)


def as_csv(result: QueryResult, *, for_spreadsheet: bool = False) -> str:
    """Return the result as CSV with a header line; nulls are empty.

    For a spreadsheet, texts that look like a formula start with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(result.columns)
    for row in result.rows:
        writer.writerow(_csv_field(value, for_spreadsheet) for value in row)
    return stream.getvalue()


def _csv_field(value: object, for_spreadsheet: bool) -> str | None:
    if for_spreadsheet and isinstance(value, str):
        return without_formula(value)
    return None if value is None else as_text(value)


def as_json(result: QueryResult) -> str:
    """Return the result as a JSON array with one object per line; decimals keep every digit."""
    lines = [
        "{"
        + ", ".join(f"{json.dumps(c)}: {json_text(v)}" for c, v in zip(result.columns, row, strict=True))
        + "}"
        for row in result.rows
    ]
    return "[" + ",\n ".join(lines) + "]\n"


def _only_one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_describe(error)) from None
    kinds = [statement.type.name for statement in statements]
    if len(kinds) != 1:
        raise QueryError(f"Give exactly one SELECT statement. The query contains {len(kinds)} statements.")
    # DuckDB 1.5 treats some pragmas as SELECT, and they reveal more than the marts.
    if sql.lstrip().lower().startswith("pragma"):
        raise QueryError("A query must be a SELECT, not PRAGMA.")
    if kinds[0] not in _READING:
        raise QueryError(f"A query must be a SELECT, not {kinds[0].replace('_', ' ')}.")


def _describe(error: duckdb.Error) -> str:
    return f"The query failed. {str(error).strip()}"
