"""How dbt's tests, the checks of an audit and the findings of the gate show up in Dagster."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg

from orchestration.quality.gate import FAMILIES
from orchestration.releases.acceptance import recorded_findings
from orchestration.releases.candidate import Candidate


def attach_tests(manifest: dict[str, Any]) -> dict[str, Any]:
    """Name the model or seed that each test over several of them is a check of: the last of them in the flow.

    Without it Dagster could not show those tests as checks.
    """
    parents: Mapping[str, Sequence[str]] = manifest["parent_map"]

    @cache
    def depth(model: str) -> int:
        return 1 + max((depth(parent) for parent in parents.get(model, ())), default=0)

    for test in manifest["nodes"].values():
        if test["resource_type"] != "test" or test.get("attached_node"):
            continue
        models = [one for one in test["depends_on"]["nodes"] if one.startswith(("model.", "seed."))]
        if len(test["depends_on"]["nodes"]) < 2 or not models:
            continue
        last = max(models, key=lambda model: (depth(model), model))
        name = {"name": manifest["nodes"][last]["name"]}
        test["config"].setdefault("meta", {}).setdefault("dagster", {}).setdefault("ref", name)
    return manifest


def check_name(check: str) -> str:
    """Name of an audit's check in Dagster; the prefix keeps it apart from dbt's tests."""
    return "gx_" + re.sub(r"\W", "_", check)


def gate_name(family: str) -> str:
    """Name of a family of the gate's findings in Dagster."""
    return f"gate_{family}"


def gate_results(candidate: Candidate, mart: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """One check per family of findings; its worst finding decides."""
    findings = recorded_findings(candidate.noted("gate")["gate"])
    for family in FAMILIES:
        mine = [finding for finding in findings if finding.family == family]
        verdicts = {finding.verdict for finding in mine}
        worst = next((one for one in ("raised", "failed", "warning") if one in verdicts), "passed")
        yield dg.AssetCheckResult(
            asset_key=mart,
            check_name=gate_name(family),
            passed=worst == "passed",
            severity=dg.AssetCheckSeverity.WARN if worst == "warning" else dg.AssetCheckSeverity.ERROR,
            description="\n".join(one.message for one in mine) or "nothing to compare with",
            metadata={"outcome": worst},
        )
