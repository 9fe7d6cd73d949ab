"""Compares the tables of two engines: columns, types, and rows to the last digit."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.core.database import connect, quote_identifier, quote_literal

TOLERANCE = 1e-12
"""Tolerance for rates, absolute up to 1 and relative above: engines add doubles in different orders."""

_SHOWN = 6


def compare_tables(first: Path, second: Path) -> list[str]:
    """The differences between the tables of the folders `first` and `second`.

    A table is a file `<name>.parquet`, or a folder of Parquet files as Spark writes it. Rows are compared as
    multisets by all columns except rates, and then the rates one by one.
    """
    sides = _tables(first), _tables(second)
    if differ := sorted(sides[0].keys() ^ sides[1].keys()):
        return [f"only on one side: {differ}"]
    with connect() as connection:
        return [
            line
            for name in sorted(sides[0])
            for line in _compare(connection, name, *(one[name] for one in sides))
        ]


def empty_tables(folder: Path) -> set[str]:
    """The names of the tables without rows."""
    with connect() as connection:
        return {
            name
            for name, path in _tables(folder).items()
            if not connection.sql(f"select 1 from {_parquet(path)} limit 1").fetchall()
        }


def _tables(folder: Path) -> dict[str, Path]:
    return {path.name.removesuffix(".parquet"): path for path in folder.iterdir()}


def _compare(connection: duckdb.DuckDBPyConnection, table: str, first: Path, second: Path) -> list[str]:
    types = []
    for side, path in (("first", first), ("second", second)):
        source = _parquet(path)
        described = connection.sql(f"describe from {source}").fetchall()
        types.append([(str(row[0]), _family(str(row[1]))) for row in described])
        # Compare times without the zone UTC that Spark adds.
        columns = ", ".join(
            f"cast({quote_identifier(name)} as {'timestamp' if kind == 'timestamp' else described_type})"
            f" as {quote_identifier(name)}"
            for (name, kind), described_type in zip(types[-1], (row[1] for row in described), strict=True)
        )
        connection.execute(f"create or replace temp table {side} as select {columns} from {source}")
    if types[0] != types[1]:
        return [f"{table}: {sorted(set(types[0]) ^ set(types[1])) or 'columns in another order'}"]
    rates = [quote_identifier(name) for name, kind in types[0] if kind == "double"]
    keys = [quote_identifier(name) for name, kind in types[0] if kind != "double"]
    return _compare_rows(connection, table, ", ".join(keys)) or [
        line for rate in rates for line in _compare_rate(connection, table, rate, keys, rates)
    ]


def _compare_rows(connection: duckdb.DuckDBPyConnection, table: str, keys: str) -> list[str]:
    lines = []
    for side, other in (("first", "second"), ("second", "first")):
        rows = f"select {keys} from {side} except all select {keys} from {other}"
        found = connection.sql(f"{rows} order by all").fetchall()
        lines += [f"{table}: {len(found)} rows only in the {side}" for _ in found[:1]]
        lines += [f"    {row}" for row in found[:_SHOWN]]
    return lines


def _compare_rate(
    connection: duckdb.DuckDBPyConnection, table: str, rate: str, keys: list[str], rates: list[str]
) -> list[str]:
    # Rows that differ only in rates are paired by their rates.
    order = f"partition by {', '.join(keys)} order by {', '.join(rates)}"
    numbered = f"select *, row_number() over ({order}) as place from"
    pairs = " and ".join(f"a.{key} is not distinct from b.{key}" for key in [*keys, "place"])
    found = connection.sql(
        f"""
        select a.{rate}, b.{rate} from ({numbered} first) as a inner join ({numbered} second) as b on {pairs}
        where (a.{rate} is null) <> (b.{rate} is null)
            or abs(a.{rate} - b.{rate}) > {TOLERANCE} * greatest(1, abs(a.{rate}))
        """
    ).fetchall()
    return [f"{table}: {len(found)} values of {rate} differ, such as {found[0]}"] if found else []


def _family(data_type: str) -> str:
    kind = data_type.lower()
    if kind.startswith("timestamp"):
        return "timestamp"
    return "integer" if kind.endswith(("int", "integer")) else kind


def _parquet(path: Path) -> str:
    """One file, or a folder of files."""
    return f"read_parquet({quote_literal(path / '*.parquet' if path.is_dir() else path)})"
