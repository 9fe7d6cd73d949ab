"""What is remarkable about the cells of a loaded file: words for nothing, placeholders, addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """SQL; of a placeholder first one that it may be one."""
    cell: str


def take_census(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping,
) -> Census:
    """Count over the delivered texts what the loader reads otherwise than it stands there."""
    found = _count(connection, list(_counts(contract, binding, mapping)))
    # Few files have dates that may be placeholders, and only those are read as dates once more.
    suspects = [one for one, *_ in found if one.kind == "placeholder"]
    met = [each for each in found if each[0].kind != "placeholder"]
    met += _count_placeholders(connection, contract, binding, mapping, suspects)
    by_kind = {kind: [one.column for one, *_ in met if one.kind == kind] for kind in _WORDS}
    return Census(
        tuple(_remark(connection, *each) for each in met),
        tuple(column.name for column in by_kind["address"]),
        tuple(column.name for column in by_kind["placeholder"] if column.required),
    )


def _counts(contract: LandingObject, binding: Binding, mapping: FileMapping) -> Iterator[_Count]:
    for column in contract.columns:
        place = binding.positions.get(column.name)
        if place is None:
            continue
        cell = f"c{place}"
        if column.pii != "text":
            yield _Count("nothing", column, is_nothing(cell, column.keeps), cell)
        if column.is_time and (not column.required or column.placeholder):
            # Nearly all dates begin so. In the order of years, months and days no placeholder does.
            is_usual = f"substr({cell}, 1, 3) between '200' and '208'"
            is_suspect = f"not {is_usual}" if mapping.date_format(column.name) is None else "true"
            yield _Count("placeholder", column, f"{cell} <> '' and {is_suspect}", cell)
        if column.data_type == "varchar" and not column.enum and column.pii not in ("email", "text"):
            condition = f"contains({cell}, '@') and regexp_matches({cell}, {quote_literal(EMAIL_PATTERN)})"
            yield _Count("address", column, condition, cell)


def _count(connection: duckdb.DuckDBPyConnection, counts: Sequence[_Count]) -> list[tuple[_Count, int, int]]:
    """The conditions that rows meet, with how many do and the first of them, in one pass."""
    if not counts:
        return []
    flags = ", ".join(f"{one.condition} as f{place}" for place, one in enumerate(counts))
    return _met(connection, counts, f"select record, {flags} from {tables.RAW}")


def _count_placeholders(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping,
    suspects: Sequence[_Count],
) -> list[tuple[_Count, int, int]]:
    """Of the columns that may have placeholders those that do. Each step is a query of its own: written out
    as one, the expressions would take longer to plan than to run."""
    if not suspects:
        return []
    timezone = mapping.timezone or contract.source_timezone
    texts, values, flags = [], [], []
    for place, one in enumerate(suspects):
        texts.append(f"{text_sql(one.column, binding.positions[one.column.name], mapping)} as t{place}")
        values.append(f"{cast_sql(one.column, f't{place}', timezone, mapping)} as r{place}")
        flags.append(f"{is_placeholder(f'r{place}')} as f{place}")
    is_suspect = " or ".join(one.condition for one in suspects)
    query = f"select record, {', '.join(texts)} from {tables.RAW} where {is_suspect}"
    query = f"select record, {', '.join(values)} from ({query})"
    return _met(connection, suspects, f"select record, {', '.join(flags)} from ({query})")


def _met(
    connection: duckdb.DuckDBPyConnection, counts: Sequence[_Count], query: str
) -> list[tuple[_Count, int, int]]:
    """The counts of which a row has the flag `f0`, `f1`, ..., with how many have and the first of them."""
    measures = ", ".join(
        f"count(*) filter (f{place}), min(record) filter (f{place})" for place in range(len(counts))
    )
    row = connection.execute(f"select {measures} from ({query})").fetchone()
    assert row is not None
    return [(one, row[2 * place], row[2 * place + 1]) for place, one in enumerate(counts) if row[2 * place]]


def _remark(connection: duckdb.DuckDBPyConnection, one: _Count, rows: int, first: int) -> Remark:
    found = connection.execute(
        f"select line, {one.cell} from {tables.RAW} where record = ?", [first]
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
