"""Detect the number format of a file: one format must fit all numbers, or the loader refuses the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.core.database import quote_literal
from orchestration.landing.reading.refusal import FileRefusedError, Remark
from orchestration.landing.reading.tables import RAW

_WIDE_BLANKS = "[\u00a0\u202f\u2009]"
_APOSTROPHE = "\u2019"

_MADE_OF = "[-+0-9.,' ]+"
"""A text with other characters is not a number in any format."""


@dataclass(frozen=True)
class NumberFormat:
    """The decimal separator and the thousands separator (empty for none)."""

    decimal: str = "."
    thousands: str = ""

    @property
    def is_default(self) -> bool:
        return self == DEFAULT_FORMAT

    @property
    def pattern(self) -> str:
        """Return the regular expression of a number in this format."""
        point = _escaped(self.decimal)
        plain = rf"\d+({point}\d*)?|{point}\d+"
        if not self.thousands:
            return rf"[+-]?({plain})"
        return rf"[+-]?({plain}|[1-9]\d{{0,2}}({_escaped(self.thousands)}\d{{3}})+({point}\d*)?)"

    def plain(self, text: str) -> str:
        """Return SQL of the number with a decimal point and no thousands; null for another format."""
        if self.is_default:
            return text
        unified = _unified(text)
        bare = f"replace({unified}, {quote_literal(self.thousands)}, '')" if self.thousands else unified
        return (
            f"case when regexp_full_match({unified}, {quote_literal(self.pattern)}) "
            f"then replace({bare}, {quote_literal(self.decimal)}, '.') end"
        )

    def in_words(self) -> str:
        thousands = {"": "no separator", " ": "a space"}.get(self.thousands, f"{self.thousands!r}")
        return f"{self.decimal!r} before decimals and {thousands} between thousands"

    def in_mapping(self) -> str:
        """Return the lines of a mapping.yml for this format."""
        return f'`decimal: "{self.decimal}"` and `thousands: "{self.thousands}"`'


DEFAULT_FORMAT = NumberFormat()


@dataclass(frozen=True)
class Numbers:
    """The number format of a file's columns."""

    notation: NumberFormat = DEFAULT_FORMAT
    exact: frozenset[str] = frozenset()
    """Columns with typed numbers instead of texts."""
    may_be_thousands: bool = False
    """All numbers with a point have three digits after it, so the point could be a thousands separator."""
    refusal: FileRefusedError | None = None
    """Why the file cannot be loaded: its numbers also fit another format and differ in it."""

    def of(self, column: str) -> NumberFormat:
        return DEFAULT_FORMAT if column in self.exact else self.notation


PLAIN_NUMBERS = Numbers()

_CANDIDATES = tuple(
    NumberFormat(decimal, thousands)
    for decimal, thousands in (
        (".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")
    )
)  # fmt: skip


@dataclass(frozen=True)
class Signs:
    """The separators in the numbers of a file."""

    has_others: bool = False
    """A number has another separator than a point: a comma, a space or an apostrophe."""
    are_thousandths: bool = False
    """All numbers with a point have three digits after it, so the point may be a thousands separator."""


def find_signs(connection: duckdb.DuckDBPyConnection, cells: Sequence[str]) -> Signs:
    """Check the delivered cells of number columns in one pass."""
    if not cells:
        return Signs()
    others = " or ".join(
        f"bool_or(contains({text}, ',') or contains({text}, ' ') or contains({text}, '''') "
        # A text longer in bytes than in characters may contain another kind of space or apostrophe.
        f"or strlen({text}) <> length({text}))"
        for text in cells
    )
    points = " + ".join(f"count(*) filter (contains({text}, '.'))" for text in cells)
    threes = " + ".join(
        f"count(*) filter (substr({text}, -4, 1) = '.' and {text}[1] between '1' and '9')" for text in cells
    )
    row = connection.execute(f"select coalesce({others}, false), {points}, {threes} from {RAW}").fetchone()
    assert row is not None
    return Signs(bool(row[0]), row[1] > 0 and row[1] == row[2])


def find_number_format(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[tuple[str, str]]
) -> tuple[NumberFormat, FileRefusedError | None]:
    """Return the format that fits all numbers of RAW. `columns` are names and SQL texts of number columns.

    Texts that are not a number in any format do not count. If no format fits all other texts, returns the
    default format, and the loader rejects the texts that do not fit. If two formats fit and give different
    numbers, the second value is the refusal.
    """
    if not columns:
        return DEFAULT_FORMAT, None
    texts = " union all ".join(
        f"select {quote_literal(name)} as name, {_unified(text)} as text, {text} as cell, record, "
        f"line from {RAW}"
        for name, text in columns
    )
    connection.execute(
        "create or replace temp table number_texts as select name, text, any_value(cell) as cell, "
        "count(*) as rows, "
        "min(record) as record, "
        f"arg_min(line, record) as line from ({texts}) "
        f"where regexp_full_match(text, {quote_literal(_MADE_OF)}) group by name, text"
    )
    fits = ", ".join(
        f"bool_and(regexp_full_match(text, {quote_literal(one.pattern)})) "
        f"filter (is_number) as f{place}, "
        f"bit_xor(hash(name, text, try_cast({one.plain('text')} as decimal(38, 14)))) filter (is_number) "
        f"as h{place}"
        for place, one in enumerate(_CANDIDATES)
    )
    any_fits = " or ".join(f"regexp_full_match(text, {quote_literal(one.pattern)})" for one in _CANDIDATES)
    row = connection.execute(
        f"select {fits} from (select *, {any_fits} as is_number from number_texts)"
    ).fetchone()
    assert row is not None
    fitting: dict[object, NumberFormat] = {}
    for place, one in enumerate(_CANDIDATES):
        if row[2 * place]:
            fitting.setdefault(row[2 * place + 1], one)
    if not fitting:
        return DEFAULT_FORMAT, None
    first, *others = fitting.values()
    return first, _two_readings(connection, first, others[0]) if others else None


def _two_readings(
    connection: duckdb.DuckDBPyConnection, one: NumberFormat, other: NumberFormat
) -> FileRefusedError:
    values = [f"try_cast({each.plain('text')} as decimal(38, 14))" for each in (one, other)]
    found = connection.execute(
        f"select name, cast(sum(rows) as bigint), min(record), arg_min(line, record), arg_min(cell, record) "
        f"from number_texts where {values[0]} is distinct from {values[1]} group by name order by 3, name"
    ).fetchall()
    remarks = [
        Remark("told", name, "gives different numbers in the two formats", "", rows, record, line, value)
        for name, rows, record, line, value in found
    ]
    return FileRefusedError(
        f"its numbers fit two formats: {one.in_words()}, or {other.in_words()}. Set the right one in "
        f"mapping.yml: {one.in_mapping()}, or {other.in_mapping()}",
        remarks=remarks,
    )


def _unified(text: str) -> str:
    """Return SQL with one kind of space and apostrophe."""
    return f"replace(regexp_replace({text}, '{_WIDE_BLANKS}', ' ', 'g'), '{_APOSTROPHE}', '''')"


def _escaped(sign: str) -> str:
    return rf"\{sign}" if sign == "." else sign
