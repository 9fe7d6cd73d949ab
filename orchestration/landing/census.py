"""What is remarkable about the cells of a loaded file: words for nothing, placeholders, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from orchestration.contract import Column, LandingObject
from orchestration.landing import tables
from orchestration.landing.binding import Binding
from orchestration.landing.casting import cast_sql, text_sql
from orchestration.landing.conventions import is_nothing, is_placeholder
from orchestration.landing.mapping import FileMapping
from orchestration.landing.refusal import Kind, Remark
from orchestration.pseudonyms import EMAIL_PATTERN
from orchestration.warehouse import quote_literal


@dataclass(frozen=True)
class Census:
    """What was counted."""

    remarks: tuple[Remark, ...]
    address_columns: tuple[str, ...]
    placeholder_columns: tuple[str, ...]


@dataclass(frozen=True)
class _Count:
    """A condition on a cell that is counted over the file."""

    kind: str
    column: Column
    condition: str
    value: str


def take_census(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping,
) -> Census:
    """Count in one pass over the delivered texts what the loader reads otherwise than it stands there."""
    counts = list(_counts(contract, binding, mapping))
    if not counts:
        return Census((), (), ())
    measures = ", ".join(
        f"count(*) filter ({one.condition}), min(record) filter ({one.condition})" for one in counts
    )
    row = connection.execute(f"select {measures} from {tables.RAW}").fetchone()
    assert row is not None
    remarks = []
    found: dict[str, list[str]] = {"nothing": [], "placeholder": [], "address": []}
    for place, one in enumerate(counts):
        rows, first = row[2 * place], row[2 * place + 1]
        if rows:
            found[one.kind].append(one.column.name)
            remarks.append(_remark(connection, one, rows, first))
    required = {column.name for column in contract.columns if column.required}
    return Census(
        tuple(remarks),
        tuple(found["address"]),
        tuple(name for name in found["placeholder"] if name in required),
    )


def _counts(contract: LandingObject, binding: Binding, mapping: FileMapping) -> Iterator[_Count]:
    timezone = mapping.timezone or contract.source_timezone
    for column in contract.columns:
        place = binding.positions.get(column.name)
        if place is None:
            continue
        cell = f"c{place}"
        if column.pii != "text":
            yield _Count("nothing", column, is_nothing(cell, column.keeps), cell)
        if column.is_time and (not column.required or column.placeholder):
            text = text_sql(column, place, mapping)
            value = cast_sql(column, text, timezone, mapping)
            # Nearly all dates begin so, and no placeholder does: they need not be read for this.
            found = f"coalesce({is_placeholder(value)}, false)"
            condition = f"case when starts_with({cell}, '20') then false else {found} end"
            yield _Count("placeholder", column, condition, cell)
        if column.data_type == "varchar" and not column.enum and column.pii not in ("email", "text"):
            condition = f"contains({cell}, '@') and regexp_matches({cell}, {quote_literal(EMAIL_PATTERN)})"
            yield _Count("address", column, condition, cell)


def _remark(connection: duckdb.DuckDBPyConnection, one: _Count, rows: int, first: int) -> Remark:
    found = connection.execute(
        f"select line, {one.value} from {tables.RAW} where record = ?", [first]
    ).fetchone()
    line, value = found if found else (None, None)
    kind, text, advice = _WORDS[one.kind]
    if one.kind == "placeholder" and one.column.placeholder:
        text, advice = _BUSINESS_START
    if one.kind == "address" and one.column.is_id:
        text, advice = _ADDRESS_AS_ID
    return Remark(kind, one.column.name, text, advice, rows, first, line, value)


_WORDS: dict[str, tuple[Kind, str, str]] = {
    "nothing": ("note", "is a word for nothing; it is read as empty", ""),
    "placeholder": ("told", "is a placeholder date; it is read as empty", "Leave the cell empty."),
    "address": (
        "told",
        "holds an e-mail address; it is masked in everything that is published",
        "Deliver a name without the address.",
    ),
}
_BUSINESS_START = (
    "is a placeholder date; it stands for the first day on which the data know of business",
    "Give the real start of service.",
)
_ADDRESS_AS_ID = (
    "is an e-mail address; it is published as a pseudonym",
    "Deliver an id of the system, if there is one.",
)
