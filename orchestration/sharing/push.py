"""Copy the marts of a release into a schema of PostgreSQL, in one transaction.

The tables of the schema stay: their rows are deleted and copied again. Readers are not blocked and see the
old rows until the commit, also in a transaction that began before it. Grants, views and indexes survive.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from orchestration.core.console import LOGGER, PROGRESS
from orchestration.core.errors import SharingError
from orchestration.core.settings import Settings
from orchestration.core.wording import count
from orchestration.releases.export import RELEASE_TABLE
from orchestration.sharing.marts import Mart, OpenRelease, opened_release
from orchestration.sharing.tables import Schema
from orchestration.sharing.target import connected, place
from orchestration.sharing.types import as_postgres_csv, refuse_what_postgres_cannot_hold

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(LOGGER)

_BLOCK = 1 << 18


@dataclass(frozen=True)
class Pushed:
    """The result of a push."""

    release_id: str
    schema: str
    database: str
    """Host, port and name."""
    is_new: bool
    """False if the schema had the release already."""
    rows: dict[str, int]
    """Rows of each mart in the schema."""
    removed: tuple[str, ...]
    """Tables of earlier pushes that the release no longer has."""

    @property
    def message(self) -> str:
        """The result in words."""
        where = f"schema {self.schema} of {self.database}"
        what = f"release {self.release_id} ({count(len(self.rows), 'mart')})"
        if not self.is_new:
            return f"{what} is already in {where}"
        gone = f"; removed {', '.join(self.removed)}, which the release no longer has" if self.removed else ""
        return f"pushed {what}, {count(sum(self.rows.values()), 'row')}, to {where}{gone}"


def push_release(
    settings: Settings,
    url: str,
    *,
    release_id: str = "current",
    marts: Sequence[str] = (),
    schema: str = "marts",
    force: bool = False,
) -> Pushed:
    """Make `schema` of the database at `url` hold the named marts of a release, or all of them.

    `_release` always comes along. Does nothing if the schema has the release already, unless `force`. Raises
    SharingError if the server refuses, or if the push would touch tables that no push made.
    """
    wanted = (*marts, RELEASE_TABLE) if marts else ()
    with opened_release(settings, release_id, wanted) as release, connected(url) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            there = Schema(cursor, schema)
            there.begin()
            is_new = force or not there.holds(release)
            removed = _replace(release, cursor, there, is_partial=bool(marts)) if is_new else ()
        if is_new:
            _tidy(connection, there, release)
        return Pushed(
            release.release_id,
            schema,
            place(connection),
            is_new,
            {mart.name: mart.rows for mart in release.marts},
            tuple(removed),
        )


def _replace(release: OpenRelease, cursor: psycopg.Cursor, there: Schema, *, is_partial: bool) -> list[str]:
    """Replace the rows of all marts; return the tables that were dropped."""
    refuse_what_postgres_cannot_hold(release)
    gone = there.check(release, is_partial=is_partial)
    # A change of columns blocks readers until the commit, so it comes last.
    marts = sorted(release.marts, key=there.changes_columns)
    for number, mart in enumerate(marts, start=1):
        log.info("push %s (%d of %d)", mart.name, number, len(marts), extra=PROGRESS)
        there.shape(mart)
        _copy(release, cursor, there, mart)
        there.record(mart, release.release_id)
    for name in gone:
        there.drop(name)
    return gone


def _copy(release: OpenRelease, cursor: psycopg.Cursor, there: Schema, mart: Mart) -> None:
    """Copy the rows of a mart as a stream of CSV. Only an unquoted empty field is null."""
    texts = ", ".join(column.quoted for column in mart.columns if "VARCHAR" in column.data_type)
    query = f"select {as_postgres_csv(mart)} from {mart.relation}"
    options = "format csv, header false, nullstr ''" + (f", force_quote ({texts})" if texts else "")
    with (
        cursor.copy(there.copy_statement(mart)) as copy,
        closing(_written(release.connection, query, options)) as blocks,
    ):
        for block in blocks:
            copy.write(block)
    if cursor.rowcount != mart.rows:
        raise SharingError(
            f"PostgreSQL took {cursor.rowcount:,} of {mart.rows:,} rows of {mart.name}. Nothing was changed."
        )


def _written(connection: duckdb.DuckDBPyConnection, query: str, options: str) -> Generator[bytes, None, None]:
    """Return what DuckDB's COPY writes of a query, while it writes."""
    reading, writing = os.pipe()

    def write() -> None:
        try:
            connection.cursor().execute(f"copy ({query}) to '/dev/fd/{writing}' ({options})")
        finally:
            os.close(writing)

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            while block := os.read(reading, _BLOCK):
                yield block
        finally:
            # If the server refused the rows, DuckDB fails at its next write and the thread ends.
            os.close(reading)
        writer.result()


def _tidy(connection: psycopg.Connection, there: Schema, release: OpenRelease) -> None:
    """Free the space of the old rows and renew the planner's statistics. The release is there without it."""
    import psycopg

    try:
        connection.execute(there.vacuum_statement(release))
    except psycopg.Error as error:
        log.warning("the old rows wait for the server's autovacuum: %s", str(error).strip())
