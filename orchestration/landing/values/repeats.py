"""Find the rows of a file with equal keys: repeated rows and conflicting rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject


@dataclass(frozen=True)
class Repeats:
    """The numbers of repeated and conflicting rows of a file."""

    repeated: int = 0
    conflicting: int = 0
    first_conflict: int | None = None
    """Number of the first conflicting row."""


def mark_repeats(connection: duckdb.DuckDBPyConnection, contract: LandingObject, path: Path) -> Repeats:
    """Count repeated and conflicting rows in a typed file, and add the columns `_repeat` and `_conflict`.

    A row is repeated if an equal row is above it. In a tracking system, a row with the same key is enough,
    because a call that is sent again has other times. A row conflicts if a different row with the same key
    and version is below it, unless `told_apart_by` makes them different facts.
    """
    source = f"read_parquet({quote_literal(path)})"
    if connection.execute(several_sql(contract, source)).fetchone() is None:
        return Repeats()
    marked = path.with_name(f"{path.name}.marked")
    connection.execute(
        f"copy ({marked_sql(contract, source)} order by _row) "
        f"to {quote_literal(marked)} (format parquet, compression zstd)"
    )
    marked.replace(path)
    row = connection.execute(REPEATS.format(source=source)).fetchone()
    assert row is not None
    return Repeats(*row)


REPEATS = (
    "select count(*) filter (_repeat), count(*) filter (_conflict), min(_row) filter (_conflict) "
    "from {source}"
)
"""SQL of the fields of `Repeats`, over the rows of `marked_sql`."""


def several_sql(contract: LandingObject, source: str) -> str:
    """Return SQL with one row if any key of a relation has several rows."""
    return f"select 1 from {source} group by {', '.join(contract.delivered_key)} having count(*) > 1 limit 1"


def marked_sql(contract: LandingObject, source: str, delivery: Sequence[str] = ()) -> str:
    """Return SQL of a relation with `_repeat` and `_conflict`; `delivery` are the columns of a delivery."""
    contents = [*map(quote_identifier, (*contract.column_names, "_extra")), *delivery]
    if contract.usage and contract.usage.ties:
        contents = [*contract.delivered_key, *delivery]
    version = [quote_identifier(contract.version_at)] if contract.version_at else []
    version += ["_version_from", "_extracted_at"] if contract.is_vendor else []
    facts = ", ".join([*contract.delivered_key, *contract.told_apart_by, *version, *delivery])
    return (
        "select *, not _repeat and lead(_row) over ("
        f"partition by {facts}, _repeat order by _row) is not null as _conflict from (select *, "
        f"row_number() over (partition by {', '.join(contents)} order by _row) > 1 as _repeat from {source})"
    )


def facts_sql(contract: LandingObject) -> str:
    """Return SQL that counts the facts of a raw relation: one row per key and `told_apart_by`.

    The other rows are older versions, repeated rows and conflicting rows.
    """
    keys = ", ".join(contract.delivered_key)
    if contract.latest_delivery:
        return (
            f"select count(*) from (select *, max(_loaded_at) over (partition by {keys}) as _newest "
            f"from {contract.relation}) where _loaded_at = _newest and _repeat is not true"
        )
    facts = ", ".join([*contract.delivered_key, *contract.told_apart_by])
    return f"select count(*) from (select 1 from {contract.relation} group by {facts})"
