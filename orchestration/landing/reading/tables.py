"""The two relations that every reader fills: the records of a file as text, and the broken records."""

from __future__ import annotations

from typing import NoReturn

import duckdb

from orchestration.core.errors import LandingError

RAW = "raw_rows"
"""View of the good records: `record` (bigint, from 1 in the file), `line` (bigint, first line of the record;
null in Parquet), then `c0`, `c1`, ... (varchar). Over a Parquet file it may also have `n0`, `n1`, ...: the
same values in the types of the file."""

BROKEN = "broken_rows"
"""Table of the broken records: `record`, `line` (bigint), `text` and `reason` (varchar)."""

DELIVERED = "delivered"
"""Table behind RAW with the texts of a file, if the reader keeps them."""

MAX_LINE = 64 * 1024 * 1024
"""Maximum length of a record in a text file, in bytes."""


def start(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the relations of the previous file, and create an empty BROKEN."""
    connection.execute(f"drop view if exists {RAW}")
    for table in (DELIVERED, "json_lines", "json_shapes", "broken_text", "tidy", "with_columns"):
        connection.execute(f"drop table if exists {table}")
    connection.execute(
        f"create or replace temp table {BROKEN} (record bigint, line bigint, text varchar, reason varchar)"
    )


def create_raw(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    connection.execute(f"create or replace temp view {RAW} as {query}")


def add_broken(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    connection.execute(f"insert into {BROKEN} {query}")


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    return scalar(connection, f"select count(*) from {relation}")


def scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the single number that a query selects."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def raise_machine_error(error: duckdb.Error) -> None:
    """Raise LandingError if the machine caused the error, so that the file is not refused for it."""
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        raise LandingError(
            f"Landing ran out of memory ({text.splitlines()[0]}). Raise CSW_MEMORY_LIMIT, for instance to "
            "8GB, or deliver the data in several files."
        ) from None
    if "No space left" in text or isinstance(error, duckdb.InternalException | duckdb.InterruptException):
        _fail(text)


def _fail(text: str) -> NoReturn:
    raise LandingError(f"Landing stopped: {text.splitlines()[0]}. This file was not loaded.") from None
