"""The landing records of tables: the same relations as for files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestration.core.database import quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch
from orchestration.landing.records import (
    RECORDS,
    Rows,
    conflicting_sql,
    count_rows,
    file_rows,
    outcome_rows,
    quarantined_sql,
    remark_rows,
)


def record_queries(
    rows: Rows,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Sequence[Batch],
    quarantine: str,
) -> Iterator[tuple[str, str]]:
    """Yield each relation `landing__*` with its SQL. All other relations of schema `raw` must exist.

    `rows` runs a query on them. `quarantine` is the ending of the names of relations with rejected rows.
    """
    yield "landing__files", _literal("landing__files", file_rows(batches))
    yield (
        "landing__row_counts",
        _literal("landing__row_counts", outcome_rows(count_rows(rows, contracts, batches))),
    )
    yield "landing__remarks", _literal("landing__remarks", remark_rows(batches))
    aside = []
    for batch in batches:
        contract = contracts[batch.source, batch.object]
        if batch.rows_quarantined:
            aside.append(quarantined_sql(batch, f"{contract.relation}{quarantine}"))
        if batch.rows_conflicting:
            aside.append(conflicting_sql(contract, batch))
    yield "landing__rows_set_aside", _literal("landing__rows_set_aside", [], aside)


def _literal(name: str, rows: Sequence[Sequence[object]], queries: Sequence[str] = ()) -> str:
    """Return SQL of rows of a relation: given values, and those of queries."""
    columns = RECORDS[name]
    empty = "select " + ", ".join(f"cast(null as {kind}) as {column}" for column, kind in columns.items())
    given = ["select " + ", ".join(_value(one) for one in row) for row in rows]
    everything = " union all ".join([f"{empty} where false", *given, *(f"({query})" for query in queries)])
    typed = ", ".join(f"cast({column} as {kind}) as {column}" for column, kind in columns.items())
    return f"select {typed} from ({everything})"


def _value(value: object) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, bool | int) else quote_literal(str(value))
