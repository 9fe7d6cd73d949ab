"""Counts with the singular or plural of their noun."""

from __future__ import annotations


def count(number: int, noun: str, plural: str = "") -> str:
    """Return for instance `1 file` or `1,200 files`. `plural` is for nouns that do not just take an s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
