"""Reads the published marts of one release for the pages of its report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import attach_release, connect
from orchestration.report.parts.blocks import Dataset

MONTHS = 60
"""Months that charts over time go back."""
VALUES = 8
"""Values of a slice dimension that a reader can choose: those with most MRR."""

ACCOUNTS = 50
"""Accounts that have a page of their own: those with most MRR, and those whose alerts a page lists."""
ALERTED = 25
"""Accounts whose alerts of a kind a page lists: those with most MRR."""

_TOP_ACCOUNTS = "select account_id from dim_accounts order by current_mrr desc, account_id limit ?"

_ALERTED_ACCOUNTS = """
select account_id
from cs_alerts
group by account_id, kind
qualify row_number() over (partition by kind order by max(mrr_at_stake) desc, account_id) <= ?
order by max(mrr_at_stake) desc, account_id
"""

_RELATION = re.compile(r"\b(?:from|join)\s+(\w+)")

_SLICES = f"""
create temp table slices as
with latest as (
    select dimension, dimension_value, closing_mrr, closing_customers
    from mrr_monthly
    where month = (select max(month) from mrr_monthly)
)
select
    dimension,
    dimension_value,
    case when dimension = 'all' then 'All customers'
        else replace(dimension, '_', ' ') || ': ' || dimension_value end as slice,
    row_number() over (
        order by
            case dimension when 'all' then '' else dimension end,
            closing_mrr desc, closing_customers desc, dimension_value
    ) as slice_order
from latest
qualify row_number() over (
    partition by dimension order by closing_mrr desc, closing_customers desc, dimension_value
) <= {VALUES}
"""


@dataclass(frozen=True)
class Facts:
    """What every page needs to know about the release."""

    release_id: str
    as_of: datetime
    published_at: datetime
    checks_passed: int
    currency: str
    month: date
    """The month that the report describes: the latest complete month, or that of `as_of` without one."""
    is_complete: bool
    shows_names: bool
    """Whether pages show names of accounts; policy report_show_names."""
    truncated_dimensions: tuple[str, ...]
    """Slice dimensions with more values than the reader can choose."""


class Marts:
    """A connection to the marts of one release, and what all pages need."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.read: set[str] = set()
        """Marts that queries have read since `begin_page`."""
        self.descriptions: dict[str, str] = {
            f"{table}.{column}": comment or ""
            for table, column, comment in connection.execute(
                "select table_name, column_name, comment from duckdb_columns()"
                " where database_name = 'release' and schema_name = 'marts'"
            ).fetchall()
        }
        """The description of every column, by `mart.column`."""
        self._names = frozenset(column.split(".")[0] for column in self.descriptions)
        connection.execute(_SLICES)
        connection.execute(self._account_slices())
        self.facts = self._facts()
        self.accounts = self._accounts()
        """The accounts that have a page: those with most MRR, then others with alerts."""

    def begin_page(self) -> None:
        """Forget which marts queries have read."""
        self.read = set()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return its rows."""
        self._note(sql)
        return self._connection.execute(sql, list(parameters)).fetchall()

    def record(self, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
        """Run a query and return its first row by column name; every value is None without a row."""
        self._note(sql)
        cursor = self._connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or [None] * len(names), strict=True))

    def dataset(self, name: str, sql: str, parameters: Sequence[Any] = ()) -> Dataset:
        """Run a query for a chart."""
        self._note(sql)
        cursor = self._connection.execute(sql, list(parameters))
        return Dataset(name, _columns(cursor), cursor.fetchall())

    def grouped(
        self, sql: str, parameters: Sequence[Any]
    ) -> tuple[dict[str, str], dict[str, list[tuple[Any, ...]]]]:
        """Run a query; return the other columns, and their rows by the text in the first column."""
        self._note(sql)
        cursor = self._connection.execute(sql, list(parameters))
        columns = _columns(cursor)
        columns.pop(next(iter(columns)))
        groups: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        for key, *row in cursor.fetchall():
            groups[key].append(tuple(row))
        return columns, groups

    def _account_slices(self) -> str:
        """Return the SQL of a table with the slices of each account, as it is now."""
        dimensions = [
            dimension
            for (dimension,) in self.rows("select distinct dimension from slices order by dimension")
            if dimension == "plan" or f"dim_accounts.{dimension}" in self.descriptions
        ]
        values = {dimension: "current_plan" if dimension == "plan" else dimension for dimension in dimensions}
        each = [
            f"select account_id, '{dimension}' as dimension, coalesce({column}, 'unknown') as dimension_value"
            " from dim_accounts"
            for dimension, column in values.items()
        ]
        everything = "select account_id, 'all' as dimension, 'all' as dimension_value from dim_accounts"
        union = " union all ".join([everything, *each])
        return (
            "create temp table account_slices as select account_id, slice, slice_order"
            f" from ({union}) join slices using (dimension, dimension_value)"
        )

    def _accounts(self) -> tuple[str, ...]:
        found = self.rows(_TOP_ACCOUNTS, [ACCOUNTS])
        if "cs_alerts" in self._names:
            found += self.rows(_ALERTED_ACCOUNTS, [ALERTED])
        return tuple(dict.fromkeys(account_id for (account_id,) in found))

    def _note(self, sql: str) -> None:
        self.read |= self._names.intersection(_RELATION.findall(sql))

    def _facts(self) -> Facts:
        release = self.record("select * from _release")
        policies = dict(self.rows("select policy, value_in_force from _policies"))
        latest = self.record(
            "select month, is_complete from dim_months order by is_complete desc, month desc limit 1"
        )
        crowded = self.rows(
            "select dimension from mrr_monthly where month = (select max(month) from mrr_monthly)"
            " group by dimension having count(*) > ? order by dimension",
            [VALUES],
        )
        return Facts(
            release_id=release["release_id"],
            as_of=release["as_of"],
            published_at=release["published_at"],
            checks_passed=release["checks_passed"],
            currency=policies.get("reporting_currency", ""),
            month=latest["month"] or release["as_of"].date().replace(day=1),
            is_complete=bool(latest["is_complete"]),
            shows_names=policies.get("report_show_names") == "true",
            truncated_dimensions=tuple(dimension for (dimension,) in crowded),
        )


@contextmanager
def open_marts(path: Path) -> Iterator[Marts]:
    """Open the marts file of a release, read-only.

    Raises PublishError if another process has opened the file for writing.
    """
    with connect() as connection:
        attach_release(connection, path)
        connection.execute("use release.marts")
        yield Marts(connection)


def _columns(cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return {column[0]: _kind(str(column[1])) for column in cursor.description or ()}


def _kind(duckdb_type: str) -> str:
    if duckdb_type.startswith(("DATE", "TIMESTAMP")):
        return "date"
    if duckdb_type == "BOOLEAN":
        return "boolean"
    return "text" if duckdb_type.startswith(("VARCHAR", "ENUM")) else "number"
