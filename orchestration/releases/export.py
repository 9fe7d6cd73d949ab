"""Export the marts to the file that BI tools open, in a format that older DuckDB versions can read."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.errors import BuildError
from orchestration.core.files import fsync, sha256_file

STORAGE_VERSION = "v1.0.0"
"""DuckDB file format of published files. DuckDB 1.1 and later can read it."""

MARTS_FILE = "marts.duckdb"
ALIAS_FILE = "csw.duckdb"
"""A second name of the same file. DuckDB names a database after its file. In marts.duckdb the name
`marts.mrr_monthly` is therefore ambiguous, so BI tools need a file with another name."""

PARQUET_DIR = "parquet"
RELEASE_TABLE = "_release"
RESTATEMENTS_TABLE = "_restatements"
LOG_TABLES = (RESTATEMENTS_TABLE, "_account_merges")
"""Marts in which every release carries on the log of the previous one. Each row names its release."""

UNRELEASED = "development"
"""Placeholder for the release id before a release exists."""

_FIRST = ("account_id", "month", "occurred_at", "sent_at")
"""Columns that come first in the row order of a published mart."""

Columns = tuple[tuple[str, str, str | None], ...]
"""Name, type and description of each column of a mart, in order."""


@dataclass(frozen=True)
class ReleaseStamp:
    """The content of `marts._release`."""

    release_id: str
    published_at: datetime
    code_version: str
    checks_passed: int
    raw_batches: int
    known_at: datetime | None = None


@dataclass(frozen=True)
class ExportedFile:
    """A published file, with its path relative to the release folder."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class ExportedTable:
    """A published mart."""

    name: str
    rows: int
    columns: Columns
    digest: str | None = None
    """Digest of the rows on Spark. On DuckDB, the hashes of the files take its place."""

    def to_json(self) -> dict[str, Any]:
        """Return the table as the manifest describes it."""
        columns = [{"name": name, "type": kind} for name, kind, _ in self.columns]
        digest = {} if self.digest is None else {"digest": self.digest}
        return {"rows": self.rows, "columns": columns, **digest}


@dataclass(frozen=True)
class Export:
    """All files and tables of one export."""

    files: tuple[ExportedFile, ...]
    tables: tuple[ExportedTable, ...]


def export_marts(warehouse: Path, folder: Path, stamp: ReleaseStamp, published: Container[str]) -> Export:
    """Copy the `published` marts to `folder`/marts.duckdb (also csw.duckdb) and `folder`/parquet.

    `folder` must not exist yet. DuckDB spills large results to the parent folder.

    Raises BuildError if a mart is missing that every release has.
    """
    target = folder / MARTS_FILE
    (folder / PARQUET_DIR).mkdir(parents=True)
    with connect(temp_directory=folder.with_name("spill")) as connection:
        connection.execute(f"attach {quote_literal(warehouse)} as warehouse (read_only)")
        marts = _marts(connection, published)
        connection.execute(
            f"attach {quote_literal(target)} as release (storage_version {quote_literal(STORAGE_VERSION)})"
        )
        connection.execute("create schema release.marts")
        for name, columns in marts.items():
            table = quote_identifier(name)
            connection.execute(
                f"create table release.marts.{table} as from warehouse.marts.{table}"
                f" order by {', '.join(_order(columns))}"
            )
        for statement in _comment_statements(connection, marts):
            connection.execute(statement)
        _stamp(connection, stamp)
        connection.execute("checkpoint release")
        for name in marts:
            path = folder / PARQUET_DIR / f"{name}.parquet"
            connection.execute(
                f"copy release.marts.{quote_identifier(name)} to {quote_literal(path)} "
                "(format parquet, compression zstd)"
            )
        tables = tuple(
            ExportedTable(name, _count(connection, name), columns) for name, columns in marts.items()
        )
        connection.execute("detach release")
    if target.with_name(target.name + ".wal").exists():
        raise BuildError(f"{MARTS_FILE} is incomplete, because DuckDB left a write-ahead log. Run again.")
    # A hard link, because DuckDB resolves a symbolic link to the first name.
    os.link(target, folder / ALIAS_FILE)
    database = seal(target, folder, 0o444)
    parquet = [seal(folder / PARQUET_DIR / f"{name}.parquet", folder, 0o444) for name in marts]
    return Export(files=(database, replace(database, path=ALIAS_FILE), *parquet), tables=tables)


def missing_mart(marts: Iterable[str]) -> str | None:
    """Explain what to do about a mart that every release needs and that is not among `marts`."""
    lost = sorted({RELEASE_TABLE, *LOG_TABLES} - set(marts))
    if not lost:
        return None
    return (
        f"Every release needs the mart {lost[0]}, but this build has no published one. "
        "Restore its model, and remove `published: false` from it."
    )


def seal(path: Path, folder: Path, mode: int) -> ExportedFile:
    """Flush a finished file to disk, make it read-only, and hash it."""
    path.chmod(mode)
    fsync(path)
    return ExportedFile(path.relative_to(folder).as_posix(), sha256_file(path), path.stat().st_size)


def _marts(connection: duckdb.DuckDBPyConnection, published: Container[str]) -> dict[str, Columns]:
    """Return the published marts, ordered by name."""
    marts: dict[str, list[tuple[str, str, str | None]]] = {}
    for table, name, kind, comment in connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = 'warehouse' and schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        if table in published:
            marts.setdefault(table, []).append((name, kind, comment))
    if lost := missing_mart(marts):
        raise BuildError(lost)
    return {name: tuple(columns) for name, columns in marts.items()}


def _order(columns: Columns) -> list[str]:
    """Return the columns that sort a mart's rows independently of DuckDB's thread order.

    Ids, dates, texts and whole numbers identify the rows of every mart, so amounts and rates are not needed.
    Rows of one account are adjacent, which compresses and reads best.
    """
    names = [name for name, kind, _ in columns if not kind.startswith(("DECIMAL", "DOUBLE"))]
    first = [name for name in _FIRST if name in names]
    return [quote_identifier(name) for name in dict.fromkeys([*first, *names])]


def _comment_statements(connection: duckdb.DuckDBPyConnection, marts: Mapping[str, Columns]) -> Iterator[str]:
    """Return statements that copy the descriptions of tables and columns."""
    described = connection.execute(
        "select table_name, comment from duckdb_tables()"
        " where database_name = 'warehouse' and schema_name = 'marts' and comment is not null"
        " union all select view_name, comment from duckdb_views()"
        " where database_name = 'warehouse' and schema_name = 'marts' and comment is not null"
    ).fetchall()
    for name, comment in described:
        yield f"comment on table release.marts.{quote_identifier(name)} is {quote_literal(comment)}"
    for name, columns in marts.items():
        for column, _, comment in columns:
            if comment is not None:
                target = f"{quote_identifier(name)}.{quote_identifier(column)}"
                yield f"comment on column release.marts.{target} is {quote_literal(comment)}"


def _stamp(connection: duckdb.DuckDBPyConnection, stamp: ReleaseStamp) -> None:
    connection.execute(
        f"update release.marts.{RELEASE_TABLE} set release_id = ?, published_at = ?, code_version = ?,"
        " checks_passed = ?, raw_batches = ?, known_at = ?",
        [
            stamp.release_id,
            stamp.published_at.replace(tzinfo=None),
            stamp.code_version,
            stamp.checks_passed,
            stamp.raw_batches,
            stamp.known_at.replace(tzinfo=None) if stamp.known_at else None,
        ],
    )
    for table in LOG_TABLES:
        connection.execute(
            f"update release.marts.{table} set first_seen_in_release = ? where first_seen_in_release = ?",
            [stamp.release_id, UNRELEASED],
        )


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    counted = connection.execute(f"select count(*) from release.marts.{quote_identifier(name)}").fetchone()
    assert counted is not None
    return int(counted[0])
