"""Convert texts to the contract's types exactly, or return every reason why this is impossible."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestration.core.database import quote_literal
from orchestration.core.errors import ContractError
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.reading.binding import Binding
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.tables import RAW
from orchestration.landing.values.conventions import BLANKS, is_nothing, is_placeholder
from orchestration.landing.values.numbers import DEFAULT_FORMAT, PLAIN_NUMBERS, NumberFormat, Numbers
from orchestration.landing.values.times import (
    ProblemCase,
    date_sql,
    is_day,
    may_be_day,
    misread_times,
    timestamp_sql,
)
from orchestration.landing.values.vendor_formats import in_words, readable

_WHOLE_DIGITS = 19

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
) -> Cast:
    """Build one statement that casts and checks every column of a file.

    Without `seen`, every column may contain words for an empty cell and placeholder dates.
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
        texts.append(f"{text_sql(column, position, mapping, seen)} as {text}")
        read.append(f"{cast_sql(column, text, timezone, mapping, numbers.of(column.name))} as r{place}")
        has_placeholders = column.is_time and (
            seen is None or fixed is not None or column.name in seen.placeholders
        )
        values.append(f"{_without_placeholder(column, f'r{place}', has_placeholders)} as {value}")
        if column.data_type == "timestamp":
            local = mapping.date_format(column.name)
            days.append((column.name, is_day(text, value, local), may_be_day(text, value, local)))
        cases, first = [], len(problems)
        for condition, details in _checks(column, text, f"r{place}", has_placeholders):
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
    if column.data_type == "bigint":
        return f"try_cast({_decimal(notation.plain(text), _WHOLE_DIGITS, 0)} as bigint)"
    precision, scale = decimal_size(column)
    return _decimal(notation.plain(text), precision, scale)


def decimal_size(column: Column) -> tuple[int, int]:
    """Return precision and scale of a decimal column. Raises ContractError for an unsupported type."""
    size = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", column.data_type)
    if size is None:
        raise ContractError(
            f"Column {column.name}: the loader does not support the type {column.data_type}. Use varchar, "
            "bigint, decimal(p, s), boolean, date or timestamp."
        )
    return int(size[1]), int(size[2])


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
    # A cheap test for surrounding white space, because trimming costs more than any cast.
    begins_in_ascii = f"ascii({delivered}) between 33 and 126"
    ends_in_ascii = f"ascii(right({delivered}, 1)) between 33 and 126"
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
    column: Column, text: str, value: str, has_placeholders: bool
) -> Iterator[tuple[str, list[ProblemCase]]]:
    """Return the conditions that reject a row, in the order of a CASE, each with its possible problems."""
    if column.required:
        yield f"{text} is null", [("true", ("is required and empty", "", False, False))]
    misread = f"{text} is not null and {value} is null"
    if column.enum:
        yield misread, [("true", (f"is not one of {', '.join(column.enum)}", "", False, True))]
    elif column.is_time:
        yield misread, misread_times(text, column.data_type)
        if has_placeholders and column.required and column.placeholder is None:
            reason = "is a placeholder, not a date"
            yield is_placeholder(value), [("true", (reason, "Give the real date.", False, False))]
    elif column.is_number:
        yield misread, list(_misread_numbers(column, text))
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
        yield f"not {_matches(text, column.pattern, 'c')}", [("true", (reason, "", False, True))]


def _misread_numbers(column: Column, text: str) -> Iterator[ProblemCase]:
    """Return the possible reasons why a text is not a number of the type."""
    precision, scale = (_WHOLE_DIGITS, 0) if column.data_type == "bigint" else decimal_size(column)
    comma = 'Write 99.90 for 99,90, or set `decimal: ","` in mapping.yml.'
    plain = r"[+-]?(\d+(\.\d*)?|\.\d+)"
    if scale:
        yield (
            _matches(text, rf"[+-]?\d+\.\d{{{scale},}}[1-9]\d*0*"),
            (f"has more than {scale} decimals", f"Round it to {scale} decimals.", False, False),
        )
    else:
        yield _matches(text, r"[+-]?\d*\.\d*[1-9]\d*"), ("is not a whole number", "", False, False)
    yield (
        _matches(text, plain),
        ("is too large", f"At most {precision - scale} digits before the point are allowed.", False, False),
    )
    yield (
        _matches(text, r"[+-]?\d+,\d+"),
        ("has a comma instead of a decimal point", comma, False, False),
    )
    yield (
        _matches(text, r"[+-]?\d{1,3}([ ,.'" + "\u00a0\u202f\u2019" + r"]\d{2,3})+([.,]\d+)?"),
        (
            "has thousands separators that do not fit the other numbers of the file",
            "Write 1200.50 for 1,200.50, or set `thousands` in mapping.yml.",
            False,
            False,
        ),
    )
    yield (
        _matches(text, r"\([$€£¥]?[-+0-9.,]+\)|[0-9.,]+-|[−–][0-9.,]+"),
        ("is a negative number in another format", "Write -5.00 for (5.00) or 5.00-.", False, False),
    )
    yield (
        _matches(text, r"([$€£¥]|[A-Z]{3}) ?[-+0-9.,]+|[-+0-9.,]+ ?([$€£¥%]|[A-Z]{3})"),
        (
            "contains a currency or percent sign",
            "Write only the number. Put the currency into its column.",
            False,
            False,
        ),
    )
    yield "true", ("is not a number" if scale else "is not a whole number", "", False, False)


def _without_placeholder(column: Column, value: str, has_placeholders: bool) -> str:
    """Return SQL that turns placeholder dates in optional columns into null."""
    if not has_placeholders or column.required:
        return value
    return f"case when not {is_placeholder(value)} then {value} end"


def on_values(contract: LandingObject, condition: str) -> str:
    """Rewrite a condition on the contract's columns for `v0`, `v1`, ..."""
    places = {name: f"v{place}" for place, name in enumerate(contract.column_names)}
    return re.sub(r"\b[a-z_]+\b", lambda word: places.get(word[0], word[0]), condition)


def _decimal(text: str, precision: int, scale: int) -> str:
    """Return SQL of an exact decimal. DuckDB's cast would round extra decimals.

    For a number with an exponent, also reads the value at the finest possible scale. The value is exact if
    both results agree and no digit exceeds that scale.
    """
    finest = 38 - (precision - scale)
    plain = rf"[+-]?(\d+(\.\d{{0,{scale}}}0*)?|\.\d{{0,{scale}}}0*)"
    scientific = r"[+-]?(\d+(\.\d*)?|\.\d+)[eE][+-]?\d{1,3}"
    mantissa = f"regexp_extract({text}, '\\.(\\d*)[eE]', 1)"
    exponent = f"try_cast(regexp_extract({text}, '[eE](.*)$', 1) as integer)"
    coarse = f"try_cast({text} as decimal({precision}, {scale}))"
    fine = f"try_cast({text} as decimal(38, {finest}))"
    return (
        f"case when {_matches(text, plain)} then {coarse} "
        f"when {_matches(text, scientific)} and length({mantissa}) - {exponent} <= {finest} "
        f"and {coarse} = {fine} then {coarse} end"
    )


def _matches(text: str, pattern: str, options: str = "i") -> str:
    """Return SQL that matches the whole text. Option 'c' makes the match case-sensitive."""
    return f"regexp_full_match({text}, {quote_literal(pattern)}, {quote_literal(options)})"
