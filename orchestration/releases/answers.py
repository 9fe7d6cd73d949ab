"""The answer to a query, and its forms as text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from orchestration.core.serialization import json_text
from orchestration.releases.spreadsheet import without_formula


@dataclass(frozen=True)
class QueryResult:
    """Columns and rows of a result, with Python's values. Times are in UTC and have no zone."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    has_more: bool
    """True if the limit cut off rows."""


def as_text(value: object) -> str:
    """Return a value as text: decimals with every digit, booleans and structures as in JSON."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool | list | tuple | dict):
        return json_text(value)
    return str(value)


def as_csv(result: QueryResult, *, for_spreadsheet: bool = False) -> str:
    """Return the result as CSV with a header line; nulls are empty.

    For a spreadsheet, texts that look like a formula start with an apostrophe.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(result.columns)
    for row in result.rows:
        writer.writerow(_csv_field(value, for_spreadsheet) for value in row)
    return stream.getvalue()


def _csv_field(value: object, for_spreadsheet: bool) -> str | None:
    if for_spreadsheet and isinstance(value, str):
        return without_formula(value)
    return None if value is None else as_text(value)


def as_json(result: QueryResult) -> str:
    """Return the result as a JSON array with one object per line; decimals keep every digit."""
    lines = [
        "{"
        + ", ".join(f"{json.dumps(c)}: {json_text(v)}" for c, v in zip(result.columns, row, strict=True))
        + "}"
        for row in result.rows
    ]
    return "[" + ",\n ".join(lines) + "]\n"
