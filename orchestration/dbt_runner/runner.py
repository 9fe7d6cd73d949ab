"""Run dbt commands on the parsed project, and return plain results."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    arguments = [*command, "--no-write-json", *variables(parsed_connectors(settings), settings.policies)]
    started = time.monotonic()
    # The parsed project does not depend on policies or folders, but dbt would parse it again for each.
    manifest = parsed_project(settings)
    for node in manifest.nodes.values():
        if node.name in skip:
            node.tags.append(_SKIPPED)
    outcome = invoke(settings, arguments, warehouse, on_event, manifest=manifest)
    return DbtResult(time.monotonic() - started, node_results(outcome.result))
