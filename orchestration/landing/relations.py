"""The raw relations: what dbt and the analysts read, one per object of the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from orchestration.contract import BATCH_COLUMNS, LandingObject
from orchestration.landing.batches import Batch
from orchestration.warehouse import quote_identifier, quote_literal


def create_raw_relations(
    connection: duckdb.DuckDBPyConnection,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Iterable[Batch],
) -> None:
    """Create or replace the view `raw.<source>__<object>` of every contract.

    A view has the contract's columns with the contract's types, then BATCH_COLUMNS. It reads exactly the
    accepted batches given, also those of an older contract, and is empty where there are none.
    """
    given = list(batches)
    connection.execute("create schema if not exists raw")
    for contract in contracts.values():
        files = [
            str(batch.path)
            for batch in given
            if batch.status == "accepted" and (batch.source, batch.object) == (contract.source, contract.name)
        ]
        name = f"raw.{quote_identifier(f'{contract.source}__{contract.name}')}"
        connection.execute(f"create or replace view {name} as {_query(connection, contract, files)}")


def _query(connection: duckdb.DuckDBPyConnection, contract: LandingObject, files: list[str]) -> str:
    types = {column.name: column.data_type for column in contract.columns} | BATCH_COLUMNS
    if not files:
        return f"select {_columns(types, set())} where false"
    source = f"read_parquet([{', '.join(quote_literal(path) for path in files)}], union_by_name = true)"
    # A column that no batch has cannot be named in the query, not even as null.
    present = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    return f"select {_columns(types, present)} from {source}"


def _columns(types: Mapping[str, str], present: set[str]) -> str:
    return ", ".join(
        f"cast({column if name in present else 'null'} as {data_type}) as {column}"
        for name, data_type in types.items()
        for column in [quote_identifier(name)]
    )
