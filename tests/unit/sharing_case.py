"""A small release with texts and numbers that files and databases like to change."""

from __future__ import annotations

from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.settings import Settings
from orchestration.releases.export import MARTS_FILE
from tests.unit.release_case import make_release

FORMULAS = ("=1+1", "+1", "-1", "@sum(a1)", "\ttab", "\rreturn")
TEXTS = (
    *FORMULAS,
    "=cmd|' /C calc'!A0",
    "",
    " ",
    "NULL",
    "\\N",
    "\\.",
    "a\n\\.\nb",
    "quote \" and '",
    "a,b;c\td",
    "line\r\nend",
    "<r><t>x</t></r>",
    "_x0041_ &amp; <b>",
    "https://example.com",
    "0042",
    "1e5",
    "\x01\x1b",
    "Ünïcödé 日本 🎉",
    "trailing\\",
)
"""The names of accounts a0, a1 and so on."""


def hostile(texts: tuple[str, ...] = TEXTS) -> str:
    """SQL that adds an account for each text, and a column with lists."""
    rows = ", ".join(f"('a{number}', {quoted(text)})" for number, text in enumerate(texts))
    return (
        "alter table marts.dim_accounts add column tags varchar[];"
        f"insert into marts.dim_accounts (account_id, account_name) values {rows};"
        "update marts.dim_accounts set tags = [account_name, null, 'x'] where account_name is not null;"
        "update marts.dim_accounts set tags = [] where account_id = 'a1';"
        "update marts.dim_accounts set created_on = date '2024-02-29', tenure_months = 7,"
        " current_mrr = 12345678901234.5678 where account_id = 'a0';"
        "update marts.dim_accounts set created_on = date '1899-12-31', current_mrr = -0.0001"
        " where account_id = 'a1';"
        "insert into marts.nps_periods (dimension, nps, is_mature) values"
        " ('nan', 'nan', true), ('inf', '-inf', false), ('tiny', 1e-300, null), ('third', 1/3::double, true)"
    )


def quoted(text: str) -> str:
    """The text as SQL. DuckDB reads no control characters in a script, so they are written as numbers."""
    return " || ".join(f"chr({ord(c)})" if ord(c) < 32 else quote_literal(c) for c in text) or "''"


def make_hostile(settings: Settings, release_id: str, **facts: Any) -> str:
    return make_release(settings, release_id, change=hostile(), **facts)


def rows_of(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """The result of a query on the current release."""
    with duckdb.connect(str(settings.current / MARTS_FILE), read_only=True) as connection:
        connection.execute("use marts.marts")
        return connection.execute(query).fetchall()
