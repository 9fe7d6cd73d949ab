"""Find the timestamps of a file that are days without a time. They start in the reporting time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.mapping import FileMapping
from orchestration.landing.values.casting import MAY_BE_DAY, Cast


@dataclass(frozen=True)
class Days:
    """The columns of the bits in `_days`."""

    columns: tuple[str, ...] = ()
    """Columns in the order of the bits; empty if no row has a day."""
    whole: tuple[str, ...] = ()
    """Columns in which 2024-02-01 00:00:00 is a day, because no row has another time of day."""

    def mask(self, column: str) -> int:
        """Return the bits that mark a value of the column as a day."""
        bit = self.columns.index(column)
        return 1 << bit | (1 << bit + MAY_BE_DAY if column in self.whole else 0)


def find_days(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    cast: Cast,
    mapping: FileMapping,
    path: Path,
) -> Days:
    """Find the day columns of a typed file.

    With a declared time zone, a time without an offset is a time in that zone, not a day.
    """
    names: Sequence[str] = cast.day_columns
    if not names:
        return Days()
    counts = ", ".join(day_counts([quote_identifier(name) for name in names]))
    row = connection.execute(f"select {counts} from read_parquet({quote_literal(path)})").fetchone()
    assert row is not None
    return days_found(contract, names, mapping, row)


def day_counts(columns: Sequence[str], where: str = "true") -> list[str]:
    """Return SQL of the three counts of each day column that `days_found` needs. `columns` are SQL."""
    return [
        count
        for bit, column in enumerate(columns)
        for count in (
            f"count(case when {where} then {column} end)",
            f"count(*) filter ({where} and _days & {1 << bit} <> 0)",
            f"count(*) filter ({where} and _days & {1 << bit + MAY_BE_DAY} <> 0)",
        )
    ]


def days_found(
    contract: LandingObject, names: Sequence[str], mapping: FileMapping, row: Sequence[int]
) -> Days:
    """Return the day columns of typed rows from the counts of `day_counts`."""
    has_zone = bool(mapping.timezone) or contract.source_timezone != "UTC"
    whole = tuple(
        name
        for bit, name in enumerate(names)
        for filled, days, perhaps in [row[3 * bit : 3 * bit + 3]]
        if perhaps and days + perhaps == filled and not has_zone
    )
    has_days = whole or any(row[3 * bit + 1] for bit in range(len(names)))
    return Days(tuple(names), whole) if has_days else Days()
