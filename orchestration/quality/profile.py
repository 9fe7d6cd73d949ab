"""The profile of a release: measured in its marts file, or recorded by its run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from orchestration.core.database import attach_release, connect, quote_identifier, quote_literal

T = TypeVar("T")


@dataclass(frozen=True)
class Month:
    """One month of `mrr_monthly`, slice `all`."""

    month: date
    is_complete: bool
    closing_mrr: Decimal
    customers: int


@dataclass(frozen=True)
class NotMeasured:
    """Replaces a part of a profile that could not be measured."""

    reason: str


@dataclass(frozen=True)
class ReleaseProfile:
    """The figures of one release that the gate compares."""

    release_id: str
    as_of: datetime
    as_of_is_given: bool
    known_at: str | None
    is_experiment: bool
    """It was made beside the current release, and does not replace it."""
    checks: Mapping[str, int]
    """Evaluated checks by mart."""
    deliveries: Mapping[str, datetime]
    """Latest delivery by landing object (UTC)."""
    rows: Mapping[str, int] | NotMeasured
    columns: Mapping[str, Mapping[str, str]] | NotMeasured
    """Types by column, by mart."""
    months: tuple[Month, ...] | NotMeasured
    policies: Mapping[str, str] | NotMeasured
    events: Mapping[str, datetime | None] | NotMeasured
    """Latest instant by `mart.column`."""
    matches: Mapping[tuple[str, str], tuple[int, int]] | NotMeasured = field(default_factory=dict)
    """Records found and matched to an account, by source and object."""


def profile_release(marts: Path, record: Mapping[str, Any], events: Iterable[str]) -> ReleaseProfile:
    """Measure a marts file, or the folder of its Parquet files, which no reader can lock.

    `record` is the manifest of the release, or the record of its run so far. Raises PublishError if another
    process has opened the file for writing.
    """
    checks: dict[str, int] = {}
    for result in record["audit"]["results"]:
        checks[result["mart"]] = checks.get(result["mart"], 0) + (result["outcome"] != "error")
    deliveries = {
        label: datetime.fromisoformat(moment) for label, moment in (record.get("deliveries") or {}).items()
    }
    with connect() as connection:
        if marts.is_dir():
            _view_parquet(connection, marts)
        else:
            attach_release(connection, marts)
        return ReleaseProfile(
            release_id=record["release_id"],
            as_of=datetime.fromisoformat(record["as_of"]),
            as_of_is_given=record["as_of_is_given"],
            known_at=record.get("known_at"),
            is_experiment=bool(record.get("experiment")),
            checks=checks,
            deliveries=deliveries,
            rows=_measured(lambda: _rows(connection)),
            columns=_measured(lambda: _columns(connection)),
            months=_measured(lambda: _months(connection)),
            policies=_measured(lambda: _policies(connection)),
            events=_measured(lambda: _events(connection, events)),
            matches=_measured(lambda: _matches(connection)),
        )


def latest_month(parquet: Path) -> Month | None:
    """Return the latest month in the Parquet files of a release; None if they have none.

    The month may be incomplete.
    """
    with connect() as connection:
        _view_parquet(connection, parquet)
        months = _measured(lambda: _months(connection))
    return months[-1] if months and not isinstance(months, NotMeasured) else None


def _view_parquet(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Create views on the Parquet files of a folder, with the names of the tables of a marts file."""
    connection.execute("attach ':memory:' as release")
    connection.execute("create schema release.marts")
    for path in sorted(folder.glob("*.parquet")):
        name = quote_identifier(path.stem)
        connection.execute(f"create view release.marts.{name} as from read_parquet({quote_literal(path)})")


def _measured(measure: Callable[[], T]) -> T | NotMeasured:
    try:
        return measure()
    except duckdb.Error as error:
        # The first line names the missing object. Later lines can quote data.
        return NotMeasured(f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")


def _rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    names = connection.execute(
        "select table_name from information_schema.tables where table_catalog = 'release' order by 1"
    ).fetchall()
    counts = {}
    for (name,) in names:
        row = connection.execute(f"select count(*) from release.marts.{quote_identifier(name)}").fetchone()
        counts[name] = int(row[0]) if row else 0
    return counts


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    columns: dict[str, dict[str, str]] = {}
    for table, column, data_type in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns()"
        " where database_name = 'release' order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, {})[column] = data_type
    return columns


def _months(connection: duckdb.DuckDBPyConnection) -> tuple[Month, ...]:
    found = connection.execute(
        "select month, is_complete, closing_mrr, closing_customers"
        " from release.marts.mrr_monthly where dimension = 'all' order by month"
    ).fetchall()
    return tuple(Month(*row) for row in found)


def _policies(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(connection.execute("select policy, value_in_force from release.marts._policies").fetchall())


def _events(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, datetime | None]:
    newest = {}
    for name in names:
        mart, _, column = name.partition(".")
        row = connection.execute(
            f"select max({quote_identifier(column)})::timestamp from release.marts.{quote_identifier(mart)}"
        ).fetchone()
        newest[name] = row[0] if row else None
    return newest


def _matches(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[int, int]]:
    if "_identity_coverage" not in _columns(connection):
        return {}  # a release of an earlier version
    found = connection.execute(
        "select source_system, object_name, rows_found, matched from release.marts._identity_coverage"
    ).fetchall()
    return {(source, name): (rows, matched) for source, name, rows, matched in found}
