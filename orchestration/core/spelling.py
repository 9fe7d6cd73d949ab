"""What somebody probably meant who wrote a name that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_CLOSE = 75.0
"""Similarity (0 to 100) from which on a name is proposed."""


def squashed(text: str) -> str:
    """Letters and digits only, in lower case: `CreatedDate`, `created_date`, `Created date` are the same."""
    return re.sub(r"[\W_]+", "", text).lower()


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like a word, compared without case and signs; None where none is close."""
    from rapidfuzz import fuzz, process

    wanted = squashed(word)
    if len(wanted) < 2:
        return None
    choices = {name: squashed(name) for name in known}
    found: Any = process.extractOne(wanted, choices, scorer=fuzz.ratio, score_cutoff=_CLOSE)
    return str(found[2]) if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the nearest known name; empty where none is close."""
    found = nearest(word, known)
    return f" Did you mean {found!r}?" if found else ""
