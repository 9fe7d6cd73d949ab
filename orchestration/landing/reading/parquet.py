"""Read a Parquet file: its columns as texts, and in their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.landing.reading import tables
from orchestration.landing.reading.refusal import FileRefusedError


@dataclass(frozen=True)
class ParquetFile:
    """The content of a Parquet file, which RAW holds."""

    header: tuple[str, ...]
    rows: int
    types: Mapping[int, str]
    """DuckDB's types of the columns, by position."""


def read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, *, is_kept: bool) -> ParquetFile:
    """Fill RAW from a Parquet file.

    If `is_kept`, RAW reads a table of texts. Otherwise it reads the file, and also has typed columns, `n0`,
    `n1` and so on. A query then reads only the columns that it needs.

    Raises FileRefusedError for a file that cannot be read to its end.
    """
    source = f"read_parquet({quote_literal(path)}, file_row_number = true)"
    try:
        described = connection.execute(f"describe select * from {source}").fetchall()
        columns = [(str(name), str(kind)) for name, kind, *_ in described if name != "file_row_number"]
        texts = "".join(f", {_as_text(name, kind)} as c{place}" for place, (name, kind) in enumerate(columns))
        rows = f"select file_row_number + 1 as record, null::bigint as line{texts}"
        if is_kept:
            connection.execute(f"create or replace temp table {tables.DELIVERED} as {rows} from {source}")
            tables.create_raw(connection, f"from {tables.DELIVERED}")
            count = tables.count(connection, tables.DELIVERED)
        else:
            natives = "".join(
                f", {quote_identifier(name)} as n{place}" for place, (name, _) in enumerate(columns)
            )
            tables.create_raw(connection, f"{rows}{natives} from {source}")
            count = _read_all(connection, source)
        header = _header(connection, path)
    except duckdb.Error as error:
        tables.raise_machine_error(error)
        reason = str(error).splitlines()[0].replace(str(path), "the file")
        raise FileRefusedError(
            f"not a readable Parquet file ({reason}). Deliver the file again", _rows(connection, path)
        ) from None
    return ParquetFile(header, count, {place: kind for place, (_, kind) in enumerate(columns)})


def _read_all(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    """Read every value once, so that no later query meets a broken page; return the number of rows."""
    row = connection.execute(f"select count(*), max(hash(rows)) from {source} as rows").fetchone()
    assert row is not None
    return int(row[0])


def _as_text(name: str, kind: str) -> str:
    """Return SQL of a Parquet column as text: numbers in shortest exact form, nested values as JSON."""
    column = quote_identifier(name)
    if kind == "BLOB":
        return f"coalesce(try(decode({column})), {column}::varchar)"
    if kind.endswith(("]", ")")) and not kind.startswith("DECIMAL"):
        return f"to_json({column})::varchar"
    return f"{column}::varchar"


def _header(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """Return the original names of the top-level columns. DuckDB renames names that differ only in case."""
    nodes = connection.execute(
        f"select name, coalesce(num_children, 0) from parquet_schema({quote_literal(path)})"
    ).fetchall()
    names, place = [], 1
    while place < len(nodes):
        names.append(nodes[place][0])
        open_nodes = 1
        while open_nodes:
            open_nodes += nodes[place][1] - 1
            place += 1
    return tuple(names)


def _rows(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    try:
        found = connection.execute(
            f"select num_rows from parquet_file_metadata({quote_literal(path)})"
        ).fetchone()
    except duckdb.Error:
        return 0
    return int(found[0]) if found else 0
