"""Choose the number format of a file: from its mapping, or the one that fits all numbers."""

from __future__ import annotations

import duckdb

from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.jsonlines import number_keys
from orchestration.landing.reading.mapping import FileMapping
from orchestration.landing.reading.readers import Reading
from orchestration.landing.values.casting import Seen, text_sql
from orchestration.landing.values.numbers import NumberFormat, Numbers, find_number_format, find_signs

_NUMERIC = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
)


def find_numbers(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping,
    reading: Reading,
    seen: Seen,
) -> Numbers:
    """Return the number format of a file.

    Columns that Parquet or JSON already types as numbers need no detection.
    """
    places = {
        column.name: binding.positions[column.name]
        for column in contract.columns
        if column.is_number and column.name in binding.positions
    }
    is_given = mapping.decimal is not None or mapping.thousands is not None
    if not is_given:
        # Numbers that Parquet types have no separators.
        cells = [f"c{place}" for place in places.values() if place not in _typed_numbers(reading)]
        signs = find_signs(connection, cells)
        is_suspect = signs.are_thousandths and reading.delimiter is not None
        if not signs.has_others and not (is_suspect and reading.delimiter == ";"):
            return Numbers(may_be_thousands=is_suspect)
    exact = frozenset(name for name, place in places.items() if place in _typed(connection, reading))
    if is_given:
        decimal = mapping.decimal or ("," if mapping.thousands == "." else ".")
        return Numbers(NumberFormat(decimal, mapping.thousands or ""), exact)
    texts = [
        (name, text_sql(contract.column(name), place, mapping, seen))
        for name, place in places.items()
        if name not in exact
    ]
    found, refusal = find_number_format(connection, texts)
    return Numbers(found, exact, refusal=refusal)


def _typed(connection: duckdb.DuckDBPyConnection, reading: Reading) -> frozenset[int]:
    """Return the positions of columns that contain typed numbers."""
    if not reading.is_json:
        return _typed_numbers(reading)
    keys = number_keys(connection, reading.header)
    return frozenset(place for place, key in enumerate(reading.header) if key in keys)


def _typed_numbers(reading: Reading) -> frozenset[int]:
    """Return the positions of the numeric columns of a Parquet file."""
    return frozenset(place for place, kind in reading.types.items() if kind.startswith(_NUMERIC))
