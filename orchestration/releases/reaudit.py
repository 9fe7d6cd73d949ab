"""Audit an existing release again with the current checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from orchestration.core.settings import Settings
from orchestration.dbt_runner.mart_contract import load_mart_contracts
from orchestration.quality import AuditReport, load_suites
from orchestration.quality.gate import Finding
from orchestration.releases.acceptance import inspect_release
from orchestration.releases.history import release_folder
from orchestration.releases.manifest import read_manifest
from orchestration.releases.origins import compare_with_origins
from orchestration.releases.store import store_of


@dataclass(frozen=True)
class Reaudit:
    """The verdict on an existing release. The audit changes nothing."""

    release_id: str
    report: AuditReport
    findings: tuple[Finding, ...]
    """The gate's findings now, compared with the previous release if it still exists."""
    accepted: tuple[str, ...]
    """Names of accepted findings."""

    @property
    def passed(self) -> bool:
        waiting = [one for one in self.findings if one.is_blocking]
        return self.report.passed and all(
            one.acceptable and {one.name, one.family} & set(self.accepted) for one in waiting
        )


def audit_release(settings: Settings, release_id: str = "current") -> Reaudit:
    """Check that a release contains the recorded files, then run every suite on its marts.

    Returns a bad verdict instead of raising it. Raises PublishError if the release is missing or damaged, and
    BuildError if the dbt project, which declares the checks, does not parse.
    """
    folder = release_folder(settings, release_id)
    manifest = read_manifest(folder)
    store = store_of(settings)
    store.verify(settings, folder, manifest)
    made = replace(settings, as_of=datetime.fromisoformat(manifest["as_of"]), policies=manifest["policies"])
    contracts = load_mart_contracts(made)
    report = store.audit(settings, folder, load_suites(contracts))
    parent = manifest["parent"]
    kept = parent if parent and store.has_marts(settings, settings.releases / parent) else None
    with store.open_marts(settings, folder) as marts:
        findings = inspect_release(settings, marts, {**manifest, "audit": report.to_json()}, kept)
    batches = store.batches(settings, manifest)
    origins = store.open_origins(made, folder, batches)
    findings += compare_with_origins(made, origins, batches, contracts).findings
    accepted = tuple(entry["name"] for entry in manifest.get("gate", {}).get("accepted", ()))
    return Reaudit(folder.name, report, tuple(findings), accepted)
