"""What exporters write for nothing, and how many wrong rows a file may have, as `conventions.yml` lists
it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestration.errors import SettingsError
from orchestration.warehouse import quote_literal
from orchestration.yamltext import read_yaml

MAX_REJECT_SHARE_VARIABLE = "CSW_MAX_REJECT_SHARE"

BLANKS = " \t\r\n\f\v\u00a0"
"""Characters that are cut off at both ends of a cell."""

_PATH = Path(__file__).with_name("conventions.yml")


@dataclass(frozen=True)
class Conventions:
    """The contents of `conventions.yml`."""

    nothing: tuple[str, ...]
    """Lower case."""
    rule_signs: str
    placeholder_before: str
    placeholder_from: str
    placeholder_days: tuple[str, ...]
    share: float
    rows: int


@cache
def conventions() -> Conventions:
    """Read the file once."""
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
    """The share of wrong rows that a file may have. Raises SettingsError where the variable holds no
    share."""
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
    """Whether so many wrong rows refuse a file of `rows` rows."""
    if wrong <= rows * max_reject_share():
        return False
    return wrong > conventions().rows or wrong * 2 > rows


def is_nothing(text: str, keeps: Collection[str] = ()) -> str:
    """SQL: the text is a word for nothing. `keeps` are words that mean something here.

    The length and the first character are looked at first: comparing words costs more.
    """
    signs = conventions().rule_signs
    words = [word for word in conventions().nothing if word not in keeps]
    firsts = sorted(
        {ord(letter) for word in words for letter in (word[0], word[0].upper())} | set(map(ord, signs))
    )
    longest = max(len(word) for word in words)
    trimmed = f"trim({text}, {quote_literal(BLANKS)})"
    blanks = [ord(blank) for blank in BLANKS]
    return (
        f"(ascii({text}) in ({', '.join(map(str, [*firsts, *blanks]))}) and ("
        f"length({text}) <= {longest + 6} "
        f"and lower({trimmed}) in ({', '.join(quote_literal(word) for word in words)}) "
        f"or {trimmed} <> '' and trim({text}, {quote_literal(BLANKS + signs)}) = ''))"
    )


def is_placeholder(moment: str) -> str:
    """SQL: a date or timestamp that stands for none."""
    known = conventions()
    days = ", ".join(f"date '{day}'" for day in known.placeholder_days)
    return (
        f"({moment} < timestamp '{known.placeholder_before} 00:00:00' "
        f"or {moment} >= timestamp '{known.placeholder_from} 00:00:00' or cast({moment} as date) in ({days}))"
    )
