"""Auditing again what was released, by the checks that are declared now."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.quality import AuditReport, audit_marts, load_suites
from orchestration.releases.export import MARTS_FILE
from orchestration.releases.manifest import read_manifest
from orchestration.releases.publish import release_folder, verify_files
from orchestration.settings import Settings


@dataclass(frozen=True)
class Reaudit:
    """The verdict on a release that exists. Nothing is changed by it."""

    release_id: str
    report: AuditReport


def audit_release(settings: Settings, release_id: str = "current") -> Reaudit:
    """Check that the files of a release are those recorded, then run every suite on its marts.

    A bad verdict is returned, not raised. Raises PublishError where the release is missing or damaged.
    """
    folder = release_folder(settings, release_id)
    verify_files(folder, read_manifest(folder))
    return Reaudit(folder.name, audit_marts(folder / MARTS_FILE, load_suites()))
