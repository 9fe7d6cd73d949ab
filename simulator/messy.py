"""Add the flaws of real exports to good data, without changing its meaning.

Every file gets reordered columns with CamelCase names, an unknown column, several time formats, older
versions of some rows, a byte order mark and CRLF line ends. Columns without any value are left out. Larger
files get a few broken rows. Each is an extra copy of a good row, so quarantining it loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from simulator.expressions import ORDER
from simulator.tables import columns_of

BROKEN_ROW_EVERY = 400
"""One broken row per this many rows: a quarter of the share that refuses a file."""

OLDER_VERSION_EVERY = 25


@dataclass(frozen=True)
class Blemishes:
    """The flaws of one object. The expressions are SQL on its columns."""

    older: dict[str, str]
    """Columns in which an older version of a row differs."""
    has_older: str
    """Condition for rows with an older version, which has an earlier `updated_at`."""
    broken: tuple[tuple[str, str], ...]
    """Columns and invalid texts that reject a row; used in turn."""


NOTHING_OLDER: dict[str, str] = {}
BLEMISHES = {
    "accounts": Blemishes(
        {"owner_name": "'Robin Interim'", "industry": "null", "updated_at": "created_at"},
        "updated_at > created_at",
        (("account_id", ""), ("created_at", "soon"), ("is_internal", "perhaps")),
    ),
    "contacts": Blemishes(
        {"role": "'Intern'", "updated_at": "created_at - interval 1 hour"},
        "true",
        (("account_id", ""), ("seniority", "senior"), ("created_at", "00/00/0000")),
    ),
    "account_keys": Blemishes(NOTHING_OLDER, "false", (("account_id", ""), ("source_key", ""))),
    "plans": Blemishes(NOTHING_OLDER, "false", ()),
    "subscription_periods": Blemishes(
        {
            "period_end": "null",
            "cancel_requested_at": "null",
            "cancel_kind": "null",
            "cancel_reason": "null",
            "is_deleted": "false",
            "updated_at": "period_start",
        },
        "updated_at > period_start",
        (
            ("unit_amount", "n/a"),
            ("currency", ""),
            ("quantity", "-3"),
            ("interval", "fortnight"),
            ("period_start", "tbd"),
        ),
    ),
    "invoices": Blemishes(
        {
            "status": "'open'",
            "paid_at": "null",
            "amount_refunded": "null",
            "refunded_at": "null",
            "updated_at": "issued_at",
        },
        "updated_at > issued_at",
        (("amount", "1.2.3"), ("currency", ""), ("issued_at", "tbd"), ("status", "lost")),
    ),
    "contracts": Blemishes(
        {
            "renewed_by_contract_id": "null",
            "renewed_amount": "null",
            "updated_at": "starts_on + interval 1 hour",
        },
        "updated_at > starts_on + interval 1 day",
        (("ends_on", "evergreen"), ("account_id", ""), ("starts_on", "31.31.2024")),
    ),
    "acquisition_costs": Blemishes(NOTHING_OLDER, "false", (("amount", "#N/A"), ("channel", ""))),
    "survey_responses": Blemishes(
        {"score": "null", "comment": "null", "responded_at": "null", "updated_at": "sent_at"},
        "updated_at > sent_at",
        (("score", "ten"), ("survey_type", ""), ("sent_at", "yesterday")),
    ),
    "fx_rates": Blemishes(NOTHING_OLDER, "false", (("rate", "#REF!"), ("currency", ""))),
}


def make_messy(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Create `messy_<table>`, all text, beside `table`; returns its name.

    Rows follow the order of `table`. An older version precedes the newer one, and a broken copy follows both.
    """
    blemishes = BLEMISHES[table]
    columns = columns_of(connection, table)
    typed = {row[0]: row[1] for row in connection.execute(f"describe {table}").fetchall()}
    texts = ", ".join(f'{_text(name, typed[name])} as "{name}"' for name in columns)
    parts = [f"select {ORDER}, 1 as version, {texts} from {table}"]
    if blemishes.older:
        replaced = _replaced(blemishes.older, typed)
        chosen = f"({blemishes.has_older}) and {_spread(OLDER_VERSION_EVERY)} = 0"
        former = f"(select * replace ({replaced}) from {table} where {chosen})"
        parts.append(f"select {ORDER}, 0 as version, {texts} from {former}")
    if blemishes.broken:
        parts.append(_broken_rows(table, columns, texts, blemishes.broken))
    messy = f"messy_{table}"
    connection.execute(f"create or replace table {messy} as {' union all '.join(parts)}")
    return messy


def messy_select(connection: duckdb.DuckDBPyConnection, messy: str) -> str:
    """Return the query for the file of a messy table: renamed, reordered, with an unknown column."""
    names = [name for name in columns_of(connection, messy) if name != "version"]
    counts = connection.execute(
        "select " + ", ".join(f'count("{name}")' for name in names) + f" from {messy}"
    ).fetchall()[0]
    filled = [name for name, count in zip(names, counts, strict=True) if count]
    renamed = ", ".join(f'"{name}" as "{_camel(name)}"' for name in reversed(filled))
    legacy = f"'L' || ({ORDER} * 7919 % 100003) as \"LegacyRef\""
    return f"select {renamed}, {legacy} from {messy} order by {ORDER}, version"


def older_accounts(connection: duckdb.DuckDBPyConnection, exported_at: str) -> str:
    """Create the accounts of an earlier export, all as text; return the table's name.

    It contains the accounts created before `exported_at` (SQL timestamp), in their first version.
    """
    blemishes = BLEMISHES["accounts"]
    typed = {row[0]: row[1] for row in connection.execute("describe accounts").fetchall()}
    texts = ", ".join(f'{_text(name, kind)} as "{name}"' for name, kind in typed.items() if name != ORDER)
    replaced = _replaced(blemishes.older, typed)
    connection.execute(
        f"create or replace table messy_older_accounts as select {ORDER}, 0 as version, {texts} "
        f"from (select * replace ({replaced}) from accounts "
        f"where created_at < timestamp '{exported_at}' and ({blemishes.has_older}))"
    )
    return "messy_older_accounts"


def _broken_rows(table: str, columns: list[str], texts: str, broken: tuple[tuple[str, str], ...]) -> str:
    """Duplicate every n-th row, with one invalid value."""
    turn = f"({ORDER} // {BROKEN_ROW_EVERY}) % {len(broken)}"
    spoilt = {
        name: f"case when {turn} = {position} then nullif('{value}', '') else \"{name}\" end"
        for position, (name, value) in enumerate(broken)
    }
    values = ", ".join(f'{spoilt[name]} as "{name}"' if name in spoilt else f'"{name}"' for name in columns)
    chosen = f"{ORDER} % {BROKEN_ROW_EVERY} = {BROKEN_ROW_EVERY // 2}"
    return (
        f"select {ORDER}, 2 as version, {values} from (select {ORDER}, {texts} from {table} where {chosen})"
    )


def _replaced(older: dict[str, str], typed: dict[str, str]) -> str:
    return ", ".join(f'({value})::{typed[name]} as "{name}"' for name, value in older.items())


def _text(name: str, data_type: str) -> str:
    """Return a column as text. The row selects one of four formats for times."""
    if data_type != "TIMESTAMP":
        return f'"{name}"::varchar'
    return f"""case {ORDER} % 5
        when 0 then strftime("{name}" + interval 2 hour, '%Y-%m-%dT%H:%M:%S+02:00')
        when 1 then (epoch_us("{name}") // 1000000)::varchar
        when 2 then strftime("{name}", '%Y-%m-%dT%H:%M:%SZ')
        else "{name}"::varchar end"""


def _spread(every: int) -> str:
    """Select about every n-th row, at irregular distances."""
    return f"({ORDER} * 2654435761 % 4294967296) // 7 % {every}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
