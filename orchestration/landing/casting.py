"""Text to the contract's types: exactly or not at all, with the first reason why not."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.contract import Column, LandingObject
from orchestration.errors import ContractError
from orchestration.landing.binding import Binding
from orchestration.landing.tables import RAW
from orchestration.warehouse import quote_literal

_BLANKS = " \t\r\n\f\v\u00a0"

# A cheap test that text has no blanks round it: trimming costs more than any cast.
_MAYBE_BLANK_ENDS = (" ", "\t", "\r", "\n", "\f", "\v", "\u00a0")

_OFFSET = r"( ?(Z|UTC|[+-](0\d|1[0-8])(:?[0-5]\d)?))?"
_ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?" + _OFFSET + ")?"
_ISO_UTC = r"[1-9]\d{3}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?"
_MIDNIGHT = r"\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?" + _OFFSET + ")?"
_SECONDS, _MILLISECONDS = r"\d{10}(\.\d+)?", r"\d{13}(\.\d+)?"
_WHOLE_DIGITS = 19


@dataclass(frozen=True)
class Problem:
    """One way in which a row breaks the contract."""

    column: str
    position: int
    """Place of the column in the file."""
    reason: str


@dataclass(frozen=True)
class Cast:
    """The typed rows of a file as SQL, and what its problem codes mean."""

    query: str
    """One row per record: `record`, `v0`, `v1`, ... in contract order, `problem` (null where there is none),
    and the delivered `c0`, `c1`, ..."""
    problems: tuple[Problem, ...]
    """By problem code; in contract order, so that the first broken column decides."""


def cast_rows(contract: LandingObject, binding: Binding) -> Cast:
    """Build the one statement that casts and checks every column of a file."""
    texts, values, checks = [], [], []
    problems: list[Problem] = []
    for place, column in enumerate(contract.columns):
        position = binding.positions.get(column.name)
        if position is None:
            values.append(f"cast(null as {column.data_type}) as v{place}")
            continue
        text, value = f"t{place}", f"v{place}"
        texts.append(f"{_text(column, f'c{position}')} as {text}")
        values.append(f"{cast_sql(column, text, contract.source_timezone)} as {value}")
        cases = []
        for condition, reason in _checks(column, text, value):
            cases.append(f"when {condition} then {len(problems)}")
            problems.append(Problem(column.name, position, reason))
        if cases:
            checks.append(f"case {' '.join(cases)} end")
    problem = f"coalesce({', '.join(checks)})" if checks else "null::integer"
    query = (
        f"select *, {problem} as problem from (select *, {', '.join(values)} "
        f"from (select {', '.join(['*', *texts])} from {RAW}))"
    )
    return Cast(query, tuple(problems))


def cast_sql(column: Column, text: str, timezone: str) -> str:
    """SQL value of a column from its trimmed text; null where the text is not exactly of the type.

    Raises ContractError for a type that cannot be landed.
    """
    if column.data_type == "varchar":
        if not column.enum:
            return text
        cases = " ".join(
            f"when {quote_literal(word.lower())} then {quote_literal(word)}" for word in column.enum
        )
        return f"case lower({text}) {cases} end"
    if column.data_type == "bigint":
        return f"try_cast({_decimal(text, _WHOLE_DIGITS, 0)} as bigint)"
    if column.data_type == "boolean":
        return (
            f"case when lower({text}) in ('true', 't', 'yes', 'y', '1') then true "
            f"when lower({text}) in ('false', 'f', 'no', 'n', '0') then false end"
        )
    if column.data_type == "date":
        return (
            f"case when {_matches(text, _MIDNIGHT)} and not starts_with({text}, '0000') "
            f"then try_cast(left({text}, 10) as date) end"
        )
    if column.data_type == "timestamp":
        return _timestamp(text, timezone)
    size = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", column.data_type)
    if size is None:
        raise ContractError(
            f"Column {column.name}: the type {column.data_type} cannot be landed. Use varchar, bigint, "
            "decimal(p, s), boolean, date or timestamp."
        )
    return _decimal(text, int(size[1]), int(size[2]))


def json_object(names: Sequence[str], columns: Sequence[str]) -> str:
    """SQL text of a JSON object of the columns that are not null; null where none is left."""
    pairs = ", ".join(
        f"case when {column} is not null "
        f"then {quote_literal(json.dumps(name) + ':')} || to_json({column}) end"
        for name, column in zip(names, columns, strict=True)
    )
    return f"nullif('{{' || concat_ws(',', {pairs}) || '}}', '{{}}')" if pairs else "null::varchar"


def _text(column: Column, delivered: str) -> str:
    """SQL: what was delivered, without blanks round it (but for free text); null where nothing is left."""
    trimmed = f"nullif(trim({delivered}, {quote_literal(_BLANKS)}), '')"
    begins_in_ascii = f"ascii({delivered}) between 33 and 126"
    if column.data_type == "varchar" and not column.enum:
        if not column.required:
            return f"nullif({delivered}, '')"
        # Text stays as it came, but blanks alone are no key and no name.
        return f"case when {begins_in_ascii} or {trimmed} is not null then {delivered} end"
    ends = " or ".join(f"suffix({delivered}, {quote_literal(blank)})" for blank in _MAYBE_BLANK_ENDS)
    return (
        f"case when {begins_in_ascii} and not ({ends}) then {delivered} "
        f"when {delivered} <> '' then {trimmed} end"
    )


def _checks(column: Column, text: str, value: str) -> list[tuple[str, str]]:
    """Conditions that reject a row, in the order of a CASE, with their reasons in words."""
    checks = []
    if column.required:
        checks.append((f"{text} is null", "is required and empty"))
    if column.enum:
        checks.append((f"{text} is not null and {value} is null", f"is not one of {', '.join(column.enum)}"))
    elif column.data_type != "varchar":
        checks.append((f"{text} is not null and {value} is null", f"is not {_type_in_words(column)}"))
    if column.minimum is not None:
        checks.append((f"{value} < {column.minimum}", f"is below {column.minimum}"))
    if column.minimum_exclusive is not None:
        checks.append((f"{value} <= {column.minimum_exclusive}", f"is not above {column.minimum_exclusive}"))
    if column.maximum is not None:
        checks.append((f"{value} > {column.maximum}", f"is above {column.maximum}"))
    if column.pattern is not None:
        checks.append((f"not {_matches(text, column.pattern, 'c')}", f"does not match {column.pattern}"))
    return checks


def _type_in_words(column: Column) -> str:
    return {
        "bigint": "a whole number",
        "boolean": "true or false",
        "date": "a date (YYYY-MM-DD)",
        "timestamp": "a timestamp (ISO 8601, or epoch seconds or milliseconds)",
    }.get(column.data_type, f"a {column.data_type}")


def _decimal(text: str, precision: int, scale: int) -> str:
    """SQL: an exact decimal. DuckDB's own cast rounds what has more decimals than fit.

    With an exponent, the value is also read at the finest scale that holds all its whole digits; it is
    exact where both readings agree and no digit lies beyond that scale.
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


def _timestamp(text: str, timezone: str) -> str:
    """SQL: a UTC timestamp without zone.

    A text with an offset is read as `timestamptz`: DuckDB's cast to `timestamp` drops the offset. A local
    time that a clock change skips or repeats takes the standard time of its zone.
    """
    rest = f"replace(replace(upper(substr({text}, 12)), ' ', ''), 'UTC', 'Z')"
    iso = f"left({text}, 10) || ' ' || coalesce(nullif({rest}, ''), '00:00')"
    local = f"try_cast({iso} as timestamp)"
    is_utc = timezone.upper() == "UTC"
    if not is_utc:
        local = f"timezone('UTC', timezone({quote_literal(timezone)}, {local}))"
    common = f"when {_matches(text, _ISO_UTC, 'c')} then try_cast({text} as timestamp) " if is_utc else ""
    return (
        f"case {common}when {_matches(text, _ISO)} and not starts_with({text}, '0000') then "
        f"case when regexp_matches(substr({text}, 12), '[ZCzc+-]') "
        f"then timezone('UTC', try_cast({iso} as timestamptz)) else {local} end "
        f"when {_matches(text, _SECONDS)} then {_epoch(text, 1_000_000)} "
        f"when {_matches(text, _MILLISECONDS)} then {_epoch(text, 1_000)} end"
    )


def _epoch(text: str, microseconds: int) -> str:
    return f"make_timestamp(try_cast(floor(try_cast({text} as decimal(25, 9)) * {microseconds}) as bigint))"


def _matches(text: str, pattern: str, options: str = "i") -> str:
    """SQL: the whole text matches; `options` are those of the engine, 'c' minds letter case."""
    return f"regexp_full_match({text}, {quote_literal(pattern)}, {quote_literal(options)})"
