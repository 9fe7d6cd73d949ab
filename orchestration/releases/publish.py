"""The one gate: what becomes `current`, and how it is taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.core.errors import AuditError, PublishError
from orchestration.core.files import append_line, point_link, sha256_file
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.settings import Settings
from orchestration.quality.suites import Suite, declared_checks, load_suites
from orchestration.releases.acceptance import pass_gate, verify_acceptances
from orchestration.releases.export import MARTS_FILE
from orchestration.releases.history import (
    HISTORY_FILE,
    current_manifest,
    current_release_id,
    release_folder,
)
from orchestration.releases.manifest import MANIFEST_FILE, Manifest, read_manifest, write_manifest


@dataclass(frozen=True)
class Published:
    """The outcome of publishing or rolling back."""

    release_id: str
    previous: str | None
    changed: bool
    """False where `current` already was what was asked for."""
    message: str


def publish(
    settings: Settings,
    release_id: str,
    *,
    lock: WarehouseLock | None = None,
    switch: bool = True,
    accept: Mapping[str, str] | None = None,
) -> Published:
    """Make a complete, audited, untouched release the current one. Nothing is taken on trust.

    Without `switch` the release is verified alike, and `current` stays as it is. `accept` names findings
    of the gate that the caller accepts, with the reasons; they go on record.
    The caller's lock is used if it holds it. Raises PublishError or AuditError, and leaves `current`
    alone, where anything does not hold; LockedError where another run writes.
    """
    with _locked(settings, f"publishing {release_id}", lock):
        current = current_release_id(settings)
        folder = release_folder(settings, release_id)
        release_id = folder.name
        if release_id == current:
            return Published(release_id, current, False, f"Release {release_id} is already the current one.")
        manifest = read_manifest(folder)
        verify_verdict(manifest)
        verify_suites(manifest, load_suites())
        verify_files(folder, manifest)
        if not switch:
            message = f"Made experiment {release_id}; `csw publish {release_id}` would publish it."
            return Published(release_id, current, False, message)
        if manifest["parent"] != current:
            raise PublishError(
                f"Release {current} was published after {release_id} was begun. "
                "Run again, so that the new release follows it."
            )
        served = _whole_manifest(settings, current)
        if served and served["fingerprint"] == manifest["fingerprint"] and not manifest["forced"]:
            message = f"Release {current} was made from the same files and code; it stays the current one."
            return Published(release_id, current, False, message)
        # What was an experiment is judged by the limits of a release that people read.
        published = {**manifest, "experiment": None}
        gate = pass_gate(settings, published, current, accept or {})
        if gate["accepted"] != manifest["gate"]["accepted"] or manifest.get("experiment"):
            write_manifest(folder, {**published, "gate": gate})
            (folder / MANIFEST_FILE).chmod(0o444)
        _switch(settings, release_id, current, "published")
        message = f"Published release {release_id}.{policies_note(settings, manifest)}"
        return Published(release_id, current, True, message)


def rollback(settings: Settings, to: str | None = None, *, lock: WarehouseLock | None = None) -> Published:
    """Point `current` at the release before it, or at release `to`, once its files are found intact.

    Raises PublishError where there is no such release or it is damaged.
    """
    with _locked(settings, "a rollback", lock):
        current = current_release_id(settings)
        if to is None:
            manifest = current_manifest(settings)
            to = manifest["parent"] if manifest else None
            if to is None:
                raise PublishError(
                    "There is no release before the current one. `csw releases` lists those that exist."
                )
        folder = release_folder(settings, to)
        to = folder.name
        if to == current:
            return Published(to, current, False, f"Release {to} is already the current one.")
        manifest = read_manifest(folder)
        if manifest.get("experiment"):
            raise PublishError(
                f"Release {to} is an experiment that was never published ({manifest['experiment']}). "
                f"`csw publish {to}` judges it and makes it the current one."
            )
        verify_verdict(manifest)
        verify_acceptances(manifest)
        verify_files(folder, manifest)
        _switch(settings, to, current, "rolled back")
        return Published(
            to, current, True, f"Rolled back: release {to} is the current one, {current} is kept."
        )


def policies_note(settings: Settings, manifest: Manifest) -> str:
    """A warning where a published release has policies that the next run will not have; else empty."""
    lasting = {
        name: value for name, value in settings.policies.items() if name not in settings.asked_policies
    }
    is_asked = manifest.get("experiment") or settings.asked_policies
    if not is_asked or manifest["policies"] == lasting:
        return ""
    return (
        " The next run takes the policies of dbt_project.yml and CSW_POLICIES again, and restates what this "
        "release changed; set its policies there to keep them."
    )


def verify_verdict(manifest: Manifest) -> None:
    """Judge the recorded results again; raises AuditError unless all marts were checked and none blocks."""
    name = manifest["release_id"]
    audit = manifest["audit"]
    results = audit["results"]
    if len(results) != audit["declared"] or len(results) != audit["evaluated"]:
        raise AuditError(
            f"Release {name}: {audit['declared']} checks are declared, {len(results)} have a result."
        )
    unchecked = sorted(set(manifest["tables"]) - {result["mart"] for result in results})
    if unchecked:
        raise AuditError(f"Release {name}: nothing checked these marts: {', '.join(unchecked)}.")
    blocking = [
        result
        for result in results
        if result["outcome"] not in ("passed", "failed")
        or (result["outcome"] == "failed" and result["severity"] != "warning")
    ]
    if blocking or not audit["passed"]:
        raise AuditError(
            "\n".join(
                [f"Release {name} did not pass its audit.", *(f"  {r['message']}" for r in blocking[:10])]
            )
        )
    broken = {status: count for status, count in manifest["dbt"]["results"].items() if status in _BROKEN}
    if broken:
        raise AuditError(f"Release {name}: dbt did not build it completely: {broken}.")


_BROKEN = frozenset({"error", "fail", "runtime error", "skipped", "partial success"})


def verify_suites(manifest: Manifest, suites: Mapping[str, Suite]) -> None:
    """Raise AuditError unless the audit ran exactly the checks that are declared now."""
    name = manifest["release_id"]
    evaluated = {(r["mart"], r["check"], r["severity"]) for r in manifest["audit"]["results"]}
    declared = set(declared_checks(suites))
    if evaluated != declared:
        differing = ", ".join(sorted(f"{mart}.{check}" for mart, check, _ in evaluated ^ declared)[:5])
        raise AuditError(f"Release {name} was not audited by the checks that are declared now: {differing}.")
    if manifest["audit"]["suite_digests"] != {mart: suite.digest for mart, suite in suites.items()}:
        raise AuditError(f"Release {name} was audited by other suites than those that are declared now.")


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Raise PublishError unless the release holds exactly the recorded files, byte for byte."""
    name = manifest["release_id"]
    recorded = {file["path"]: file for file in manifest["files"]}
    if MARTS_FILE not in recorded:
        raise PublishError(f"Release {name} records no {MARTS_FILE}.")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    found.discard(MANIFEST_FILE)
    if found != set(recorded):
        differing = ", ".join(sorted(found ^ set(recorded))[:5])
        raise PublishError(f"Release {name} does not hold the files that its manifest lists: {differing}.")
    for path, file in recorded.items():
        if (folder / path).stat().st_size != file["bytes"] or sha256_file(folder / path) != file["sha256"]:
            raise PublishError(
                f"Release {name}: {path} was changed after the audit. It is not the file that was checked; "
                "run again to make a new release."
            )


def _whole_manifest(settings: Settings, release_id: str | None) -> Manifest | None:
    """The manifest of a release; None where it is gone or damaged: a new one may take its place."""
    if release_id is None:
        return None
    try:
        return read_manifest(settings.releases / release_id)
    except PublishError:
        return None


def _switch(settings: Settings, release_id: str, previous: str | None, action: str) -> None:
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "action": action,
        "release_id": release_id,
        "previous": previous,
    }
    # First the record, so that nothing is current that it does not know of.
    append_line(settings.home / HISTORY_FILE, json.dumps(entry))
    # Relative, so that a warehouse can be moved or mounted elsewhere as a whole.
    point_link(settings.current, f"{settings.releases.name}/{release_id}")


@contextmanager
def _locked(settings: Settings, purpose: str, lock: WarehouseLock | None) -> Iterator[WarehouseLock]:
    if lock is not None and lock.path == settings.lock_file:
        yield lock
        return
    with hold_lock(settings.lock_file, purpose) as taken:
        yield taken
