"""Searches published texts for persons: compares them with the names and addresses in the sources.

The check `no_email_addresses` of each suite finds e-mail addresses by their pattern in every text. Names have
no pattern, so this module compares texts with the delivered names.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.core.database import quote_identifier
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.mart_contract import MartContracts

COMPARED = ("email", "name")
"""Tags whose values the scan compares. It does not compare free text (`text`)."""


def tagged_columns(project_dir: Path = PROJECT_DIR) -> dict[tuple[str, str, str], str]:
    """Return the kind (email, name or text) of each column of a raw relation with personal data.

    No model reads usage events one by one, so what landing took out of them stands for them.
    """
    tagged = {
        (contract.source, contract.name, column.name): column.pii
        for contract in load_contracts(project_dir).values()
        for column in contract.columns
        if column.pii and contract.usage is None
    }
    return {**tagged, ("usage", "ties", "email"): "email"}


def texts_that_name_persons(
    connection: duckdb.DuckDBPyConnection, contracts: MartContracts
) -> dict[tuple[str, str], int]:
    """Return the number of different names or addresses of persons by column (mart, column).

    The connection has schema `raw`, and the marts attached as `release`. Compares names of two words or
    more, because a single word (`Sales`) is rarely a person. Skips columns that the mart's contract tags as
    `pii: name`.
    """
    connection.execute("create or replace temp table persons (value varchar)")
    raw = "select view_name from duckdb_views() where schema_name = 'raw'"
    present = {name for (name,) in connection.execute(raw).fetchall()}
    for (source, table, column), kind in tagged_columns().items():
        # Only systems that are connected have raw relations.
        if kind in COMPARED and f"{source}__{table}" in present:
            value = f"lower(trim({quote_identifier(column)}))"
            condition = "contains(value, ' ')" if kind == "name" else "contains(value, '@')"
            connection.execute(
                f"insert into persons select distinct value from (select {value} as value"
                f" from raw.{quote_identifier(f'{source}__{table}')}) where {condition}"
            )
    found = {}
    texts = connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'release'"
        " and schema_name = 'marts' and data_type = 'VARCHAR' order by all"
    ).fetchall()
    for mart, column in texts:
        declared = contracts[mart].columns.get(column) if mart in contracts else None
        if declared is not None and declared.pii == "name":
            continue
        row = connection.execute(
            f"select count(*) from (select distinct lower(trim({quote_identifier(column)})) as value"
            f" from release.marts.{quote_identifier(mart)}) semi join persons using (value)"
        ).fetchone()
        if row is not None and row[0]:
            found[mart, column] = int(row[0])
    return found
