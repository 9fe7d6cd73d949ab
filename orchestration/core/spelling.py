"""Suggest the known name closest to an unknown one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

_CLOSE = 75.0
"""Minimum similarity (0 to 100) of a suggested name."""


@cache
def squashed(text: str) -> str:
    """Keep only letters and digits, in lower case: `CreatedDate` and `Created date` become the same."""
    return re.sub(r"[\W_]+", "", text).lower()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to a word, ignoring case and punctuation; None if no name is close."""
    from rapidfuzz import fuzz, process

    wanted = squashed(word)
    if len(wanted) < 2:
        return None
    choices = {name: squashed(name) for name in known}
    found: Any = process.extractOne(wanted, choices, scorer=fuzz.ratio, score_cutoff=_CLOSE)
    return str(found[2]) if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the closest known name; empty if no name is close."""
    found = nearest(word, known)
    return f" Did you mean {found!r}?" if found else ""
