"""Conversion of text to types is exact, or the row is rejected."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.core.errors import ContractError
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.reading.binding import bind
from orchestration.landing.values.casting import cast_rows
from tests.unit.landing_case import session


def at(text: str) -> datetime:
    """A UTC timestamp without zone, as raw columns hold it."""
    return datetime.fromisoformat(text)


def cast(column: Column, text: str | None, timezone: str = "UTC") -> tuple[Any, str | None]:
    """The value, or the reason for its rejection, from the loader's own statement."""
    contract = LandingObject("s", "o", (column,), (column.name,), None, False, timezone)
    found = cast_rows(contract, bind(contract, [column.name]))
    session().execute(
        "create or replace temp table raw_rows as "
        "select 1::bigint as record, 2::bigint as line, $1::varchar as c0",
        [text],
    )
    row = session().execute(f"select v0, problem from ({found.query})").fetchone()
    assert row is not None
    value, problem = row
    return value, None if problem is None else found.problems[problem].reason


GOOD = [
    ("varchar", " as it came ", " as it came "),
    ("varchar", "\x00;'\"", "\x00;'\""),
    ("bigint", "3", 3),
    ("bigint", " -3.0 ", -3),
    ("bigint", "1e3", 1000),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("decimal(24,8)", "0.10000000", Decimal("0.1")),
    ("decimal(24,8)", "1.500000000000000000000000000000000000000000000000", Decimal("1.5")),
    ("decimal(24,8)", "1e3", Decimal(1000)),
    ("decimal(24,8)", "1.5E-3", Decimal("0.0015")),
    ("decimal(24,8)", "0E-8", Decimal(0)),
    ("decimal(24,8)", "-.5", Decimal("-0.5")),
    ("decimal(24,8)", "+5.", Decimal(5)),
    ("decimal(24,8)", "9999999999999999.99999999", Decimal("9999999999999999.99999999")),
    (
        "decimal(38,0)",
        "12345678901234567890123456789012345678",
        Decimal("12345678901234567890123456789012345678"),
    ),
    ("boolean", "True", True),
    ("boolean", " y ", True),
    ("boolean", "1", True),
    ("boolean", "NO", False),
    ("boolean", "f", False),
    ("boolean", "1.0", True),
    ("boolean", "off", False),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("date", "2024-02-29T00:00:00.000Z", date(2024, 2, 29)),
    ("date", "2024-02-29 00:00:00+02", date(2024, 2, 29)),
    ("timestamp", "2024-02-29", at("2024-02-29 00:00:00")),
    ("timestamp", "2024-02-29 23:59", at("2024-02-29 23:59:00")),
    ("timestamp", "2024-02-29T10:00:00Z", at("2024-02-29 10:00:00")),
    ("timestamp", "2024-02-29t10:00:00z", at("2024-02-29 10:00:00")),
    ("timestamp", "2024-02-29 10:00:00 UTC", at("2024-02-29 10:00:00")),
    ("timestamp", "2024-02-29T10:00:00.123456789", at("2024-02-29 10:00:00.123456")),
    ("timestamp", "2024-02-29T10:00:00+02:00", at("2024-02-29 08:00:00")),
    ("timestamp", "2024-02-29T10:00:00.5-0530", at("2024-02-29 15:30:00.500000")),
    ("timestamp", "2024-02-29 10:00:00 +02", at("2024-02-29 08:00:00")),
    ("timestamp", "2024-01-01T00:30:00+01:00", at("2023-12-31 23:30:00")),
    # Placeholders of databases and spreadsheets mean that there is no date.
    ("timestamp", "1902-01-01", at("1902-01-01 00:00:00")),
    ("timestamp", "1901-12-31", None),
    ("timestamp", "2998-12-31 23:59:59", at("2998-12-31 23:59:59")),
    ("timestamp", "9999-12-31", None),
    ("timestamp", "0001-01-01", None),
    ("date", "1970-01-01", None),
    ("timestamp", "1970-01-01T00:00:00Z", None),
    ("timestamp", "1970-01-01T00:00:01Z", None),
    ("timestamp", "1969-12-31 19:00:00", None),
    ("timestamp", "1970-01-02", at("1970-01-02 00:00:00")),
    ("timestamp", "2099-12-30", at("2099-12-30 00:00:00")),
    ("timestamp", "2099-12-31 23:59:59", None),
    ("timestamp", "0000-00-00 00:00:00", None),
    ("date", "0000-00-00", None),
    ("date", "00/00/0000", None),
    ("timestamp", "0", None),
    ("timestamp", "1704067200", at("2024-01-01 00:00:00")),
    ("timestamp", "1704067200.5", at("2024-01-01 00:00:00.500000")),
    ("timestamp", "1704067200123", at("2024-01-01 00:00:00.123000")),
    ("timestamp", "\u00a01704067200\t", at("2024-01-01 00:00:00")),
]
BAD = [
    ("bigint", ["3.5", "1.05", "-.5"], "is not a whole number"),
    ("bigint", ["three", "1_000", "0x10", "1e-1", "1e30"], "is not a whole number"),
    ("bigint", ["9223372036854775808", "12345678901234567890"], "is too large"),
    ("decimal(24,8)", ["1.123456789", "8.333333333333334"], "has more than 8 decimals"),
    ("decimal(24,8)", ["12345678901234567"], "is too large"),
    ("decimal(24,8)", ["99,90", "1,5"], "has a comma instead of a decimal point"),
    ("decimal(24,8)", ["1,234.50", "1 000", "1'000", "1.234.567,89", "1,20,000.50"],
     "has thousands separators that do not fit the other numbers of the file"),
    ("decimal(24,8)", ["$5", "5%", "EUR 12.50", "12.50 USD", "€ 1,234.50"],
     "contains a currency or percent sign"),
    ("decimal(24,8)",
     ["1_000", "inf", "1e-9", "1e16", "1.0000000000000000055e1", "1e999", "0x1", "1e-200", "five"],
     "is not a number"),
    ("decimal(24,8)", ["(5.00)", "5.00-", "−5"], "is a negative number in another format"),
    ("boolean", ["2", "maybe", "nein"], "is not true or false"),
    ("date", ["29.02.2024", "02/29/2024", "1/2/24", "29-02-2024"], "does not start with the year"),
    ("date", ["2024-02-29 10:00", "2024-02-29T23:59:59Z"], "has a time of day, but must be a date"),
    ("date", ["45323"], "looks like a spreadsheet's serial number of a date"),
    ("date", ["2024-02-30", "2024-02-29 25:00", "0000-01-01"],
     "is not a calendar day, or has an unreadable time"),
    ("date", ["20240229", "infinity", "Feb 29, 2024"], "is not a date or time"),
    ("timestamp", ["01/02/2024", "1.2.2024 10:00"], "does not start with the year"),
    ("timestamp",
     ["2024-02-30T10:00:00", "2023-02-29", "2024-13-01", "2024-01-01T25:00:00",
      "2024-01-01T10:00:00+25:00", "2024-01-01 10:00:00 Europe/Berlin"],
     "is not a calendar day, or has an unreadable time"),
    ("timestamp", ["2024-1-3", "infinity", "yesterday", "170406720", "epoch"], "is not a date or time"),
]  # fmt: skip


@pytest.mark.parametrize(("data_type", "text", "expected"), GOOD)
def test_valid_texts_are_cast(data_type: str, text: str, expected: Any) -> None:
    assert cast(Column("x", data_type), text) == (expected, None)


@pytest.mark.parametrize(
    ("data_type", "text", "reason"), [(kind, text, reason) for kind, texts, reason in BAD for text in texts]
)
def test_invalid_texts_are_rejected_and_never_rounded(data_type: str, text: str, reason: str) -> None:
    assert cast(Column("x", data_type), text) == (None, reason)


@pytest.mark.parametrize("data_type", ["varchar", "bigint", "decimal(9,2)", "boolean", "date", "timestamp"])
@pytest.mark.parametrize("text", ["", None])
def test_empty_cells_are_null_or_rejected_if_required(data_type: str, text: str | None) -> None:
    assert cast(Column("x", data_type), text) == (None, None)
    assert cast(Column("x", data_type, required=True), text)[1] == "is required and empty"


@pytest.mark.parametrize("text", ["  ", "\u00a0", "\t"])
def test_white_space_is_not_a_key(text: str) -> None:
    assert cast(Column("x", "varchar", required=True), text) == (None, "is required and empty")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Berlin is UTC+1 in winter and UTC+2 in summer. A zone in the text takes precedence.
        ("2024-01-15 10:00:00", at("2024-01-15 09:00:00")),
        ("2024-07-15T10:00:00", at("2024-07-15 08:00:00")),
        # A day has no zone yet. It always begins in the reporting time zone.
        ("2024-07-15", at("2024-07-15 00:00:00")),
        ("2024-07-15T10:00:00Z", at("2024-07-15 10:00:00")),
        ("2024-07-15T10:00:00-04:00", at("2024-07-15 14:00:00")),
        ("1704067200", at("2024-01-01 00:00:00")),
        # The clock change skips or repeats these times, which count as standard time.
        ("2024-03-31 02:30:00", at("2024-03-31 01:30:00")),
        ("2024-10-27 02:30:00", at("2024-10-27 01:30:00")),
    ],
)
def test_times_without_an_offset_use_the_source_time_zone(text: str, expected: datetime) -> None:
    assert cast(Column("x", "timestamp"), text, timezone="Europe/Berlin") == (expected, None)


def test_enums_are_stored_in_the_contract_spelling() -> None:
    column = Column("x", "varchar", enum=("one_off", "Recurring"))
    assert cast(column, " RECURRING ") == ("Recurring", None)
    assert cast(column, " ") == (None, None)
    assert cast(column, "weekly") == (None, "is not one of one_off, Recurring")


def test_bounds_and_patterns() -> None:
    bounded = Column("x", "bigint", minimum=Decimal(1), maximum=Decimal(12))
    assert cast(bounded, "0")[1] == "is below 1"
    assert cast(bounded, "12")[1] is None
    assert cast(bounded, "13")[1] == "is above 12"
    assert cast(Column("x", "decimal(9,2)", minimum_exclusive=Decimal(0)), "0")[1] == "is not above 0"
    code = Column("x", "varchar", pattern="[A-Z]{3}")
    for text in ("EUR", " EUR\u00a0", "EUR\n"):
        assert cast(code, text) == ("EUR", None)
    for text in ("eur", "EURO", "EU\nR"):
        assert cast(code, text)[1] == "does not match [A-Z]{3}"


def test_an_unsupported_type_is_an_error() -> None:
    with pytest.raises(ContractError, match="Column x: the loader does not support the type float"):
        cast(Column("x", "float"), "1")
