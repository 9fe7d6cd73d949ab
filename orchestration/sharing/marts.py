"""The marts of one release, opened to be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from orchestration.core.database import attach_release, connect, quote_identifier
from orchestration.core.errors import SharingError
from orchestration.core.settings import Settings
from orchestration.core.spelling import did_you_mean
from orchestration.releases.duckdb_store import marts_file


@dataclass(frozen=True)
class Column:
    """A column of a mart."""

    name: str
    data_type: str
    """DuckDB's type, such as DECIMAL(18,4)."""
    description: str | None

    @property
    def quoted(self) -> str:
        """The name as SQL."""
        return quote_identifier(self.name)

    @property
    def is_text(self) -> bool:
        """Whether the values are single texts."""
        return self.data_type == "VARCHAR"


@dataclass(frozen=True)
class Mart:
    """A published mart."""

    name: str
    rows: int
    description: str | None
    columns: tuple[Column, ...]

    @property
    def relation(self) -> str:
        """The name of the table as SQL."""
        return f"release.marts.{quote_identifier(self.name)}"


@dataclass(frozen=True)
class OpenRelease:
    """A release whose marts `connection` can read."""

    release_id: str
    connection: duckdb.DuckDBPyConnection
    marts: tuple[Mart, ...]


@contextmanager
def opened_release(settings: Settings, release_id: str, wanted: Sequence[str]) -> Iterator[OpenRelease]:
    """Open the `wanted` marts of a release, or all, until the block ends.

    Raises SharingError if the release has no mart of that name, and PublishError if it cannot be read.
    """
    path = marts_file(settings, release_id)
    with connect() as connection:
        attach_release(connection, path)
        marts = {mart.name: mart for mart in _marts(connection)}
        for name in wanted:
            if name not in marts:
                raise SharingError(
                    f"The release {path.parent.name} has no mart {name!r}.{did_you_mean(name, marts)} "
                    f"It has: {', '.join(marts)}."
                )
        chosen = tuple(mart for name, mart in marts.items() if not wanted or name in wanted)
        yield OpenRelease(path.parent.name, connection, chosen)


def _marts(connection: duckdb.DuckDBPyConnection) -> Iterator[Mart]:
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() where database_name = 'release'"
        " and schema_name = 'marts' order by table_name"
    ).fetchall()
    columns: dict[str, list[Column]] = {}
    for table, *column in connection.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns()"
        " where database_name = 'release' and schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(Column(*column))
    for name, description in tables:
        counted = connection.execute(f"select count(*) from release.marts.{quote_identifier(name)}")
        (rows,) = counted.fetchone() or (0,)
        yield Mart(name, rows, description, tuple(columns[name]))
