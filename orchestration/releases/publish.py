"""Publish a release as `current`, and roll it back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from orchestration.core.errors import AuditError, PublishError
from orchestration.core.files import append_line, swap_symlink
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.settings import Settings
from orchestration.dbt_runner.mart_contract import load_mart_contracts
from orchestration.quality.suites import Suite, declared_checks, load_suites
from orchestration.releases.acceptance import pass_gate, verify_acceptances
from orchestration.releases.history import (
    HISTORY_FILE,
    current_manifest,
    current_release_id,
    release_folder,
)
from orchestration.releases.manifest import MANIFEST_FILE, Manifest, read_manifest, write_manifest
from orchestration.releases.store import store_of


@dataclass(frozen=True)
class Published:
    """The outcome of publishing or rolling back."""

    release_id: str
    previous: str | None
    changed: bool
    """False if `current` did not have to change."""
    message: str


def publish(
    settings: Settings,
    release_id: str,
    *,
    lock: WarehouseLock | None = None,
    switch: bool = True,
    accept: Mapping[str, str] | None = None,
) -> Published:
    """Make a complete, audited, unmodified release the current one, after verifying everything again.

    Without `switch`, verifies the release but does not change `current`. `accept` contains gate findings that
    the caller accepts, with the reasons. The manifest records them. Uses the caller's lock if there is one.

    Raises PublishError or AuditError if a verification fails, BuildError if the dbt project, which declares
    the checks, does not parse, and LockedError if another run writes. In all these cases `current` does not
    change.
    """
    with _locked(settings, f"publishing {release_id}", lock) as held:
        current = current_release_id(settings)
        folder = release_folder(settings, release_id)
        release_id = folder.name
        if release_id == current:
            return Published(release_id, current, False, f"Release {release_id} is already current.")
        manifest = read_manifest(folder)
        verify_verdict(manifest)
        # Policies add columns to the contracts, and those of the release may differ from those of this run.
        made = replace(settings, policies=manifest["policies"])
        verify_suites(manifest, load_suites(load_mart_contracts(made, held)))
        store_of(settings).verify(settings, folder, manifest)
        if not switch:
            message = f"Made experiment {release_id}. `csw publish {release_id}` publishes it."
            return Published(release_id, current, False, message)
        if manifest["parent"] != current:
            raise PublishError(
                f"Release {current} was published after the run of {release_id} started. "
                "Run again to make a release that follows it."
            )
        served = _whole_manifest(settings, current)
        if served and served["fingerprint"] == manifest["fingerprint"] and not manifest["forced"]:
            message = f"Release {current} has the same files and code, so it remains current."
            return Published(release_id, current, False, message)
        # A published experiment must meet the limits of a regular release.
        published = {**manifest, "experiment": None}
        gate = pass_gate(settings, published, current, accept or {})
        if gate["accepted"] != manifest["gate"]["accepted"] or manifest.get("experiment"):
            write_manifest(folder, {**published, "gate": gate})
            (folder / MANIFEST_FILE).chmod(0o444)
        _switch(settings, release_id, current, "published")
        message = f"Published release {release_id}.{policies_note(settings, manifest)}"
        return Published(release_id, current, True, message)


def rollback(settings: Settings, to: str | None = None, *, lock: WarehouseLock | None = None) -> Published:
    """Point `current` to the previous release, or to release `to`, after checking that its files are intact.

    Raises PublishError if the release is missing or damaged.
    """
    with _locked(settings, "a rollback", lock):
        current = current_release_id(settings)
        if to is None:
            manifest = current_manifest(settings)
            to = manifest["parent"] if manifest else None
            if to is None:
                raise PublishError(
                    "There is no previous release. `csw releases` lists the existing releases."
                )
        folder = release_folder(settings, to)
        to = folder.name
        if to == current:
            return Published(to, current, False, f"Release {to} is already current.")
        manifest = read_manifest(folder)
        if manifest.get("experiment"):
            raise PublishError(
                f"Release {to} is an experiment that was never published ({manifest['experiment']}). "
                f"`csw publish {to}` checks it and makes it current."
            )
        verify_verdict(manifest)
        verify_acceptances(manifest)
        store_of(settings).verify(settings, folder, manifest)
        _switch(settings, to, current, "rolled back")
        return Published(
            to, current, True, f"Rolled back: release {to} is current again; {current} is still stored."
        )


def policies_note(settings: Settings, manifest: Manifest) -> str:
    """Return a warning if the next run will not use the policies of a published release; otherwise empty."""
    lasting = {
        name: value for name, value in settings.policies.items() if name not in settings.asked_policies
    }
    is_asked = manifest.get("experiment") or settings.asked_policies
    if not is_asked or manifest["policies"] == lasting:
        return ""
    return (
        " The next run uses the policies of dbt_project.yml and CSW_POLICIES again, and restates the figures "
        "that this release changed. To keep its policies, set them there."
    )


def verify_verdict(manifest: Manifest) -> None:
    """Evaluate the recorded results again. Raises AuditError if a mart is unchecked or a result blocks."""
    name = manifest["release_id"]
    audit = manifest["audit"]
    results = audit["results"]
    if len(results) != audit["declared"] or len(results) != audit["evaluated"]:
        raise AuditError(
            f"Release {name}: {audit['declared']} checks are declared, but {len(results)} have a result. "
            "Run again to make a new release."
        )
    unchecked = sorted(set(manifest["tables"]) - {result["mart"] for result in results})
    if unchecked:
        raise AuditError(f"Release {name}: no check covers these marts: {', '.join(unchecked)}.")
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
        raise AuditError(f"Release {name}: the dbt build is incomplete: {broken}.")


_BROKEN = frozenset({"error", "fail", "runtime error", "skipped", "partial success"})


def verify_suites(manifest: Manifest, suites: Mapping[str, Suite]) -> None:
    """Raise AuditError unless the audit ran exactly the current checks."""
    name = manifest["release_id"]
    evaluated = {(r["mart"], r["check"], r["severity"]) for r in manifest["audit"]["results"]}
    declared = set(declared_checks(suites))
    if evaluated != declared:
        differing = ", ".join(sorted(f"{mart}.{check}" for mart, check, _ in evaluated ^ declared)[:5])
        raise AuditError(
            f"Release {name} was audited with other checks than the current ones: {differing}. "
            "Run again to make a new release."
        )
    if manifest["audit"]["suite_digests"] != {mart: suite.digest for mart, suite in suites.items()}:
        raise AuditError(
            f"Release {name} was audited with other suites than the current ones. "
            "Run again to make a new release."
        )


def _whole_manifest(settings: Settings, release_id: str | None) -> Manifest | None:
    """Return the manifest of a release; None if it is missing or damaged and can be replaced."""
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
    # Write the record first, so that it contains every release that was ever current.
    append_line(settings.home / HISTORY_FILE, json.dumps(entry))
    # A relative link allows moving or mounting the warehouse elsewhere.
    swap_symlink(settings.current, f"{settings.releases.name}/{release_id}")
    store_of(settings).show(settings, release_id)


@contextmanager
def _locked(settings: Settings, purpose: str, lock: WarehouseLock | None) -> Iterator[WarehouseLock]:
    own = lock is None or lock.path != settings.lock_file
    with hold_lock(settings.lock_file, purpose) if own else nullcontext(lock) as held:
        assert held is not None
        store_of(settings).repair(settings)
        yield held
