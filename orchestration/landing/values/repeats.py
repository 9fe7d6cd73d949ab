"""Rows of one file that have one key: equal ones, and ones that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading import tables


@dataclass(frozen=True)
class Repeats:
    """How many loaded rows another row of the file makes superfluous, or contradicts."""

    repeated: int = 0
    conflicting: int = 0
    first_conflict: int | None = None
    """Number of the first row that is contradicted."""


def mark_repeats(connection: duckdb.DuckDBPyConnection, contract: LandingObject, path: Path) -> Repeats:
    """Count them in a typed file, and give it the columns `_repeat` and `_conflict` where there are any.

    A row is a repeat where an equal one stands above it. It is contradicted where another one of the same
    key and version stands below it, unless what `told_apart_by` names makes them different facts.
    """
    source = f"read_parquet({quote_literal(path)})"
    key = ", ".join(contract.delivered_key)
    several = f"select 1 from {source} group by {key} having count(*) > 1 limit 1"
    if connection.execute(several).fetchone() is None:
        return Repeats()
    contents = ", ".join(quote_identifier(name) for name in (*contract.column_names, "_extra"))
    version = [quote_identifier(contract.version_at)] if contract.version_at else []
    facts = ", ".join([*contract.delivered_key, *contract.told_apart_by, *version])
    marked = path.with_name(f"{path.name}.marked")
    connection.execute(
        f"copy (select *, not _repeat and lead(_row) over ("
        f"partition by {facts}, _repeat order by _row) is not null as _conflict from ("
        f"select *, row_number() over (partition by {contents} order by _row) > 1 as _repeat from {source})"
        f" order by _row) to {quote_literal(marked)} (format parquet, compression zstd)"
    )
    marked.replace(path)
    row = connection.execute(
        "select count(*) filter (_repeat), count(*) filter (_conflict), min(_row) filter (_conflict) "
        f"from {source}"
    ).fetchone()
    assert row is not None
    return Repeats(*row)


def count_facts(connection: duckdb.DuckDBPyConnection, contract: LandingObject) -> int:
    """How many rows of a raw relation count: one per key and whatever else tells facts apart.

    The others are older versions, repeats and rows that were contradicted.
    """
    keys = ", ".join(contract.delivered_key)
    if contract.latest_delivery:
        return tables.scalar(
            connection,
            f"select count(*) from (select *, max(_loaded_at) over (partition by {keys}) as _newest "
            f"from {contract.relation}) where _loaded_at = _newest and _repeat is not true",
        )
    facts = ", ".join([*contract.delivered_key, *contract.told_apart_by])
    return tables.scalar(
        connection, f"select count(*) from (select 1 from {contract.relation} group by {facts})"
    )
