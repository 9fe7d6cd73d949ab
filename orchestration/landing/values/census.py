"""Count the unusual cells of a file: words for an empty cell, placeholder dates and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import LOADER_COLUMNS, Column, LandingObject
from orchestration.dbt_runner.pseudonyms import EMAIL_PATTERN
from orchestration.landing.reading import tables
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.mapping import FileMapping
from orchestration.landing.reading.refusal import Kind, Remark
from orchestration.landing.values.casting import Seen, cast_sql, text_sql
from orchestration.landing.values.conventions import is_nothing, is_placeholder, may_be_nothing
from orchestration.landing.values.native import NO_TYPES, native_column


@dataclass(frozen=True)
class Census:
    """The result of the count."""

    remarks: tuple[Remark, ...]
    kinds: tuple[str, ...]
    """What each remark is about: nothing, placeholder or address."""
    address_columns: tuple[str, ...]
    placeholder_columns: tuple[str, ...]
    seen: Seen


@dataclass(frozen=True)
class Unusual:
    """A condition on a cell, counted over the file. `cell` and `condition` are SQL."""

    kind: str
    column: Column
    cell: str
    suspicion: str
    """A cheap condition that is true whenever `condition` is."""
    condition: str
    """A condition on the cell, or on `{value}`."""
    text: str | None = None
    value: str | None = None
    """SQL of the cell's text, and of the typed value of `{text}`, if the condition needs it."""


def take_census(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping,
    types: Mapping[int, str] = NO_TYPES,
) -> Census:
    """Count the cells that the loader changes, over the delivered texts.

    `types` are those of the columns `n0`, `n1`, ... of RAW, by position.
    """
    met = _count(connection, list(unusual_cells(contract, binding, mapping, types)))
    census = census_of(contract, mapping, [(one, rows) for one, rows, _ in met])
    firsts = {(one.kind, one.column.name): (one, first) for one, _, first in met}
    remarks = tuple(
        _placed(connection, remark, *firsts[kind, str(remark.column)])
        for kind, remark in zip(census.kinds, census.remarks, strict=True)
    )
    return replace(census, remarks=remarks)


def census_of(contract: LandingObject, mapping: FileMapping, met: Sequence[tuple[Unusual, int]]) -> Census:
    """Return the census from the kinds of unusual cells that were met, with their numbers of rows."""
    by_kind = {kind: [one.column for one, _ in met if one.kind == kind] for kind in _WORDS}
    reported = [
        each for each in met if each[0].kind != "placeholder" or _may_hold_placeholders(each[0].column)
    ]
    return Census(
        tuple(_remark(*each) for each in reported),
        tuple(one.kind for one, _ in reported),
        tuple(column.name for column in by_kind["address"]) + tuple(_given_addresses(contract, mapping)),
        tuple(column.name for column in by_kind["placeholder"] if column.required and column.placeholder),
        Seen(
            frozenset(column.name for column in by_kind["nothing"]),
            frozenset(column.name for column in by_kind["placeholder"]),
        ),
    )


def _given_addresses(contract: LandingObject, mapping: FileMapping) -> Iterator[str]:
    """Yield the columns that receive an address from the mapping."""
    for column in contract.columns:
        texts = [mapping.fixed.get(column.name, ""), *mapping.words.get(column.name, {}).values()]
        if _may_not_hold_addresses(column) and any(re.search(EMAIL_PATTERN, text) for text in texts):
            yield column.name


def _may_hold_placeholders(column: Column) -> bool:
    """Return whether a placeholder in the column is worth a warning."""
    return column not in LOADER_COLUMNS and (not column.required or column.placeholder is not None)


def _may_not_hold_addresses(column: Column) -> bool:
    if column.data_type != "varchar" or column.enum or column.may_be_address:
        return False
    return column.pii not in ("email", "text")


def unusual_cells(
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping,
    types: Mapping[int, str] = NO_TYPES,
) -> Iterator[Unusual]:
    """Yield the conditions of the cells that the loader changes, with `types` as in `take_census`."""
    timezone = mapping.timezone or contract.source_timezone
    for column in contract.columns:
        place = binding.positions.get(column.name)
        if place is None:
            continue
        cell = f"c{place}"
        native = native_column(column, place, types, mapping, timezone)
        if native:
            if column.is_time:
                condition = is_placeholder(native.value)
                yield Unusual("placeholder", column, cell, condition, condition)
            continue
        if column.pii != "text":
            condition = is_nothing(cell, column.keeps)
            yield Unusual("nothing", column, cell, may_be_nothing(cell), condition)
        if column.is_time:
            text = text_sql(column, place, mapping)
            value = cast_sql(column, "{text}", timezone, mapping)
            # Almost all dates start with these digits, or are epochs of this century. No placeholder in
            # year-month-day order is.
            digits = " and ".join(f"substr({cell}, {place}, 1) between '0' and '9'" for place in (3, 5))
            is_epoch = f"substr({cell}, 1, 1) = '1' and {digits}"
            is_usual = f"(substr({cell}, 1, 3) between '200' and '208' or ({is_epoch}))"
            is_suspect = f"not {is_usual}" if mapping.date_format(column.name) is None else "true"
            suspicion = f"{cell} <> '' and {is_suspect}"
            yield Unusual("placeholder", column, cell, suspicion, is_placeholder("{value}"), text, value)
        if _may_not_hold_addresses(column):
            condition = f"regexp_matches({cell}, {quote_literal(EMAIL_PATTERN)})"
            yield Unusual("address", column, cell, f"contains({cell}, '@')", condition)


def _count(
    connection: duckdb.DuckDBPyConnection, counts: Sequence[Unusual]
) -> list[tuple[Unusual, int, int]]:
    """Return the conditions that rows meet, with the number of rows and the first row."""
    if not counts:
        return []
    suspicions = ", ".join(f"bool_or({one.suspicion})" for one in counts)
    flags = connection.execute(f"select {suspicions} from {tables.RAW}").fetchone()
    assert flags is not None
    suspects = [one for one, is_suspect in zip(counts, flags, strict=True) if is_suspect]
    if not suspects:
        return []
    measures = ", ".join(
        f"count(*) filter (f{place}), min(record) filter (f{place})" for place in range(len(suspects))
    )
    row = connection.execute(f"select {measures} from ({flagged_sql(suspects)})").fetchone()
    assert row is not None
    found = [(one, row[2 * place], row[2 * place + 1]) for place, one in enumerate(suspects)]
    return [each for each in found if each[1]]


def flagged_sql(counts: Sequence[Unusual], relation: str = tables.RAW) -> str:
    """Return SQL of a relation like RAW with a flag `f0`, `f1`, ... for each kind of unusual cell.

    Texts and values come from separate subqueries, because planning one large expression takes longer than
    running it.
    """
    texts, values, flags = [], [], []
    for place, one in enumerate(counts):
        condition = one.condition
        if one.text is not None and one.value is not None:
            texts.append(f"{one.text} as text_{place}")
            values.append(f"{one.value.replace('{text}', f'text_{place}')} as value_{place}")
            condition = condition.replace("{value}", f"value_{place}")
        flags.append(f"case when {one.suspicion} then {condition} else false end as f{place}")
    query = f"select {', '.join(['*', *texts])} from {relation}"
    query = f"select {', '.join(['*', *values])} from ({query})"
    return f"select {', '.join(['*', *flags])} from ({query})"


def _placed(connection: duckdb.DuckDBPyConnection, remark: Remark, one: Unusual, first: int) -> Remark:
    """Return a remark with the place of its first cell and its value."""
    found = connection.execute(
        f"select line, {one.cell} from {tables.RAW} where record = ?", [first]
    ).fetchone()
    line, value = found if found else (None, None)
    return replace(remark, row=first, line=line, value=value)


def _remark(one: Unusual, rows: int) -> Remark:
    kind, text, advice = _WORDS[one.kind]
    if one.kind == "placeholder" and one.column.placeholder:
        text, advice = _BUSINESS_START
    if one.kind == "address" and one.column.is_id:
        text, advice = _ADDRESS_AS_ID
    return Remark(kind, one.column.name, text, advice, rows)


_WORDS: dict[str, tuple[Kind, str, str]] = {
    "nothing": ("note", "is a word for an empty cell; the loader reads it as empty", ""),
    "placeholder": ("told", "is a placeholder date; the loader reads it as empty", "Leave the cell empty."),
    "address": (
        "told",
        "contains an e-mail address; the marts show a mask instead",
        "Deliver a name without the address.",
    ),
}
_BUSINESS_START = (
    "is a placeholder date; the first business day in the data replaces it",
    "Give the real start of service.",
)
_ADDRESS_AS_ID = (
    "is an e-mail address; the marts show a pseudonym instead",
    "Deliver the system's id, if there is one.",
)
