"""In which notation a file writes its numbers: one for the whole file, found from all of them or refused."""

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

    def in_mapping(self) -> str:
        """As the lines of a mapping.yml that say so."""
        return f'`decimal: "{self.decimal}"` and `thousands: "{self.thousands}"`'


DEFAULT_FORMAT = NumberFormat()


@dataclass(frozen=True)
class Numbers:
    """In which notation the columns of a file write numbers."""

    notation: NumberFormat = DEFAULT_FORMAT
    exact: frozenset[str] = frozenset()
    """Columns whose values are numbers in the file itself, and no texts."""
    may_be_thousands: bool = False
    """All numbers with a point have three digits after it, and nothing tells that it parts thousands."""
    refusal: FileRefusedError | None = None
    """Why the file cannot be loaded: its numbers fit another notation too, and mean others in it."""

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
    """Which signs the numbers of a file have."""

    has_others: bool = False
    """One has another sign than a point: a comma, a blank, an apostrophe."""
    are_thousandths: bool = False
    """Some have a point, and all of these three digits after it: it may part thousands."""


def find_signs(connection: duckdb.DuckDBPyConnection, cells: Sequence[str]) -> Signs:
    """Look at the delivered cells of number columns in one pass."""
    if not cells:
        return Signs()
    others = " or ".join(
        f"bool_or(contains({text}, ',') or contains({text}, ' ') or contains({text}, '''') "
        # Longer in bytes than in characters: another kind of blank or apostrophe, perhaps.
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
    """The one notation that fits all numbers of RAW. `columns` are names and SQL of the texts of number
    columns.

    Texts that are no number in any notation have no say. Where no notation fits all others the default one
    is taken, and what it cannot read is rejected. Where two fit and mean different numbers, the second
    value is the refusal.
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
        Remark("told", name, "means different numbers in the two ways", "", rows, record, line, value)
        for name, rows, record, line, value in found
    ]
    return FileRefusedError(
        f"its numbers can be read in two ways: with {one.in_words()}, or with {other.in_words()}. Say "
        "which in "
        f"mapping.yml beside the file: {one.in_mapping()}, or {other.in_mapping()}",
        remarks=remarks,
    )


def _unified(text: str) -> str:
    """SQL: one kind of blank and of apostrophe."""
    return f"replace(regexp_replace({text}, '{_WIDE_BLANKS}', ' ', 'g'), '{_APOSTROPHE}', '''')"


def _escaped(sign: str) -> str:
    return rf"\{sign}" if sign == "." else sign
