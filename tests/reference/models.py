"""The real dbt models on a tiny company: compiled once per set of policies, run in memory per example."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contract import BATCH_COLUMNS, LandingObject, load_contracts
from orchestration.dbt import MANIFEST_FILE, WAREHOUSE_FILE, run_dbt
from orchestration.landing import create_raw_relations
from orchestration.settings import load_settings
from orchestration.warehouse import connect, quote_identifier

TARGETS = ("fct_mrr_movements", "fct_mrr_movement_items", "fct_account_months", "mrr_monthly")

COMPILED_AS_OF = datetime(2031, 7, 9, 11, 13, 17)
"""Stands in the compiled SQL where each example puts its own instant; it looks like no other literal."""

_LITERAL = f"cast('{COMPILED_AS_OF:%Y-%m-%d %H:%M:%S}' as timestamp)"


@dataclass(frozen=True)
class Step:
    """One relation of the models, with its compiled query and its declared column types."""

    relation: str
    schema: str
    is_view: bool
    query: str
    types: tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False)
class Company:
    """Rows as they land, by column name; what is left out is null."""

    periods: tuple[Mapping[str, Any], ...]
    accounts: tuple[Mapping[str, Any], ...]
    rates: tuple[Mapping[str, Any], ...]
    as_of: datetime

    def __repr__(self) -> str:
        # Hypothesis prints it; the rows themselves stand in the notes of the test.
        return f"<company of {len(self.periods)} periods as of {self.as_of}>"


def compile_models(home: Path, policies: Iterable[str]) -> tuple[Step, ...]:
    """Compile the ancestors of TARGETS under `policies` (`name=value`); returns them parents first."""
    settings = load_settings(
        home=home, as_of=COMPILED_AS_OF.isoformat(), policies=list(policies), environment={}
    )
    home.mkdir(parents=True, exist_ok=True)
    warehouse = home / "tiny" / WAREHOUSE_FILE
    warehouse.parent.mkdir()
    with connect(warehouse) as connection:
        create_raw_relations(connection, load_contracts(), [])
    run_dbt(settings, ["compile", "--select", *(f"+{name}" for name in TARGETS)], warehouse)
    manifest = json.loads((settings.dbt / "target" / MANIFEST_FILE).read_text(encoding="utf-8"))
    return tuple(_steps(manifest))


def run_models(steps: Sequence[Step], company: Company) -> dict[str, list[dict[str, Any]]]:
    """Run every step on the rows of one company, in memory; returns the rows of TARGETS by model name."""
    with connect() as connection:
        connection.execute("set threads = 1")
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("use warehouse")
        for schema in sorted({"raw", *(step.schema for step in steps)}):
            connection.execute(f"create schema {quote_identifier(schema)}")
        _create_raw_tables(connection, company)
        for step in steps:
            _run(connection, step, company.as_of)
        return {name: _rows(connection, _step_of(steps, name).relation) for name in TARGETS}


def _step_of(steps: Sequence[Step], name: str) -> Step:
    """The step of one model."""
    return next(step for step in steps if step.relation.endswith(f'"{name}"'))


def _steps(manifest: Mapping[str, Any]) -> Iterable[Step]:
    nodes = manifest["nodes"]
    done: set[str] = set()

    def visit(unique_id: str) -> Iterable[Step]:
        if unique_id in done or unique_id not in nodes:
            return
        done.add(unique_id)
        node = nodes[unique_id]
        for parent in node["depends_on"].get("nodes", ()):
            yield from visit(parent)
        # A seed has no query: it is a relation without rows here, and every rate comes from the company.
        if node["resource_type"] == "seed":
            types = list(node["config"]["column_types"].items())
            query = f"select {', '.join(f'null::{kind} as {name}' for name, kind in types)} where false"
        else:
            types = [(column["name"], column["data_type"]) for column in node["columns"].values()]
            query = node["compiled_code"]
        yield Step(
            relation=node["relation_name"],
            schema=node["schema"],
            is_view=node["config"]["materialized"] == "view",
            query=query,
            types=tuple(types) if node["config"].get("contract", {}).get("enforced") else (),
        )

    for name in TARGETS:
        yield from visit(f"model.csw.{name}")


def _run(connection: duckdb.DuckDBPyConnection, step: Step, as_of: datetime) -> None:
    literal = f"cast('{as_of:%Y-%m-%d %H:%M:%S}' as timestamp)"
    query = step.query.replace(_LITERAL, literal)
    assert f"{COMPILED_AS_OF:%Y-%m-%d}" not in query, f"{step.relation}: as_of stands there in another form"
    if step.types:
        columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in step.types)
        names = ", ".join(quote_identifier(name) for name, _ in step.types)
        connection.execute(f"create table {step.relation} ({columns})")
        connection.execute(f"insert into {step.relation} ({names}) select {names} from (\n{query}\n)")
    else:
        kind = "view" if step.is_view else "table"
        connection.execute(f"create {kind} {step.relation} as (\n{query}\n)")


def _create_raw_tables(connection: duckdb.DuckDBPyConnection, company: Company) -> None:
    given = {
        "subscription_periods": company.periods,
        "accounts": company.accounts,
        "fx_rates": company.rates,
    }
    for (source, name), contract in _contracts().items():
        types = {column.name: column.data_type for column in contract.columns} | BATCH_COLUMNS
        columns = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in types.items())
        connection.execute(f"create table {contract.relation} ({columns})")
        rows = given.get(name, ()) if source == "generic" else ()
        if not rows:
            continue
        values = ", ".join(
            "(" + ", ".join(_literal(row.get(column)) for column in types) + ")"
            for row in (_with_batch(row, number, name) for number, row in enumerate(rows, start=1))
        )
        connection.execute(f"insert into {contract.relation} values {values}")


def _with_batch(row: Mapping[str, Any], number: int, name: str) -> dict[str, Any]:
    # Rows arrive in one batch each, in the order given.
    return {
        "_batch_id": f"{name}-{number:04}",
        "_loaded_at": datetime(2019, 1, 1, 0, number // 60, number % 60),
        "_row": 1,
        **row,
    }


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value).lower()
    return "'" + re.sub("'", "''", str(value)) + "'"


@cache
def _contracts() -> Mapping[tuple[str, str], LandingObject]:
    """Read once, not per example."""
    return load_contracts()


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> list[dict[str, Any]]:
    found = connection.execute(f"from {relation}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
