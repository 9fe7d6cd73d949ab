"""Assemble a release from the files of an audited candidate and a manifest that describes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.core.errors import PublishError
from orchestration.core.files import fsync, remove_tree
from orchestration.core.settings import Settings
from orchestration.dbt_runner.parsing import MANIFEST_FILE as DBT_MANIFEST
from orchestration.releases.candidate import UNFINISHED, Candidate
from orchestration.releases.export import STORAGE_VERSION, ExportedFile, seal
from orchestration.releases.fingerprint import git_commit
from orchestration.releases.manifest import MANIFEST_FILE, read_manifest, write_manifest
from orchestration.releases.store import store_of

DBT_STATE = "dbt"
"""Folder of a release for `dbt --state`: dbt's manifest of the project that made the release."""

_PACKAGES = ("customer-success-warehouse", "dbt-core", "great-expectations", "dagster")


def assemble(settings: Settings, candidate: Candidate, release_id: str, kept: Iterable[Path]) -> None:
    """Move the candidate's export and the files `kept` of its build into a release folder.

    The folder gets its name only when it is complete.
    """
    unfinished = settings.releases / f"{UNFINISHED}{release_id}"
    remove_tree(unfinished)
    settings.releases.mkdir(parents=True, exist_ok=True)
    candidate.export.rename(unfinished)
    build_files = [_keep(path, unfinished) for path in kept]
    (unfinished / DBT_STATE).mkdir()
    candidate.dbt_manifest.rename(unfinished / DBT_STATE / DBT_MANIFEST)
    state_file = seal(unfinished / DBT_STATE / DBT_MANIFEST, unfinished, 0o444)
    candidate.lap("publish")
    noted = candidate.noted("audit")
    files = [*noted["files"], *(asdict(file) for file in (*build_files, state_file))]
    write_manifest(unfinished, _manifest(settings, noted, files))
    (unfinished / MANIFEST_FILE).chmod(0o444)
    fsync(unfinished)
    unfinished.rename(settings.releases / release_id)
    fsync(settings.releases)


def _keep(path: Path, folder: Path) -> ExportedFile:
    """Move a file of the build into the release folder. Only its owner may read it."""
    kept = folder / path.name
    path.rename(kept)
    return seal(kept, folder, 0o400)


def _manifest(settings: Settings, noted: dict[str, Any], files: Sequence[dict[str, Any]]) -> dict[str, Any]:
    parent = noted["parent"]
    packages = (*_PACKAGES, *store_of(settings).packages)
    return {
        "engine": settings.engine,
        "schemas": noted.get("schemas", {}),
        "release_id": noted["release_id"],
        "sequence": _sequence(settings, parent) + 1,
        "parent": parent,
        "created_at": noted["created_at"],
        "as_of": noted["as_of"],
        "as_of_is_given": noted["as_of_is_given"],
        "known_at": noted["known_at"],
        "experiment": noted["experiment"],
        "policies": noted["policies"],
        "project_policies": noted["project_policies"],
        "hash_key_id": noted["hash_key_id"],
        "code_version": noted["code_version"],
        "git_commit": git_commit(),
        "versions": {**{name: version(name) for name in packages}, "storage": STORAGE_VERSION},
        "fingerprint": noted["fingerprint"],
        "forced": noted["forced"],
        "landing": noted["landing"],
        "raw_batches": noted["raw_batches"],
        "withdrawn_batches": noted["withdrawn_batches"],
        "files": list(files),
        "tables": noted["tables"],
        "restatements": noted["restatements"],
        "dbt": noted["dbt"],
        "audit": noted["audit"],
        "gate": noted["gate"],
        "reconciliation": noted["reconciliation"],
        "deliveries": noted["deliveries"],
        "seconds": noted["seconds"],
    }


def _sequence(settings: Settings, release_id: str | None) -> int:
    if release_id is None:
        return 0
    try:
        found: int = read_manifest(settings.releases / release_id)["sequence"]
    except PublishError:
        return 0
    return found
