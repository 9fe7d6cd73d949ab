"""Runs the real dbt models on a few rows in memory: parsed once, and compiled once per set of policies."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import duckdb

from orchestration.core.database import connect, quote_identifier
from orchestration.core.settings import PROJECT_DIR, load_settings
from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE, invoke_dbt
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, LandingObject
from orchestration.dbt_runner.parsing import SEMANTIC_FOLDER, parsed_project
from orchestration.dbt_runner.pseudonyms import TEST_KEY, hand_over_key
from orchestration.landing.usage import AGGREGATES
from tests.shared import spare_parsing

COMPILED_AS_OF = datetime(2031, 7, 9, 11, 13, 17)
"""Placeholder in the compiled SQL for the instant of a run; no other literal looks like it."""


def _literals(as_of: datetime, zone: str) -> tuple[str, str, str]:
    """The instant, its local day and the number of its local month, as the macros write them into SQL."""
    local = as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return (
        f"cast('{as_of:%Y-%m-%d %H:%M:%S}' as timestamp)",
        f"cast('{local:%Y-%m-%d}' as date)",
        str(local.year * 12 + local.month - 1),
    )


_KINDS = {"seed": "table", "test": "test"}

Row = dict[str, Any]
Landing = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows as they land, by object of the source `generic`; a column that is left out is null."""


@dataclass(frozen=True)
class Step:
    """One relation of the models with its compiled query and declared column types, or one invariant."""

    name: str
    kind: str
    """table, view, or test: a query that must return no row."""
    relation: str
    schema: str
    query: str
    types: tuple[tuple[str, str], ...]
    zone: str
    """The reporting time zone that it was compiled for."""


@cache
def contracts() -> Mapping[tuple[str, str], LandingObject]:
    """The landing contracts, read once."""
    return generic_contracts()


@cache
def project_models() -> Mapping[str, Mapping[str, str]]:
    """Columns of every model and their descriptions from its YAML, by the model's name."""
    return {
        node.name: {column.name: column.description for column in node.columns.values()}
        for node in _parsed().manifest.nodes.values()
        if node.resource_type == "model"
    }


def parsed_nodes(policies: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Parents and configuration of all nodes before compilation, and the macros of tests.

    Without policies, they are from the parsed project that all runs share, else from a parse under them.
    """
    project = _parsed()
    if policies is None:
        return project.nodes
    return _nodes(project.dbt(["parse", "--vars", json.dumps(dict(policies))]).result)


def _nodes(manifest: Any) -> dict[str, Any]:
    found = {}
    for name, node in manifest.nodes.items():
        # A run leaves the folders of systems without files and of metrics unread.
        if not node.config.enabled or node.original_file_path.startswith(SEMANTIC_FOLDER):
            continue
        needs = {kind: sorted(names) for kind, names in node.depends_on.to_dict().items()}
        # A model finds every macro at compilation, but a test only those from parsing.
        if node.resource_type != "test":
            del needs["macros"]
        found[name] = (needs, node.config.to_dict())
    return found


def compile_models(policies: Mapping[str, Any], targets: Sequence[str]) -> tuple[Step, ...]:
    """Compile the ancestors of `targets` under `policies`, and the invariants that need no other models.

    Parents come first in the result.
    """
    project = _parsed()
    command = ["compile", "--no-introspect", "--indirect-selection", "cautious"]
    command += ["--exclude", "test_type:generic", "test_type:unit"]
    command += ["--vars", json.dumps(dict(policies)), "--select", *(f"+{name}" for name in targets)]
    outcome = project.dbt(command, project.manifest)
    assert outcome.success, f"{dict(policies)}: {outcome.exception or _messages(outcome.result)}"
    zone = str(policies.get("reporting_timezone", "UTC"))
    wanted = [f"model.csw.{name}" for name in targets]
    wanted += [result.node.unique_id for result in outcome.result if result.node.resource_type == "test"]
    return tuple(_steps(project.manifest.nodes, wanted, zone))


def compile_query(query: str) -> str:
    """Compile one query that calls macros of the project, under the default policies."""
    outcome = _parsed().dbt(["compile", "--no-introspect", "--inline", query], _parsed().manifest)
    assert outcome.success, outcome.exception or _messages(outcome.result)
    return str(outcome.result.results[0].node.compiled_code)


@cache
def money_functions() -> str:
    """Statements that create the money functions, as dbt runs them before the first model."""
    return compile_query("{{ create_money_functions() }}")


def run_models(
    steps: Sequence[Step],
    landing: Landing,
    as_of: datetime,
    targets: Sequence[str],
    *,
    seeds: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> dict[str, list[Row]]:
    """Run every step on the landed rows and the rows of `seeds`, in memory.

    Returns the rows of `targets` by model name. A seed that is not given has no rows.
    """
    relations = {step.name: step.relation for step in steps}
    with models_on(partial(create_raw_tables, landing=landing), steps, as_of, seeds=seeds) as connection:
        return {name: _rows(connection, relations[name]) for name in targets}


@contextmanager
def models_on(
    create_sources: Callable[[duckdb.DuckDBPyConnection], None],
    steps: Sequence[Step],
    as_of: datetime,
    *,
    seeds: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    key: bytes = TEST_KEY,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory with every step on the relations of `create_sources`; `key` makes the pseudonyms.

    Raises AssertionError if an invariant does not hold.
    """
    seeds = seeds or {}
    unknown = seeds.keys() - {step.name for step in steps}
    assert not unknown, f"no such seeds: {sorted(unknown)}"
    with connect() as connection:
        connection.execute("set threads = 1")
        hand_over_key(connection, key)
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("use warehouse")
        for schema in sorted({"raw", *(step.schema for step in steps if step.kind != "test")}):
            connection.execute(f"create schema {quote_identifier(schema)}")
        connection.execute(money_functions())
        create_sources(connection)
        for step in steps:
            _run(connection, step, as_of)
            for row in seeds.get(step.name, ()):
                columns = ", ".join(quote_identifier(column) for column in row)
                values = ", ".join(_literal(value) for value in row.values())
                connection.execute(f"insert into {step.relation} ({columns}) values ({values})")
        yield connection


# ------------------------------------------------------------------------------------------------- compiling
class _Project:
    """The parsed project, in a folder of its own that lasts as long as the tests do."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="compiled-")
        home = Path(self._folder.name)
        settings = load_settings(home=home, as_of=COMPILED_AS_OF.isoformat(), environment={})
        self._settings = spare_parsing(settings)
        self._warehouse = home / WAREHOUSE_FILE
        self.manifest = parsed_project(self._settings)
        self.nodes = _nodes(self.manifest)

    def dbt(self, command: list[str], manifest: Any = None) -> Any:
        folder = self._settings.dbt
        arguments = [
            *command,
            *("--project-dir", str(PROJECT_DIR)),
            *("--profiles-dir", str(folder)),
            *("--target-path", str(folder / "target")),
            *("--log-path", str(folder / "logs")),
            *("--log-level", "none"),
            *("--log-level-file", "none"),
            *("--no-write-json", "--no-populate-cache"),
        ]
        environment = {
            "CSW_WAREHOUSE": str(self._warehouse),
            "CSW_AS_OF": self._settings.as_of_text,
            "DO_NOT_TRACK": "1",
        }
        with patch.dict(os.environ, environment):
            return invoke_dbt(arguments, manifest=manifest)


@cache
def _parsed() -> _Project:
    return _Project()


def _messages(result: Any) -> list[str]:
    return [entry.message for entry in getattr(result, "results", ()) if entry.message]


def _steps(nodes: Mapping[str, Any], wanted: Sequence[str], zone: str) -> Iterator[Step]:
    done: set[str] = set()

    def visit(unique_id: str) -> Iterator[Step]:
        if unique_id in done or unique_id not in nodes:
            return
        done.add(unique_id)
        node = nodes[unique_id]
        for parent in node.depends_on.nodes if node.resource_type != "seed" else ():
            yield from visit(parent)
        types: list[tuple[str, str]] = []
        if node.resource_type == "model" and node.config.contract.enforced:
            types = [(column.name, column.data_type) for column in node.columns.values()]
        yield Step(
            name=node.name,
            kind=_KINDS.get(node.resource_type) or node.config.materialized.removesuffix("_in_place"),
            relation=node.relation_name,
            schema=node.schema,
            query=_empty(node.config.column_types) if node.resource_type == "seed" else node.compiled_code,
            types=tuple(types),
            zone=zone,
        )

    for unique_id in wanted:
        yield from visit(unique_id)


def _empty(types: Mapping[str, str]) -> str:
    """A seed has no query: it starts as an empty relation here, and its file is not read."""
    return f"select {', '.join(f'null::{kind} as {name}' for name, kind in types.items())} where false"


# --------------------------------------------------------------------------------------------------- running
def statements(step: Step, as_of: datetime) -> tuple[str, ...]:
    """The SQL that makes the relation of a step at `as_of`. A view with declared types becomes a table."""
    query = _query(step, as_of)
    if not step.types:
        return (f"create {step.kind} {step.relation} as (\n{query}\n)",)
    columns = ", ".join(f"{quote_identifier(name)} {kind}" for name, kind in step.types)
    names = ", ".join(quote_identifier(name) for name, _ in step.types)
    return (
        f"create table {step.relation} ({columns})",
        f"insert into {step.relation} ({names}) select {names} from (\n{query}\n)",
    )


def _query(step: Step, as_of: datetime) -> str:
    query = step.query
    for compiled, wanted in zip(
        _literals(COMPILED_AS_OF, step.zone), _literals(as_of, step.zone), strict=True
    ):
        query = re.sub(rf"(?<![\w.]){re.escape(compiled)}(?!\w)", wanted, query)
    assert f"{COMPILED_AS_OF:%Y-%m-%d}" not in query, f"{step.relation}: as_of stands there in another form"
    return query


def _run(connection: duckdb.DuckDBPyConnection, step: Step, as_of: datetime) -> None:
    if step.kind == "test":
        found = connection.execute(_query(step, as_of)).fetchall()
        assert not found, f"{step.name} finds {found[:3]}"
        return
    for statement in statements(step, as_of):
        connection.execute(statement)


def create_raw_tables(connection: duckdb.DuckDBPyConnection, landing: Landing) -> None:
    unknown = landing.keys() - {name for source, name in contracts() if source == "generic"}
    assert not unknown, f"no such landing objects: {sorted(unknown)}"
    for (source, name), contract in contracts().items():
        types = {column.name: column.data_type for column in contract.columns} | BATCH_COLUMNS
        columns = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in types.items())
        connection.execute(f"create table {contract.relation} ({columns})")
        rows = landing.get(name, ()) if source == "generic" else ()
        if not rows:
            continue
        values = ", ".join(
            "(" + ", ".join(_literal(row.get(column)) for column in types) + ")"
            for row in (_with_batch(row, number, name) for number, row in enumerate(rows, start=1))
        )
        connection.execute(f"insert into {contract.relation} values {values}")

    for name, aggregate in AGGREGATES.items():
        columns = ", ".join(f"{column} {kind}" for column, kind in aggregate.items())
        connection.execute(f"create table raw.usage__{name} ({columns})")


def _with_batch(row: Mapping[str, Any], number: int, name: str) -> Row:
    # Rows arrive in one batch each, in the order given.
    return {
        "_batch_id": f"{name}-{number:05}",
        "_loaded_at": datetime(2019, 1, 1) + timedelta(seconds=number),
        "_row": 1,
        **row,
    }


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value).lower()
    return "'" + re.sub("'", "''", str(value)) + "'"


def _rows(connection: duckdb.DuckDBPyConnection, relation: str) -> list[Row]:
    found = connection.execute(f"from {relation}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
