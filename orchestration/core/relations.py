"""Queries on the relations of a build and of its release, whatever engine holds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb

from orchestration.core.database import attach_release, connect, quote_identifier, quote_literal
from orchestration.core.errors import UnreadableError

Columns = list[tuple[str, str]]
"""Names and types of columns, in order. The types have DuckDB's names."""

_DATABASES = {"marts": quote_literal("release"), "raw": "current_database()"}
_OTHER_DATABASE = quote_literal("build")


class Relations(Protocol):
    """The relations of a build by layer: `raw`, `staging`, `unified`, `intermediate` or `marts`.

    A query is DuckDB's SQL. It names a relation as `release.marts.x`, `raw.x`, or `build.<layer>.x` for
    another layer. Each method raises UnreadableError where the engine reports an error.
    """

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which must be few."""

    def tables(self, layer: str) -> list[str]:
        """Return the tables and views of a layer, by name."""

    def columns(self, layer: str, table: str) -> Columns:
        """Return the columns of a table."""

    def kept(self, name: str, sql: str) -> AbstractContextManager[None]:
        """Keep the result of a query as relation `name` within the block, so that it is computed once."""


@dataclass(frozen=True)
class DuckDBRelations:
    """The relations of a connection with databases `release` and `build`, and schema `raw`."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with errors_in_one_line():
            return self.connection.execute(sql).fetchall()

    def tables(self, layer: str) -> list[str]:
        found = self.rows(
            "select table_name from information_schema.tables"
            f" where table_catalog = {_database(layer)} and table_schema = {quote_literal(layer)} order by 1"
        )
        return [name for (name,) in found]

    def columns(self, layer: str, table: str) -> Columns:
        found = self.rows(
            "select column_name, data_type from duckdb_columns()"
            f" where database_name = {_database(layer)} and schema_name = {quote_literal(layer)}"
            f" and table_name = {quote_literal(table)} order by column_index"
        )
        return [(name, data_type) for name, data_type in found]

    @contextmanager
    def kept(self, name: str, sql: str) -> Iterator[None]:
        relation = quote_identifier(name)
        with errors_in_one_line():
            self.connection.execute(f"create temp table {relation} as {sql}")
        try:
            yield
        finally:
            self.connection.execute(f"drop table temp.{relation}")


@contextmanager
def open_marts(marts: Path) -> Iterator[DuckDBRelations]:
    """Open the marts of a release: its marts file, or the folder of its Parquet files.

    No reader can lock Parquet files. Raises UnreadableError for a broken file, and PublishError if another
    process has opened the marts file for writing.
    """
    with connect() as connection:
        with errors_in_one_line():
            if marts.is_dir():
                _view_parquet(connection, marts)
            else:
                attach_release(connection, marts)
        yield DuckDBRelations(connection)


@contextmanager
def errors_in_one_line() -> Iterator[None]:
    """Raise UnreadableError for an error of DuckDB, with its first line. Later lines can quote data."""
    try:
        yield
    except duckdb.Error as error:
        raise UnreadableError(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}") from None


def _database(layer: str) -> str:
    return _DATABASES.get(layer, _OTHER_DATABASE)


def _view_parquet(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Create views on the Parquet files of a folder, with the names of the tables of a marts file."""
    connection.execute("attach ':memory:' as release")
    connection.execute("create schema release.marts")
    for path in sorted(folder.glob("*.parquet")):
        name = quote_identifier(path.stem)
        connection.execute(f"create view release.marts.{name} as from read_parquet({quote_literal(path)})")
