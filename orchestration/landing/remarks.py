"""The result for an accepted file, and what the user should know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.wording import count
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.ends import ends_remark
from orchestration.landing.reading import tables
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.mapping import FileMapping
from orchestration.landing.reading.readers import Reading
from orchestration.landing.reading.refusal import Remark
from orchestration.landing.values.census import Census
from orchestration.landing.values.days import Days
from orchestration.landing.values.numbers import Numbers
from orchestration.landing.values.repeats import Repeats


@dataclass(frozen=True)
class Loaded:
    """The result for an accepted file."""

    rows: int
    """Rows in the file, without blank records."""
    quarantined: int
    blank: int
    mapping: FileMapping
    columns: tuple[str, ...]
    extra_columns: tuple[str, ...]
    days: Days
    census: Census
    repeats: Repeats
    ends: dict[str, int] | None
    tool: str
    remarks: tuple[Remark, ...]

    def facts(self) -> dict[str, Any]:
        """Return the fields of the accepted batch, without its identity."""
        return {
            "status": "accepted",
            "reason": None,
            "rows_in": self.rows,
            "rows_loaded": self.rows - self.quarantined,
            "rows_quarantined": self.quarantined,
            "rows_refused": 0,
            "rows_blank": self.blank,
            "rows_repeated": self.repeats.repeated,
            "rows_conflicting": self.repeats.conflicting,
            "columns": self.columns,
            "extra_columns": self.extra_columns,
            "day_columns": self.days.columns,
            "whole_day_columns": self.days.whole,
            "address_columns": self.census.address_columns,
            "placeholder_columns": self.census.placeholder_columns,
            "ends": self.ends,
            "ends_convention": self.mapping.ends,
            "tool": self.tool,
            "remarks": self.remarks,
        }


Warned = Sequence[tuple[int, int | None]]
"""By rule of `LandingObject.warns`: the number of rows that break it, and the first of them."""


def remarks_on(
    contract: LandingObject,
    reading: Reading,
    binding: Binding,
    numbers: Numbers,
    found: Loaded,
    warned: Warned,
    line: Callable[[int | None], int | None],
) -> Iterator[Remark]:
    """Return the warnings and notes about a loaded file or table. `line` is the line of a row in the file."""
    yield from binding.remarks
    if not reading.rows:
        yield Remark("note", None, "contains no rows")
    if reading.lines_above:
        yield Remark("note", None, f"{count(reading.lines_above, 'line')} above the header skipped")
    if found.blank:
        yield Remark("note", None, "skipped blank records and repeated headers", rows=found.blank)
    if not numbers.notation.is_default and found.mapping.decimal is None and found.mapping.thousands is None:
        yield Remark("note", None, f"numbers use {numbers.notation.in_words()}")
    if numbers.may_be_thousands:
        yield Remark(
            "told",
            None,
            "all numbers with a point have three digits after it: the loader reads 1.200 as 1.2",
            'If it means 1200, set `thousands: "."` in mapping.yml.',
        )
    for name in found.days.whole:
        yield Remark("note", name, "has no time of day; its days start in the reporting time zone")
    yield from found.census.remarks
    if found.repeats.repeated:
        yield Remark(
            "note", None, "rows equal to another row of the file count once", rows=found.repeats.repeated
        )
    if found.repeats.conflicting:
        key = ", ".join(contract.key)
        # A system delivers its own versions of a record.
        advice = f"If the rows are different facts, give them different values of {key}."
        yield Remark(
            "note" if contract.is_vendor else "told",
            None,
            f"rows have the same {key} as a lower row, which counts instead",
            "" if contract.is_vendor else advice,
            rows=found.repeats.conflicting,
            row=found.repeats.first_conflict,
            line=line(found.repeats.first_conflict),
        )
    if contract.ends:
        remark = ends_remark(found.ends, contract.ends.end, found.mapping.ends)
        if remark:
            yield remark
    for rule, (rows, first) in zip(contract.warns, warned, strict=True):
        if rows:
            yield Remark("told", rule.column, rule.text, rule.advice, rows, first, line(first))


def count_warned(connection: duckdb.DuckDBPyConnection, contract: LandingObject, path: Path) -> Warned:
    """Count the rows of a typed file that break the rules of `warns`."""
    return [
        connection.execute(
            f"select count(*), min(_row) from read_parquet({quote_literal(path)}) where {rule.where}"
        ).fetchone()
        or (0, None)
        for rule in contract.warns
    ]


def line_of(connection: duckdb.DuckDBPyConnection, record: int | None) -> int | None:
    """Return the line of a record of RAW; None if the file has no lines."""
    found = connection.execute(f"select line from {tables.RAW} where record = ?", [record]).fetchone()
    return found[0] if found else None
