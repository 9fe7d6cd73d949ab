"""Words for an empty cell, placeholder dates, and the allowed share of wrong rows, from `conventions.yml`."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestration.core.database import quote_literal
from orchestration.core.errors import SettingsError
from orchestration.core.serialization import read_yaml

MAX_REJECT_SHARE_VARIABLE = "CSW_MAX_REJECT_SHARE"

BLANKS = " \t\r\n\f\v\u00a0"
"""Characters that the loader trims at both ends of a cell."""

_PATH = Path(__file__).with_name("conventions.yml")


@dataclass(frozen=True)
class Conventions:
    """The content of `conventions.yml`."""

    nothing: tuple[str, ...]
    """Words for an empty cell, in lower case."""
    rule_signs: str
    placeholder_before: str
    placeholder_from: str
    placeholder_days: tuple[str, ...]
    share: float
    rows: int


@cache
def conventions() -> Conventions:
    """Read the file and cache it."""
    found = read_yaml(_PATH)
    dates, tolerance = found["placeholder_dates"], found["tolerance"]
    return Conventions(
        nothing=tuple(str(word) for word in found["nothing"]),
        rule_signs=str(found["rule_signs"]),
        placeholder_before=str(dates["before"]),
        placeholder_from=str(dates["from"]),
        placeholder_days=tuple(str(day) for day in dates["days"]),
        share=float(tolerance["share"]),
        rows=int(tolerance["rows"]),
    )


def max_reject_share(environment: Mapping[str, str] = os.environ) -> float:
    """Return the allowed share of wrong rows in a file. Raises SettingsError for an invalid variable."""
    text = environment.get(MAX_REJECT_SHARE_VARIABLE)
    try:
        share = float(text) if text else conventions().share
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SettingsError(
            f"{MAX_REJECT_SHARE_VARIABLE}={text!r} is not a share. Give a number from 0 to 1, such as 0.01."
        )
    return share


def are_too_many(wrong: int, rows: int) -> bool:
    """Return whether `wrong` wrong rows refuse a file of `rows` rows."""
    if wrong <= rows * max_reject_share():
        return False
    return wrong > conventions().rows or wrong * 2 > rows


def may_be_nothing(text: str) -> str:
    """Return SQL that checks by the first two characters whether a text may be a word for an empty cell.

    It is much cheaper than `is_nothing`.
    """
    words = conventions().nothing
    letters = {letter for word in words if word[0].isalpha() for letter in (word[0], word[0].upper())}
    seconds = {letter for word in words if word[0].isalpha() for letter in (word[1], word[1].upper())}
    others = {word[0] for word in words if not word[0].isalpha()} | set(conventions().rule_signs + BLANKS)
    # Most cells start with a digit. Comparing texts is the fastest way to exclude them.
    return (
        f"case when {text} < '0' or {text} >= ':' then case when ascii({text}) in "
        f"({_codes(letters | others)}) "
        f"then ascii({text}) in ({_codes(others)}) or ascii(substr({text}, 2, 1)) in ({_codes(seconds)}) "
        "else false end else false end"
    )


def is_nothing(text: str, keeps: Collection[str] = ()) -> str:
    """Return SQL that is true for a word for an empty cell. `keeps` lists words that are values here.

    The words form one text, because DuckDB expands a long list for every row, even if it does not need it.
    """
    words = [word for word in conventions().nothing if word not in keeps]
    listed = quote_literal("\x01".join(["", *words, ""]))
    trimmed = f"trim({text}, {quote_literal(BLANKS)})"
    is_rule = f"{trimmed} <> '' and trim({text}, {quote_literal(BLANKS + conventions().rule_signs)}) = ''"
    return (
        f"case when {may_be_nothing(text)} then "
        f"contains({listed}, '\x01' || lower({trimmed}) || '\x01') or {is_rule} else false end"
    )


def _codes(letters: Iterable[str]) -> str:
    return ", ".join(str(ord(letter)) for letter in sorted(set(letters)))


def is_placeholder(moment: str) -> str:
    """Return SQL that is true for a placeholder date or timestamp."""
    known = conventions()
    days = ", ".join(f"date '{day}'" for day in known.placeholder_days)
    return (
        f"({moment} < timestamp '{known.placeholder_before} 00:00:00' "
        f"or {moment} >= timestamp '{known.placeholder_from} 00:00:00' or cast({moment} as date) in ({days}))"
    )
