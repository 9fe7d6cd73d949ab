"""Formats of values that only some vendors use. The loader reads them where the contract declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestration.core.database import quote_literal
from orchestration.core.errors import ContractError
from orchestration.dbt_runner.landing_contract import Column

_OFFSETS: Mapping[str, str] = {
    **dict.fromkeys(("UTC", "GMT"), "Z"),
    "EST": "-05:00",
    "EDT": "-04:00",
    "CST": "-06:00",
    "CDT": "-05:00",
    "MST": "-07:00",
    "MDT": "-06:00",
    "PST": "-08:00",
    "PDT": "-07:00",
    "AKST": "-09:00",
    "AKDT": "-08:00",
    "HST": "-10:00",
    "BST": "+01:00",
    "CET": "+01:00",
    "CEST": "+02:00",
    "AEST": "+10:00",
    "AEDT": "+11:00",
    "JST": "+09:00",
}
"""Offsets of the names of time zones that an export of Recurly contains."""


def readable(text: str, column: Column) -> str:
    """Return SQL of a cell's text in a form that the loader reads everywhere, and in the words of the API.

    Raises ContractError for an unknown format.
    """
    for name in column.formats:
        try:
            form = _FORMATS[name]
        except KeyError:
            known = ", ".join(_FORMATS)
            raise ContractError(
                f"Column {column.name}: {name} is no format; the formats are {known}."
            ) from None
        text = form(text, column)
    return in_words(text, column.words)


def in_words(text: str, words: Mapping[str, str]) -> str:
    """Return SQL of a text with other words, by the delivered word in lower case."""
    if not words:
        return text
    cases = " ".join(
        f"when {quote_literal(mine)} then {quote_literal(word) if word else 'null'}"
        for mine, word in words.items()
    )
    return f"case lower(trim({text})) {cases} else {text} end"


def _none_text(text: str, column: Column) -> str:
    return f"nullif({text}, 'None')"


def _utc_suffix(text: str, column: Column) -> str:
    if not column.is_time:
        return text
    return f"regexp_replace({text}, ' ?[+]0000 UTC$', 'Z')"


def _zone_names(text: str, column: Column) -> str:
    if not column.is_time:
        return text
    cases = " ".join(
        f"when {quote_literal(name)} then {quote_literal(offset)}" for name, offset in _OFFSETS.items()
    )
    bare, name = f"regexp_extract({text}, '^(.*[0-9]) ?[A-Z]+$', 1)", f"regexp_extract({text}, '[A-Z]+$')"
    return f"coalesce({bare} || case when {bare} <> '' then case {name} {cases} end end, {text})"


def _exponent_epochs(text: str, column: Column) -> str:
    if column.data_type != "timestamp":
        return text
    number = r"\d(\.\d+)?[eE]\+?\d{1,2}"
    whole = f"cast(cast(try_cast({text} as decimal(38, 6)) as bigint) as varchar)"
    return f"case when regexp_full_match({text}, {quote_literal(number)}) then {whole} else {text} end"


def _option_labels(text: str, column: Column) -> str:
    """A label of an option, such as `Paper & Forest Products`, becomes a code: `PAPER_FOREST_PRODUCTS`."""
    listed = f"regexp_replace({text}, '\\s*;\\s*', ';', 'g')"
    words = f"regexp_replace({listed}, '[^\\pL\\pN;]+', '_', 'g')"
    return f"upper(regexp_replace({words}, '(^|;)_|_(;|$)', '\\1\\2', 'g'))"


_FORMATS: Mapping[str, Callable[[str, Column], str]] = {
    "none_text": _none_text,
    "utc_suffix": _utc_suffix,
    "zone_names": _zone_names,
    "exponent_epochs": _exponent_epochs,
    "option_labels": _option_labels,
}
