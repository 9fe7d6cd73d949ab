"""Searches published texts for persons: compares them with the names and addresses in the sources.

The check `no_email_addresses` of each suite finds e-mail addresses by their pattern in every text. Names have
no pattern, so this module compares texts with the delivered names.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.core.relations import Relations
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


def texts_that_name_persons(relations: Relations, contracts: MartContracts) -> dict[tuple[str, str], int]:
    """Return the number of different names or addresses of persons by column (mart, column).

    `relations` are the marts and the raw relations. Compares names of two words or more, because a single
    word (`Sales`) is rarely a person. Skips columns that the mart's contract tags as `pii: name`.
    """
    found = {}
    with relations.kept("persons", _persons(set(relations.tables("raw")))):
        for mart in relations.tables("marts"):
            declared = contracts[mart].columns if mart in contracts else {}
            texts = [
                column
                for column, data_type in relations.columns("marts", mart)
                if data_type == "VARCHAR" and not (column in declared and declared[column].pii == "name")
            ]
            for column, count in _counted(relations, mart, sorted(texts)):
                found[mart, column] = int(count)
    return found


def _persons(present: set[str]) -> str:
    """Return the query for the names and addresses in the raw relations that exist."""
    queries = ["select cast(null as varchar) as value where false"]
    for (source, table, column), kind in tagged_columns().items():
        # Only systems that are connected have raw relations.
        if kind in COMPARED and f"{source}__{table}" in present:
            value = f"lower(trim({quote_identifier(column)}))"
            condition = "contains(value, ' ')" if kind == "name" else "contains(value, '@')"
            queries.append(
                f"select value from (select distinct {value} as value"
                f" from raw.{quote_identifier(f'{source}__{table}')}) where {condition}"
            )
    return " union ".join(queries)


def _counted(relations: Relations, mart: str, columns: Iterable[str]) -> list[tuple[str, int]]:
    """Return the columns of a mart that name persons, with the number of different values."""
    queries = [
        f"select {quote_literal(column)} as name, count(*) as found"
        f" from (select distinct lower(trim({quote_identifier(column)})) as value"
        f" from release.marts.{quote_identifier(mart)}) semi join persons using (value)"
        for column in columns
    ]
    if not queries:
        return []
    return [
        (name, found)
        for name, found in relations.rows(f"select * from ({' union all '.join(queries)}) where found > 0")
    ]
