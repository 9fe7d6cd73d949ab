"""Makes a spine in a database with the unified tables and the ledger, and compares the two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

FOLDER = Path(__file__).parent
Grain = Literal["month", "day"]


@dataclass(frozen=True)
class Source:
    """What a spine is made of: the SQL file of its input, and its grain."""

    file: str
    grain: Grain


MONTHS = Source("of_intervals.sql", "month")
DAYS = Source("of_intervals.sql", "day")
PLAYBOOK = Source("of_periods.sql", "month")


@dataclass(frozen=True)
class Comparison:
    """Account-months of the ledger and of a spine."""

    account_months: int
    """In the ledger, the spine, or both; complete months only."""
    spine_months: int
    spine_rows: int
    different_mrr: int
    """Account-months with another closing MRR. One that a side lacks has an MRR of zero there."""
    changes: tuple[tuple[str, str, str, int], ...]
    """Change of the spine, change of the ledger, cause and number of account-months, where they differ.

    Empty for days, because a day is compared with the day before.
    """


def reset(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove an earlier spine."""
    connection.execute("drop schema if exists spine cascade; create schema spine")


def make_spine(connection: duckdb.DuckDBPyConnection, source: Source, complete_until: date) -> None:
    """Write `spine.account_months` or `spine.account_days`, without the days from `complete_until` on."""
    connection.execute(f"set variable complete_until = date '{complete_until.isoformat()}'")
    for file in (source.file, "account_spine.sql"):
        connection.execute(_sql(file, source))


def compare(connection: duckdb.DuckDBPyConnection, source: Source, complete_until: date) -> Comparison:
    """Compare the spine with the ledger, as `make_spine` has made it."""
    connection.execute(f"set variable complete_until = date '{complete_until.isoformat()}'")
    connection.execute(_sql("comparison.sql", source))
    counted = connection.execute(
        "select count(*), count(*) filter (is_in_spine), count(*) filter (ledger_mrr <> spine_mrr) "
        "from spine.comparison"
    ).fetchone()
    rows = connection.execute(f"select count(*) from spine.account_{source.grain}s").fetchone()
    assert counted
    assert rows
    query = (
        "select spine_change, ledger_change, reason, count(*) from spine.comparison "
        "where spine_change <> ledger_change group by all order by count(*) desc, 1, 2, 3"
    )
    changes = connection.execute(query).fetchall() if source.grain == "month" else []
    return Comparison(counted[0], counted[1], rows[0], counted[2], tuple(changes))


def playbook_causes(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Number of account-months with another closing MRR by cause, after `compare`."""
    return connection.execute(_sql("playbook_causes.sql", PLAYBOOK)).fetchall()


def _sql(file: str, source: Source) -> str:
    return (FOLDER / file).read_text().replace("{grain}", source.grain)
