"""Convert texts to the contract's types exactly, or return every reason why this is impossible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.tables import RAW
from orchestration.landing.values.conventions import BLANKS, is_nothing, is_placeholder
from orchestration.landing.values.decimals import misread_numbers, number_sql
from orchestration.landing.values.native import NO_TYPES, native_column
from orchestration.landing.values.numbers import DEFAULT_FORMAT, PLAIN_NUMBERS, NumberFormat, Numbers
from orchestration.landing.values.times import (
    ProblemCase,
    date_sql,
    is_day,
    matches,
    may_be_day,
    misread_times,
    timestamp_sql,
)
from orchestration.landing.values.vendor_formats import in_words, readable

MAY_BE_DAY = 32
"""Offset of the bits for times at the start or end of a day without an offset. The lower bits are for days
without a time."""


@dataclass(frozen=True)
class Problem:
    """One way in which a row breaks the contract."""

    column: str
    position: int | None
    """Position of the column in the file; None if the file lacks it."""
    reason: str
    """The rest of a sentence that starts with the column. Contains no row values."""
    advice: str = ""
    refuses: bool = False
    """One such row refuses the whole file."""
    by_value: bool = False
    """Each different value is a separate kind of mistake, such as each unknown word."""


@dataclass(frozen=True)
class Seen:
    """The columns with rare content. The loader does not search for it in other columns."""

    nothing: frozenset[str]
    """Columns with words for an empty cell."""
    placeholders: frozenset[str]
    """Columns with placeholder dates."""


@dataclass(frozen=True)
class Cast:
    """The typed rows of a file as SQL, and the meaning of its problem codes."""

    query: str
    """One row per record: `record`, `line`, `v0`, `v1`, ... in contract order, `r0`, `r1`, ... (values with
    placeholder dates), `_days` (bits of `day_columns`, see MAY_BE_DAY), `p0`, `p1`, ... (a problem code
    for each column with checks), `problem` (the first problem code or null), and the delivered `c0`, `c1`,
    ..."""
    problems: tuple[Problem, ...]
    """By problem code, in contract order, so that the first broken column decides."""
    groups: tuple[tuple[int, ...], ...]
    """The possible codes of `p0`, `p1`, ..."""
    day_columns: tuple[str, ...]
    """Timestamp columns that may contain days without a time, in the order of the bits of `_days`."""


def cast_rows(
    contract: LandingObject,
    binding: Binding,
    mapping: FileMapping = NO_MAPPING,
    numbers: Numbers = PLAIN_NUMBERS,
    seen: Seen | None = None,
    types: Mapping[int, str] = NO_TYPES,
) -> Cast:
    """Build one statement that casts and checks every column of a file.

    Without `seen`, every column may contain words for an empty cell and placeholder dates. `types` are those
    of the columns `n0`, `n1`, ... of RAW, by position.
    """
    texts, read, values, checks, days = [], [], [], [], []
    problems: list[Problem] = []
    groups: list[tuple[int, ...]] = []
    timezone = mapping.timezone or contract.source_timezone
    for place, column in enumerate(contract.columns):
        position = binding.positions.get(column.name)
        fixed = mapping.fixed.get(column.name)
        if position is None and fixed is None:
            values.append(f"cast(null as {column.data_type}) as v{place}")
            continue
        text, value = f"t{place}", f"v{place}"
        is_empty = f"{text} is null"
        native = native_column(column, position, types, mapping, timezone)
        if native:
            text, is_empty = native.text, f"{native.cell} is null"
        else:
            texts.append(f"{text_sql(column, position, mapping, seen)} as {text}")
        read_text = cast_sql(column, text, timezone, mapping, numbers.of(column.name))
        read.append(f"{f'coalesce({native.value}, {read_text})' if native else read_text} as r{place}")
        has_placeholders = column.is_time and (
            seen is None or fixed is not None or column.name in seen.placeholders
        )
        values.append(f"{_without_placeholder(column, f'r{place}', has_placeholders)} as {value}")
        if column.data_type == "timestamp":
            local = mapping.date_format(column.name)
            bits = is_day(text, value, local), may_be_day(text, value, local)
            if native:
                bits = "false", f"({value} is not null and {native.may_be_day})"
            days.append((column.name, *bits))
        cases, first = [], len(problems)
        for condition, details in _checks(column, text, is_empty, f"r{place}", has_placeholders):
            inner = []
            for test, problem in details:
                inner.append(f"when {test} then {len(problems)}")
                problems.append(Problem(column.name, position, *problem))
            cases.append(f"when {condition} then case {' '.join(inner)} end")
        if cases:
            checks.append(f"case {' '.join(cases)} end")
            groups.append(tuple(range(first, len(problems))))
    for rule in contract.rejects:
        # Apply the rule only to readable rows. An unreadable cell must not count as an empty one.
        is_legible = " and ".join(f"p{place} is null" for place in range(len(checks))) or "true"
        checks.append(
            f"case when {is_legible} and {on_values(contract, rule.where)} then {len(problems)} end"
        )
        groups.append((len(problems),))
        problems.append(Problem(rule.column, binding.positions.get(rule.column), rule.text, rule.advice))
    day_bits = " + ".join(
        f"case when {is_day} then {1 << bit}::bigint when {may_be} then "
        f"{1 << bit + MAY_BE_DAY}::bigint else 0 end"
        for bit, (_, is_day, may_be) in enumerate(days)
    )
    codes = [f"{check} as p{place}" for place, check in enumerate(checks)]
    first_problem = (
        f"coalesce({', '.join(f'p{place}' for place in range(len(checks)))})" if checks else "null::integer"
    )
    query = (
        f"select *, {first_problem} as problem from (select "
        f"{', '.join(['*', f'{day_bits or 0} as _days', *codes])} "
        f"from (select *, {', '.join(values)} from (select {', '.join(['*', *read])} "
        f"from (select {', '.join(['*', *texts])} from {RAW}))))"
    )
    return Cast(query, tuple(problems), tuple(groups), tuple(name for name, *_ in days))


def text_sql(
    column: Column, position: int | None, mapping: FileMapping = NO_MAPPING, seen: Seen | None = None
) -> str:
    """Return SQL of a cell's text in the contract's words; null for an empty cell."""
    fixed = mapping.fixed.get(column.name)
    if position is None:
        return quote_literal(fixed)
    has_nothing = seen is None or column.name in seen.nothing
    cleaned = _cleaned(column, f"c{position}", has_nothing=has_nothing)
    text = readable(in_words(cleaned, mapping.words.get(column.name, {})), column)
    return text if fixed is None else f"coalesce({text}, {quote_literal(fixed)})"


def cast_sql(
    column: Column,
    text: str,
    timezone: str,
    mapping: FileMapping = NO_MAPPING,
    notation: NumberFormat = DEFAULT_FORMAT,
) -> str:
    """Return SQL of a column's value from its text; null if the text does not match the type exactly.

    Raises ContractError for an unsupported type.
    """
    if column.data_type == "varchar":
        if not column.enum:
            return text
        cases = " ".join(
            f"when {quote_literal(word.lower())} then {quote_literal(word)}" for word in column.enum
        )
        return f"case lower({text}) {cases} end"
    if column.data_type == "boolean":
        return (
            f"case when lower({text}) in ('true', 't', 'yes', 'y', 'on', '1', '1.0') then true "
            f"when lower({text}) in ('false', 'f', 'no', 'n', 'off', '0', '0.0') then false end"
        )
    if column.is_time:
        local = mapping.date_format(column.name)
        return date_sql(text, local) if column.data_type == "date" else timestamp_sql(text, timezone, local)
    return number_sql(column, notation.plain(text))


def json_object(names: Sequence[str], columns: Sequence[str]) -> str:
    """Return SQL of a JSON object with the non-null columns; null if all columns are null."""
    pairs = ", ".join(
        f"case when {column} is not null "
        f"then {quote_literal(json.dumps(name) + ':')} || json_quote({column}) end"
        for name, column in zip(names, columns, strict=True)
    )
    return f"nullif('{{' || concat_ws(',', {pairs}) || '}}', '{{}}')" if pairs else "null::varchar"


def _cleaned(column: Column, delivered: str, *, has_nothing: bool) -> str:
    """Return SQL of the trimmed text; null for an empty cell. Names and free text are not trimmed."""
    trimmed = f"nullif(trim({delivered}, {quote_literal(BLANKS)}), '')"
    # A cheap test for surrounding white space, because trimming costs more than any cast. Comparing texts is
    # the fastest way to check the first character.
    begins_in_ascii = f"{delivered} between '!' and '~'"
    ends_in_ascii = f"substr({delivered}, -1, 1) between '!' and '~'"
    nothing = f"when {is_nothing(delivered, column.keeps)} then null " if has_nothing else ""
    if column.data_type == "varchar" and not (column.enum or column.is_id or column.pattern):
        if column.pii == "text":
            return f"nullif({delivered}, '')"
        # Keep the text unchanged, but treat white space alone as empty.
        return f"case {nothing}when {begins_in_ascii} or {trimmed} is not null then {delivered} end"
    return (
        f"case {nothing}when {begins_in_ascii} and {ends_in_ascii} then {delivered} "
        f"when {delivered} <> '' then {trimmed} end"
    )


def _checks(
    column: Column, text: str, is_empty: str, value: str, has_placeholders: bool
) -> Iterator[tuple[str, list[ProblemCase]]]:
    """Return the conditions that reject a row, in the order of a CASE, each with its possible problems."""
    if column.required:
        yield is_empty, [("true", ("is required and empty", "", False, False))]
    misread = f"not {is_empty} and {value} is null"
    if column.enum:
        yield misread, [("true", (f"is not one of {', '.join(column.enum)}", "", False, True))]
    elif column.is_time:
        yield misread, misread_times(text, column.data_type)
        if has_placeholders and column.required and column.placeholder is None:
            reason = "is a placeholder, not a date"
            yield is_placeholder(value), [("true", (reason, "Give the real date.", False, False))]
    elif column.is_number:
        yield misread, list(misread_numbers(column, text))
    elif column.data_type == "boolean":
        advice = "Write true or false, or map the words in mapping.yml."
        yield misread, [("true", ("is not true or false", advice, False, True))]
    for limit, reason, sign in (
        (column.minimum, "is below", "<"),
        (column.minimum_exclusive, "is not above", "<="),
        (column.maximum, "is above", ">"),
    ):
        if limit is not None:
            refuses = column.refuses is not None and limit is column.minimum
            advice = column.refuses if column.refuses and refuses else ""
            yield f"{value} {sign} {limit}", [("true", (f"{reason} {limit}", advice, refuses, False))]
    if column.pattern is not None:
        words = column.pattern_in_words
        reason = f"is not {words}" if words else f"does not match {column.pattern}"
        yield f"not {matches(text, column.pattern, 'c')}", [("true", (reason, "", False, True))]


def _without_placeholder(column: Column, value: str, has_placeholders: bool) -> str:
    """Return SQL that turns placeholder dates in optional columns into null."""
    if not has_placeholders or column.required:
        return value
    return f"case when not {is_placeholder(value)} then {value} end"


def on_values(contract: LandingObject, condition: str) -> str:
    """Rewrite a condition on the contract's columns for `v0`, `v1`, ..."""
    places = {name: f"v{place}" for place, name in enumerate(contract.column_names)}
    return re.sub(r"\b[a-z_]+\b", lambda word: places.get(word[0], word[0]), condition)
