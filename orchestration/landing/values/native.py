"""Columns that Parquet types as the contract does. Their values need no text, and no text is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.dbt_runner.landing_contract import Column
from orchestration.landing.reading.mapping import FileMapping

NO_TYPES: Mapping[int, str] = {}
"""The types of a file without typed columns."""

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_WITH_ZONE = "TIMESTAMP WITH TIME ZONE"
_TYPES: Mapping[str, tuple[str, ...]] = {
    "boolean": ("BOOLEAN",),
    "date": ("DATE",),
    "timestamp": ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"),
    "bigint": _WHOLE,
}
"""By type of the contract: the types whose values are always values of that type."""


@dataclass(frozen=True)
class Native:
    """A typed column of RAW as SQL."""

    cell: str
    value: str
    """The value in the contract's type. Null if only the text can say why it has none."""

    may_be_day: str = "false"
    """SQL that is true for the time of a day's start or end, without an offset."""

    @property
    def text(self) -> str:
        return f"cast({self.cell} as varchar)"


def native_column(
    column: Column, position: int | None, types: Mapping[int, str], mapping: FileMapping, timezone: str
) -> Native | None:
    """Return the typed column at a position; None if its text decides.

    `types` are those of the columns `n0`, `n1`, ... of RAW, by position.
    """
    kind = types.get(position) if position is not None else None
    is_changed = column.formats or column.words or column.name in {*mapping.fixed, *mapping.words}
    if kind is None or is_changed:
        return None
    cell = f"n{position}"
    if column.is_time:
        return _native_time(column, cell, kind, mapping, timezone)
    if kind in _TYPES.get(column.data_type, ()) or _keeps_decimals(column.data_type, kind):
        return Native(cell, f"try_cast({cell} as {column.data_type})")
    return None


def _native_time(column: Column, cell: str, kind: str, mapping: FileMapping, timezone: str) -> Native | None:
    if mapping.date_format(column.name) is not None:
        return None
    moment, may_be_day = cell, "false"
    if column.data_type == "timestamp" and kind == _WITH_ZONE:
        moment = f"timezone('UTC', {cell})"
    elif kind not in _TYPES[column.data_type]:
        return None
    elif column.data_type == "timestamp":
        if timezone.upper() != "UTC":
            return None
        clock = f"cast({cell} as time)"
        may_be_day = f"({clock} = time '00:00:00' or {clock} >= time '23:59:59')"
    # Texts have four digits for the year, so earlier and later times are not readable.
    first, after = (f"{column.data_type} '{day}'" for day in ("0001-01-01", "9999-12-31"))
    bounds = f"{moment} >= {first} and {moment} < {after}"
    return Native(cell, f"case when {bounds} then cast({moment} as {column.data_type}) end", may_be_day)


def _keeps_decimals(data_type: str, kind: str) -> bool:
    """Return whether a cast to `data_type` rounds no number of the type `kind`."""
    size, given = (re.fullmatch(r"decimal\((\d+), ?(\d+)\)", one.lower()) for one in (data_type, kind))
    return bool(size) and (kind in _WHOLE or bool(given and size and int(given[2]) <= int(size[2])))
