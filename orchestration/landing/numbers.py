"""In which notation a file writes its numbers: one for the whole file, found from all of them or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from orchestration.landing.refusal import FileRefusedError
from orchestration.landing.tables import RAW
from orchestration.warehouse import quote_literal

_WIDE_BLANKS = "[\u00a0\u202f\u2009]"
_APOSTROPHE = "\u2019"

_MADE_OF = "[-+0-9.,' ]+"
"""A text of other characters than these is no number in any notation."""


@dataclass(frozen=True)
class NumberFormat:
    """The signs between whole numbers and decimals, and between thousands (empty for none)."""

    decimal: str = "."
    thousands: str = ""

    @property
    def is_default(self) -> bool:
        return self == DEFAULT_FORMAT

    @property
    def pattern(self) -> str:
        """Regular expression of a whole number or decimal in this notation."""
        point = _escaped(self.decimal)
        plain = rf"\d+({point}\d*)?|{point}\d+"
        if not self.thousands:
            return rf"[+-]?({plain})"
        return rf"[+-]?({plain}|[1-9]\d{{0,2}}({_escaped(self.thousands)}\d{{3}})+({point}\d*)?)"

    def plain(self, text: str) -> str:
        """SQL: the text with a point before decimals and nothing between thousands; null if it is not of
        this notation."""
        if self.is_default:
            return text
        unified = _unified(text)
        bare = f"replace({unified}, {quote_literal(self.thousands)}, '')" if self.thousands else unified
        return (
            f"case when regexp_full_match({unified}, {quote_literal(self.pattern)}) "
            f"then replace({bare}, {quote_literal(self.decimal)}, '.') end"
        )

    def in_words(self) -> str:
        thousands = {"": "nothing", " ": "a blank"}.get(self.thousands, f"{self.thousands!r}")
        return f"{self.decimal!r} before decimals and {thousands} between thousands"


DEFAULT_FORMAT = NumberFormat()

_CANDIDATES = tuple(
    NumberFormat(decimal, thousands)
    for decimal, thousands in (
        (".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")
    )
)  # fmt: skip


def find_number_format(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[tuple[str, str]], *, is_semicolon: bool
) -> NumberFormat:
    """The one notation that fits all numbers of RAW. `columns` are names and SQL of the texts of number
    columns.

    Texts that are no number in any notation have no say. Where no notation fits all others the default one
    is taken, and what it cannot read is rejected. Where `is_semicolon`, points before three digits may part
    thousands. Raises FileRefusedError where two notations fit and mean different numbers.
    """
    if not columns or not _is_needed(connection, columns, is_semicolon):
        return DEFAULT_FORMAT
    texts = " union all ".join(
        f"select {quote_literal(name)} as name, {_unified(text)} as text, record, line from {RAW}"
        for name, text in columns
    )
    connection.execute(
        "create or replace temp table number_texts as select name, text, min(record) as record, "
        f"arg_min(line, record) as line from ({texts}) "
        f"where regexp_full_match(text, {quote_literal(_MADE_OF)}) group by name, text"
    )
    fits = ", ".join(
        f"bool_and(regexp_full_match(text, {quote_literal(one.pattern)})) "
        f"filter (is_number) as f{place}, "
        f"bit_xor(hash(text, try_cast({one.plain('text')} as decimal(38, 14)))) filter (is_number) as "
        f"h{place}"
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
        return DEFAULT_FORMAT
    first, *others = fitting.values()
    if others:
        raise _two_readings(connection, first, others[0])
    return first


def _is_needed(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[tuple[str, str]], is_semicolon: bool
) -> bool:
    """Whether a number has another sign than a point, or points that may part thousands."""
    others = " or ".join(
        f"bool_or(contains({text}, ',') or contains({text}, ' ') or contains({text}, '''') "
        f"or regexp_matches({text}, '{_WIDE_BLANKS}|{_APOSTROPHE}'))"
        for _, text in columns
    )
    row = connection.execute(f"select coalesce({others}, false) from {RAW}").fetchone()
    if row and row[0]:
        return True
    if not is_semicolon:
        return False
    points = " + ".join(f"count(*) filter (contains({text}, '.'))" for _, text in columns)
    threes = " + ".join(
        f"count(*) filter (contains({text}, '.') and substr({text}, -4, 1) = '.')" for _, text in columns
    )
    row = connection.execute(f"select {points} as points, {threes} as threes from {RAW}").fetchone()
    return row is not None and row[0] > 0 and row[0] == row[1]


def _two_readings(
    connection: duckdb.DuckDBPyConnection, one: NumberFormat, other: NumberFormat
) -> FileRefusedError:
    values = [f"try_cast({each.plain('text')} as decimal(38, 14))" for each in (one, other)]
    row = connection.execute(
        f"select name, line, record, {values[0]}::double, {values[1]}::double from number_texts "
        f"where {values[0]} is distinct from {values[1]} order by record, name limit 1"
    ).fetchone()
    assert row is not None
    name, line, record, first, second = row
    place = f"line {line}" if line is not None else f"row {record}"
    return FileRefusedError(
        f"its numbers can be read in two ways: with {one.in_words()}, or with {other.in_words()} "
        f"({name} in {place} would be {first:,g} or {second:,g}). Say which in mapping.yml beside the file, "
        f'such as `decimal: "{one.decimal}"` and `thousands: "{one.thousands}"`'
    )


def _unified(text: str) -> str:
    """SQL: one kind of blank and of apostrophe."""
    return f"replace(regexp_replace({text}, '{_WIDE_BLANKS}', ' ', 'g'), '{_APOSTROPHE}', '''')"


def _escaped(sign: str) -> str:
    return rf"\{sign}" if sign == "." else sign
