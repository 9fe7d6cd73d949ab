"""Compare the rows of one relation in two databases by its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.releases.answers import QueryResult

SAMPLE = 8
"""How many changed values a comparison shows."""


@dataclass(frozen=True)
class Changes:
    """The changes of a relation. Without a key, a changed row counts as one removed and one added row."""

    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    rows_before: int
    rows_added: int
    rows_removed: int
    rows_changed: int
    changed: tuple[tuple[str, int], ...]
    """Columns with the number of rows in which they changed, most first."""
    values: QueryResult | None
    """A few changed values: key, column, before, after."""

    @property
    def is_equal(self) -> bool:
        return not (
            self.columns_added
            or self.columns_removed
            or self.rows_added
            or self.rows_removed
            or self.rows_changed
        )


def compare(connection: duckdb.DuckDBPyConnection, before: Path, after: str, key: Sequence[str]) -> Changes:
    """Compare the Parquet file `before` with the relation `after`, row by row of the same `key`."""
    old = f"read_parquet({quote_literal(before)})"
    columns_before, columns_after = (_columns(connection, relation) for relation in (old, after))
    common = [name for name in columns_after if name in columns_before]
    added = tuple(name for name in columns_after if name not in columns_before)
    removed = tuple(name for name in columns_before if name not in columns_after)
    rows_before = _count(connection, f"from {old}")
    if not key or not set(key) <= set(common):
        listed = ", ".join(map(quote_identifier, common))
        gone = _count(connection, f"select {listed} from {old} except all select {listed} from {after}")
        new = _count(connection, f"select {listed} from {after} except all select {listed} from {old}")
        return Changes(added, removed, rows_before, new, gone, 0, (), None)
    keys = [quote_identifier(name) for name in key]
    others = [name for name in common if name not in key]
    same_key = " and ".join(f"old.{name} is not distinct from new.{name}" for name in keys)
    pairs = (
        f"old.{quote_identifier(name)} as {_old(name)}, new.{quote_identifier(name)} as {_new(name)}, "
        for name in others
    )
    # One side has no row where its marker is null; the columns of the key may be null themselves.
    connection.execute(
        f"""
        create or replace temp table compared as
        select
            {"".join(f"coalesce(new.{name}, old.{name}) as {name}, " for name in keys)}
            {"".join(pairs)}
            old._is_there is null as _is_added,
            new._is_there is null as _is_removed
        from (select *, true as _is_there from {old}) as old
        full join (select *, true as _is_there from {after}) as new on {same_key}
        """
    )
    in_both = "not _is_added and not _is_removed"
    counts = connection.execute(
        "select count(*) filter (_is_added), count(*) filter (_is_removed), "
        f"count(*) filter ({in_both} and ({' or '.join(map(_is_changed, others)) or 'false'}))"
        + "".join(f", count(*) filter ({in_both} and {_is_changed(name)})" for name in others)
        + " from compared"
    ).fetchone()
    assert counts is not None
    changed = sorted(zip(others, counts[3:], strict=True), key=lambda item: -item[1])
    found = [(name, count) for name, count in changed if count]
    return Changes(
        columns_added=added,
        columns_removed=removed,
        rows_before=rows_before,
        rows_added=counts[0],
        rows_removed=counts[1],
        rows_changed=counts[2],
        changed=tuple(found),
        values=_values(connection, keys, [name for name, _ in found], in_both) if found else None,
    )


def _values(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[str], columns: Sequence[str], in_both: str
) -> QueryResult:
    listed = ", ".join(keys)
    union = " union all ".join(
        f"select {listed}, {number} as _column, {quote_literal(name)} as changed_column, "
        f"cast({_old(name)} as varchar) as before, cast({_new(name)} as varchar) as after "
        f"from compared where {in_both} and {_is_changed(name)}"
        for number, name in enumerate(columns)
    )
    result = connection.execute(
        f"select * exclude (_column) from ({union}) order by {listed}, _column limit {SAMPLE + 1}"
    )
    names = tuple(column[0] for column in result.description or ())
    rows = result.fetchall()
    return QueryResult(names, rows[:SAMPLE], len(rows) > SAMPLE)


def _is_changed(name: str) -> str:
    return f"{_old(name)} is distinct from {_new(name)}"


def _old(name: str) -> str:
    return quote_identifier(f"old {name}")


def _new(name: str) -> str:
    return quote_identifier(f"new {name}")


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe from {relation}").fetchall()]


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    counted = connection.execute(f"select count(*) from ({query})").fetchone()
    assert counted is not None
    return int(counted[0])
