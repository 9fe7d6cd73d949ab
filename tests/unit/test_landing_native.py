"""A typed column of a Parquet file gives what its texts give: the same values, days and mistakes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.core.database import connect, quote_literal
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.reading.binding import bind
from orchestration.landing.reading.mapping import NO_MAPPING
from orchestration.landing.reading.parquet import read_parquet
from orchestration.landing.values.casting import cast_rows
from orchestration.landing.values.census import take_census
from orchestration.landing.values.native import native_column

TIMES = (
    "null",
    "'2024-02-29 10:00:00.123456'",
    "'2024-02-29 00:00:00'",
    "'2024-02-29 00:00:00.5'",
    "'2024-02-29 23:59:00'",
    "'2024-02-29 23:59:59.999'",
    "'0001-01-01 00:00:00'",
    "'0044-03-15 (BC)'",
    "'1901-12-31 08:00:00'",
    "'1970-01-01 00:00:00'",
    "'9999-12-31 23:59:59'",
    "'10000-01-01 00:00:00'",
    "'infinity'",
    "'-infinity'",
)
DAYS = (
    "null",
    "'2024-02-29'",
    "'0001-01-01'",
    "'0044-03-15 (BC)'",
    "'9999-12-31'",
    "'10000-01-01'",
    "'infinity'",
)
WHOLE = ("null", "0", "-5", "127")
VALUES = {
    "timestamp": TIMES,
    "timestamp_s": TIMES,
    "timestamp_ms": TIMES,
    "timestamptz": TIMES,
    "date": DAYS,
    "boolean": ("null", "true", "false"),
    "tinyint": WHOLE,
    "bigint": (*WHOLE, "9223372036854775807"),
    "uinteger": ("null", "0", "4294967295"),
    "decimal(18,2)": ("null", "0", "-0.01", "1234.50", "9999999999999999.99"),
    "decimal(38,0)": ("null", "1", "99999999999999999999999999999999999999"),
    "decimal(20,6)": ("null", "1.5", "1.000001"),
}
NATIVE = [
    ("timestamp", "timestamp"),
    ("timestamp", "timestamp_s"),
    ("timestamp", "timestamp_ms"),
    ("timestamp", "timestamptz"),
    ("date", "date"),
    ("boolean", "boolean"),
    ("bigint", "tinyint"),
    ("bigint", "bigint"),
    ("bigint", "uinteger"),
    ("decimal(12,2)", "bigint"),
    ("decimal(12,2)", "decimal(18,2)"),
    ("decimal(18,4)", "decimal(18,2)"),
    ("decimal(38,8)", "decimal(38,0)"),
]
ZONELESS = ("timestamp", "timestamp_s", "timestamp_ms")
BY_TEXT = [
    ("timestamp", "date"),
    ("date", "timestamp"),
    ("decimal(18,2)", "decimal(20,6)"),
    ("bigint", "decimal(38,0)"),
    ("varchar", "bigint"),
]


def _contract(data_type: str, zone: str) -> LandingObject:
    limit = Decimal(0) if data_type.startswith("decimal") else None
    column = Column("thing", data_type, required=True, minimum=limit)
    return LandingObject("shop", "things", (column,), ("thing",), None, False, zone)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize(("data_type", "kind"), [*NATIVE, *BY_TEXT])
def test_typed_columns_give_what_their_texts_give(
    tmp_path: Path, data_type: str, kind: str, zone: str
) -> None:
    contract, path = _contract(data_type, zone), tmp_path / "things.parquet"
    rows = ", ".join(f"({value})" for value in VALUES[kind])
    with connect() as connection:
        connection.execute(
            f"copy (select try_cast(value as {kind}) as thing from (values {rows}) as given(value)) "
            f"to {quote_literal(path)} (format parquet)"
        )
        types = read_parquet(connection, path, is_kept=False).types
        binding = bind(contract, ["thing"])
        is_native = native_column(contract.columns[0], 0, types, NO_MAPPING, zone) is not None
        assert is_native == ((data_type, kind) in NATIVE and (zone == "UTC" or kind not in ZONELESS))
        found = []
        for given in (types, {}):
            seen = take_census(connection, contract, binding, NO_MAPPING, given)
            cast = cast_rows(contract, binding, NO_MAPPING, seen=seen.seen, types=given)
            query = f"select record, v0, _days, problem from ({cast.query}) order by record"
            found.append((seen, connection.execute(query).fetchall()))
    assert found[0] == found[1]
    assert len(found[0][1]) == len(VALUES[kind])
