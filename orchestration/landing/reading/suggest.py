"""Guess which column or word of the contract a user meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orchestration.core.spelling import nearest, squashed
from orchestration.dbt_runner.landing_contract import Column, LandingObject


def column_meant(text: str, contract: LandingObject, taken: Iterable[str] = ()) -> str | None:
    """Return the untaken column of the contract that a header probably means."""
    given = set(taken)
    free = [column for column in contract.columns if column.name not in given]
    wanted = squashed(text)
    for column in free:
        if wanted in {squashed(name) for name in (column.name, *column.called)}:
            return column.name
    for column in free:
        # In surveys, a column name can be a whole question: "How likely are you to ..."
        if any(len(squashed(name)) > 7 and wanted.startswith(squashed(name)) for name in column.called):
            return column.name
    names = {name: column.name for column in reversed(free) for name in (*column.called, column.name)}
    found = nearest(text, [name for name in names if len(squashed(name)) > 3])
    return names[found] if found else None


def word_meant(text: str, column: Column) -> str | None:
    """Return the word of an enumeration that the user probably meant: `Monthly` means month."""
    wanted = squashed(text)
    for word in column.enum:
        known = squashed(word)
        if wanted in (known, f"{known}s", f"{known}ly") or _SAME_WORDS.get(wanted) == word:
            return word
    return nearest(text, column.enum)


_SAME_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("annual", "annually", "yearly", "yr", "y", "pa", "12months"), "year"),
    **dict.fromkeys(("mo", "m", "permonth", "1month"), "month"),
    **dict.fromkeys(("wk", "w"), "week"),
    **dict.fromkeys(("daily", "d"), "day"),
    **dict.fromkeys(("trial", "intrial", "freetrial"), "trialing"),
    **dict.fromkeys(("overdue", "late", "pastdue"), "past_due"),
    **dict.fromkeys(("live", "current", "running"), "active"),
    **dict.fromkeys(("onhold", "hold", "suspended"), "paused"),
    **dict.fromkeys(("onetime", "once", "setup", "nonrecurring"), "one_off"),
    **dict.fromkeys(("metered", "consumption"), "usage"),
    **dict.fromkeys(("settled", "closed"), "paid"),
    **dict.fromkeys(("voided", "cancelled", "canceled"), "void"),
    **dict.fromkeys(("netpromoterscore",), "nps"),
    **dict.fromkeys(("satisfaction",), "csat"),
    **dict.fromkeys(("effort",), "ces"),
}
