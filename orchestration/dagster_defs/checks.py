"""Checks in Dagster: one per dbt test of a run, one per mart for the audit, one per family of the gate."""

# This module has no postponed annotations, because Dagster reads the types of context parameters.
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg

from orchestration.dagster_defs.assets import POOL, Warehouse, failures_in_words
from orchestration.dbt_runner.mart_contract import MartContracts, audited_tests
from orchestration.pipeline.steps import audit_step
from orchestration.quality import AuditReport
from orchestration.quality.gate import FAMILIES
from orchestration.releases.acceptance import recorded_findings
from orchestration.releases.candidate import Candidate
from orchestration.releases.export import RELEASE_TABLE

AUDIT = "audit"
"""The name of the check of each mart."""

ROWS = "dagster/row_count"
"""Dagster shows this metadata as the number of rows of an asset, and plots it."""

_AUDIT_DESCRIPTION = "The contract and the suite of the mart, evaluated on the exported file."


def with_checked_tests(manifest: Mapping[str, Any], contracts: MartContracts) -> dict[str, Any]:
    """Return the manifest without the tests that the audit evaluates.

    Attaches each test of several models to the last of them in the graph. Dagster cannot show it otherwise.
    """
    audited = set(audited_tests(contracts))
    nodes = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] != "test" or node["name"] not in audited
    }
    parents: Mapping[str, Sequence[str]] = manifest["parent_map"]

    @cache
    def depth(model: str) -> int:
        return 1 + max((depth(parent) for parent in parents.get(model, ())), default=0)

    for test in nodes.values():
        if test["resource_type"] != "test" or test.get("attached_node"):
            continue
        models = [one for one in test["depends_on"]["nodes"] if one.startswith(("model.", "seed."))]
        if len(test["depends_on"]["nodes"]) < 2 or not models:
            continue
        last = max(models, key=lambda model: (depth(model), model))
        name = {"name": nodes[last]["name"]}
        test["config"].setdefault("meta", {}).setdefault("dagster", {}).setdefault("ref", name)

    def is_kept(unique_id: str) -> bool:
        return not unique_id.startswith("test.") or unique_id in nodes

    children = {
        name: [child for child in found if is_kept(child)]
        for name, found in manifest["child_map"].items()
        if is_kept(name)
    }
    parents = {name: found for name, found in parents.items() if is_kept(name)}
    return {**manifest, "nodes": nodes, "parent_map": parents, "child_map": children}


def audit_checks(marts: Mapping[str, dg.AssetKey], published: Sequence[str]) -> dg.AssetChecksDefinition:
    """Return the step that exports and audits the marts. A check lists the expectations that fail."""
    specs = [
        dg.AssetCheckSpec(name=AUDIT, asset=marts[mart], description=_AUDIT_DESCRIPTION, blocking=True)
        for mart in published
    ]
    # They do not block here. Publishing evaluates them again, and knows the accepted findings.
    specs += [
        dg.AssetCheckSpec(name=gate_name(family), asset=marts[RELEASE_TABLE], description=description)
        for family, description in FAMILIES.items()
    ]

    @dg.multi_asset_check(
        name="audit",
        specs=specs,
        # As for landing: the launcher refuses a part of the step.
        can_subset=True,
        pool=POOL,
        required_resource_keys={"warehouse"},
        description="Great Expectations on the file that will be served.",
    )
    def audit(context: dg.AssetCheckExecutionContext) -> Iterator[Any]:
        warehouse: Warehouse = context.resources.warehouse
        with failures_in_words(warehouse):
            report = audit_step(warehouse.settings, warehouse.candidate)
            tables = warehouse.candidate.noted("tables")["tables"]
            for mart in published:
                yield dg.AssetObservation(marts[mart], metadata={ROWS: tables[mart]["rows"]})
                yield audit_result(report, mart, marts[mart])
            yield from _gate_results(warehouse.candidate, marts[RELEASE_TABLE])
            report.raise_if_blocking(warehouse.candidate.audit)

    return audit


def gate_name(family: str) -> str:
    """Return the name of the check for a family of findings."""
    return f"gate_{family}"


def audit_result(report: AuditReport, mart: str, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Return the check of a mart. The worst result decides."""
    results = [result for result in report.results if result.mart == mart]
    unsound = [result for result in results if result.verdict != "passed"]
    is_blocking = any(result.is_blocking for result in results)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=AUDIT,
        passed=bool(results) and not unsound,
        severity=dg.AssetCheckSeverity.ERROR if is_blocking or not results else dg.AssetCheckSeverity.WARN,
        description="\n".join(result.message for result in unsound) or f"{len(results)} checks passed",
        metadata={
            "checks": len(results),
            "failing": [f"{result.check}: {result.verdict}" for result in unsound],
        },
    )


def _gate_results(candidate: Candidate, mart: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """Return one check per family of findings. The worst finding decides."""
    findings = recorded_findings(candidate.noted("gate")["gate"])
    for family in FAMILIES:
        mine = [finding for finding in findings if finding.family == family]
        verdicts = {finding.verdict for finding in mine}
        worst = next((one for one in ("error", "failed", "warning") if one in verdicts), "passed")
        yield dg.AssetCheckResult(
            asset_key=mart,
            check_name=gate_name(family),
            passed=worst == "passed",
            severity=dg.AssetCheckSeverity.WARN if worst == "warning" else dg.AssetCheckSeverity.ERROR,
            description="\n".join(one.message for one in mine) or "nothing to compare",
            metadata={"outcome": worst},
        )
