"""Texts that a spreadsheet would take for a formula."""

from __future__ import annotations

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def without_formula(text: str) -> str:
    """Return `text` with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def without_formula_sql(column: str) -> str:
    """Return the SQL of `without_formula` for a text column."""
    starts = ", ".join(f"chr({ord(start)})" for start in FORMULA_STARTS)
    return f"if(left({column}, 1) in ({starts}), chr({ord(chr(39))}) || {column}, {column})"
