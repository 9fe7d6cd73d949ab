"""The rules of connectors: dbt unit tests that need one. The others run without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration.dbt_runner.connectors import all_connectors


def rules_of_connectors(unit_tests: Mapping[str, Any]) -> list[str]:
    """Return the names of those unit tests of a parsed project that need a connector."""
    return [
        node.name
        for node in unit_tests.values()
        if any(system in node.model for system in all_connectors())
        or node.model.startswith(("unified_identity", "unified_billing", "int_quality__"))
        or (node.overrides and node.overrides.vars.get("connectors"))
    ]
