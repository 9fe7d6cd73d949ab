"""Tables of plain text, as the case file holds them and as a failing case prints them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

Row = dict[str, str]

NULL = "-"
_RANGE = re.compile(r"(\D+)(\d+)\.\.\1(\d+)")


def parse_table(text: str) -> list[Row]:
    """Rows by column name. Two or more blanks separate columns. `c1..c4` in a cell makes four rows."""
    lines = [re.split(r" {2,}", line.strip()) for line in text.splitlines() if line.strip()]
    header = lines[0]
    rows: list[Row] = []
    for cells in lines[1:]:
        if len(cells) != len(header):
            raise ValueError(f"{len(cells)} cells under {len(header)} columns: {'  '.join(cells)}")
        rows += _spread(dict(zip(header, cells, strict=True)))
    return rows


def _spread(row: Row) -> list[Row]:
    ranges = {name: found for name, cell in row.items() if (found := _RANGE.fullmatch(cell))}
    if not ranges:
        return [row]
    first, last = {(int(found[2]), int(found[3])) for found in ranges.values()}.pop()
    return [
        row | {name: f"{found[1]}{number}" for name, found in ranges.items()}
        for number in range(first, last + 1)
    ]


def format_table(rows: Sequence[Row]) -> str:
    """The rows under their header, aligned."""
    if not rows:
        return "(no rows)"
    header = list(dict.fromkeys(name for row in rows for name in row))
    lines = [header, *([row.get(name, NULL) for name in header] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def show(value: Any, expected: str) -> str:
    """A value of a mart in the notation of the file; `expected` itself if both are equal."""
    if _is_equal(value, expected):
        return expected
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if not value.hour and not value.minute else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date) and len(expected) == len("2024-01"):
        return f"{value:%Y-%m}" if value.day == 1 else str(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def _is_equal(value: Any, expected: str) -> bool:
    """Money and counts are compared exactly, rates to the digits written."""
    if value is None or expected == NULL:
        return value is None and expected == NULL
    try:
        if isinstance(value, bool):
            return value is {"yes": True, "no": False}[expected]
        if isinstance(value, datetime):
            return value == datetime.fromisoformat(expected)
        if isinstance(value, date):
            return value == date.fromisoformat(f"{expected}-01" if len(expected) == 7 else expected)
        if isinstance(value, float):
            digits = len(expected.partition(".")[2])
            return abs(Fraction(value) - Fraction(expected)) <= Fraction(1, 2 * 10**digits)
        if isinstance(value, int | Decimal):
            return Decimal(value) == Decimal(expected)
    except (ValueError, KeyError, ArithmeticError):
        return False
    return bool(value == expected)
