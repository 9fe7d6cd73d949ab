"""Add the flaws of real exports to good data, without changing its meaning.

Every file gets reordered columns with CamelCase names, an unknown column, several time formats, older
versions of some rows, a byte order mark and CRLF line ends. Columns without any value are left out. Larger
files get a few broken rows. Each is an extra copy of a good row, so quarantining it loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from simulator.blemishes import BLEMISHES, spread
from simulator.expressions import ORDER
from simulator.tables import columns_of

BROKEN_ROW_EVERY = 400
"""One broken row per this many rows: a quarter of the share that refuses a file."""

OLDER_VERSION_EVERY = 25
COPIED = 200_000_000
"""Added to the numbers of copied rows once per kind, so that they follow all others."""


def spoil(connection: duckdb.DuckDBPyConnection, table: str, earlier: str, end: str) -> None:
    """Replace `table` by a spoilt one, with the changes and the copies of its object.

    `earlier` and `end` are the dates of the exports, in ISO form.
    """
    blemishes = BLEMISHES[table]
    if not (blemishes.changes or blemishes.copies):
        return
    words = {"earlier": f"timestamp '{earlier}'", "end": f"timestamp '{end}'", "order": ORDER}
    typed = {row[0]: row[1] for row in connection.execute(f"describe {table}").fetchall()}
    parts = [f"select * {_replacing(blemishes.changes, typed)} from {table}"]
    for turn, (chosen, replaced) in enumerate(blemishes.copies, 1):
        numbered = {**replaced, ORDER: f"{ORDER} + {turn * COPIED}"}
        parts.append(f"select * {_replacing(numbered, typed)} from {table} where {chosen}")
    query = " union all ".join(parts).format(**words)
    connection.execute(f"create or replace table spoilt as {query}")
    [(kind,)] = connection.execute(
        f"select table_type from information_schema.tables where table_name = '{table}'"
    ).fetchall()
    connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {table}")
    connection.execute(f"alter table spoilt rename to {table}")


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
        parts.append(f"select {ORDER}, 0 as version, {texts} from ({_older_rows(table, typed)})")
    if blemishes.broken:
        parts.append(_broken_rows(table, columns, texts, blemishes.broken))
    messy = f"messy_{table}"
    connection.execute(f"create or replace table {messy} as {' union all '.join(parts)}")
    return messy


def older_versions(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return a query for the older versions of some rows of a typed table."""
    typed = {row[0]: row[1] for row in connection.execute(f"describe {table}").fetchall()}
    return _older_rows(table, typed)


def messy_select(connection: duckdb.DuckDBPyConnection, messy: str, rows: str = "true") -> str:
    """Return the query for the file of a messy table: renamed, reordered, with an unknown column.

    `rows` is a condition for the rows of the file.
    """
    names = [name for name in columns_of(connection, messy) if name != "version"]
    counts = connection.execute(
        "select " + ", ".join(f'count("{name}")' for name in names) + f" from {messy}"
    ).fetchall()[0]
    filled = [name for name, count in zip(names, counts, strict=True) if count] or names
    renamed = ", ".join(f'"{name}" as "{_camel(name)}"' for name in reversed(filled))
    legacy = f"'L' || ({ORDER} * 7919 % 100003) as \"LegacyRef\""
    return f"select {renamed}, {legacy} from {messy} where {rows} order by {ORDER}, version"


def older_accounts(connection: duckdb.DuckDBPyConnection, exported_at: str) -> str:
    """Create the accounts of an earlier export, all as text; return the table's name.

    It contains the accounts created before `exported_at` (SQL timestamp), in their first version.
    """
    blemishes = BLEMISHES["accounts"]
    typed = {row[0]: row[1] for row in connection.execute("describe accounts").fetchall()}
    texts = ", ".join(f'{_text(name, kind)} as "{name}"' for name, kind in typed.items() if name != ORDER)
    connection.execute(
        f"create or replace table messy_older_accounts as select {ORDER}, 0 as version, {texts} "
        f"from (select * {_replacing(blemishes.older, typed)} from accounts "
        f"where created_at < timestamp '{exported_at}' and ({blemishes.has_older}))"
    )
    return "messy_older_accounts"


def _older_rows(table: str, typed: Mapping[str, str]) -> str:
    blemishes = BLEMISHES[table]
    chosen = f"({blemishes.has_older}) and {spread(OLDER_VERSION_EVERY)}"
    return f"select * {_replacing(blemishes.older, typed)} from {table} where {chosen}"


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


def _replacing(replaced: Mapping[str, str], typed: Mapping[str, str]) -> str:
    columns = ", ".join(f'({value})::{typed[name]} as "{name}"' for name, value in replaced.items())
    return f"replace ({columns})" if columns else ""


def _text(name: str, data_type: str) -> str:
    """Return a column as text. The row selects one of four formats for times."""
    if data_type != "TIMESTAMP":
        return f'"{name}"::varchar'
    return f"""case {ORDER} % 5
        when 0 then strftime("{name}" + interval 2 hour, '%Y-%m-%dT%H:%M:%S+02:00')
        when 1 then (epoch_us("{name}") // 1000000)::varchar
        when 2 then strftime("{name}", '%Y-%m-%dT%H:%M:%SZ')
        else "{name}"::varchar end"""


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
