"""What somebody probably meant who typed a name that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the known name most like `word`; empty where none is like it."""
    from difflib import get_close_matches

    found = get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f" Did you mean {found[0]!r}?" if found else ""
