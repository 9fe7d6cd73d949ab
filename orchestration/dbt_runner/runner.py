"""Run dbt commands on the parsed project, and return plain results."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.settings import Settings
from orchestration.dbt_runner.invocation import DbtEvent, NodeResult, invoke, node_results
from orchestration.dbt_runner.parsing import parsed_connectors, parsed_project, variables

GRAIN_TESTS = "tag:grain"
"""Selects the tests of the keys of inner models; dbt_project.yml tags them."""

_SKIPPED = "skipped"
"""The tag of the nodes that a command leaves out. dbt checks every name in a selection against every node."""

BUILD = ("build", "--exclude-resource-type", "unit_test", "--exclude", GRAIN_TESTS, f"tag:{_SKIPPED}")
"""The dbt command of a run. Unit and grain tests would cost each run seconds; `make test` runs them."""


@dataclass(frozen=True)
class DbtResult:
    """The result of one dbt invocation."""

    seconds: float
    nodes: tuple[NodeResult, ...]

    def count_by_status(self) -> dict[str, int]:
        """Count the results by dbt's status: success, pass, warn, error, fail, skipped."""
        counts: dict[str, int] = {}
        for node in self.nodes:
            counts[node.status] = counts.get(node.status, 0) + 1
        return counts

    @property
    def checks_passed(self) -> int:
        return sum(node.kind == "test" and node.status == "pass" for node in self.nodes)


def run_dbt(
    settings: Settings,
    command: Sequence[str],
    warehouse: Path,
    *,
    on_event: Callable[[DbtEvent], None] | None = None,
    skip: Container[str] = (),
) -> DbtResult:
    """Run a dbt command on a database file. The caller holds the lock and has prepared the project.

    `BUILD` leaves out the tests with names in `skip`. dbt's threads call `on_event` when a model, seed or
    test ends. Raises BuildError with dbt's message and the failing models and tests if dbt does not succeed.
    """
    return _run(settings, command, warehouse, {}, {}, on_event, skip)


def run_dbt_in_schemas(
    settings: Settings,
    command: Sequence[str],
    schemas: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    on_event: Callable[[DbtEvent], None] | None = None,
    skip: Container[str] = (),
) -> DbtResult:
    """Run a dbt command like `run_dbt` on Spark, in other schemas: names by those of the project.

    `given` are further variables of dbt.
    """
    return _run(settings, command, None, schemas, given, on_event, skip)


def _run(
    settings: Settings,
    command: Sequence[str],
    warehouse: Path | None,
    schemas: Mapping[str, str],
    given: Mapping[str, Any],
    on_event: Callable[[DbtEvent], None] | None,
    skip: Container[str],
) -> DbtResult:
    chosen = variables(parsed_connectors(settings), {**settings.policies, **given})
    started = time.monotonic()
    # The parsed project does not depend on policies or folders, but dbt would parse it again for each.
    manifest = parsed_project(settings)
    for node in manifest.nodes.values():
        if node.name in skip:
            node.tags.append(_SKIPPED)
    if schemas:
        _move(manifest, schemas)
    arguments = [*command, "--no-write-json", *chosen]
    outcome = invoke(settings, arguments, warehouse, on_event, manifest=manifest)
    return DbtResult(time.monotonic() - started, node_results(outcome.result))


def _move(manifest: Any, schemas: Mapping[str, str]) -> None:
    """Put the models, seeds and sources of a parsed project into other schemas."""
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.schema in schemas:
            if node.relation_name:
                node.relation_name = node.relation_name.replace(node.schema, schemas[node.schema], 1)
            node.schema = schemas[node.schema]
    manifest.build_flat_graph()
