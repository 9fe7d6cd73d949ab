"""Plain exports of a simulated company without what the systems of another delivery do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.core.settings import PROJECT_DIR


def instant(column: str) -> str:
    """Return SQL of a time, which untidy exports write in several ways."""
    seconds = f"make_timestamp(try_cast({column} as bigint) * 1000000)"
    return f"coalesce({seconds}, try_cast({column} as timestamptz)::timestamp)"


def undocumented(losses: Mapping[str, str]) -> list[str]:
    """Return the sentences that the documentation of simulated companies lacks."""
    documented = (PROJECT_DIR / "docs" / "commands.md").read_text()
    return [sentence for sentence in losses if sentence not in documented]


def without(
    files: Mapping[str, str], tables: Sequence[str], losses: Mapping[str, str], ids: str, folder: Path
) -> dict[str, str]:
    """Return plain files after the changes of `losses`, which every one must make, and under other `ids`.

    Each of the `tables` has all columns as text and the names of the export. It becomes one file.
    """
    changed = dict(files)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for table in tables:
        names = [name for name in files if name.startswith(f"generic/{table}/")]
        for place, name in enumerate(names):
            (folder / f"{table}-{place}.csv").write_text(changed.pop(name))
        connection.execute(
            f"create table {table} as from read_csv('{folder}/{table}-*.csv', all_varchar = true, "
            "union_by_name = true)"
        )
    for sentence, change in losses.items():
        [(rows,)] = connection.execute(change).fetchall()
        assert rows, f"This changes nothing: {sentence}"
    if ids:
        connection.execute(ids)
    for table in tables:
        target = folder / f"{table}.csv"
        connection.execute(f"copy {table} to '{target}' (header true)")
        changed[f"generic/{table}/known.csv"] = target.read_text()
    return changed
