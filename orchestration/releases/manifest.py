"""`manifest.json`: the content, inputs and verdict of a release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration.core.errors import PublishError
from orchestration.core.files import sha256_file, write_json

MANIFEST_FILE = "manifest.json"
_DIGEST = "manifest_sha256"

Manifest = Mapping[str, Any]
"""Keys: engine, schemas (on Spark, by layer), release_id, sequence, parent, created_at, as_of,
as_of_is_given, known_at, experiment (the reason, or None), policies, hash_key_id, code_version, git_commit,
versions, fingerprint, forced, landing, raw_batches, withdrawn_batches, files, tables (on Spark with digests),
restatements, dbt, audit, gate, reconciliation, deliveries, seconds. The manifest contains counts, hashes,
monthly totals and acceptances. It contains no row values, and no path or name of the machine."""


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the manifest of the release in `folder`, with a digest of its content."""
    write_json(folder / MANIFEST_FILE, {**content, _DIGEST: _digest(content)})


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of the release in `folder`.

    Raises PublishError if it is missing, unreadable or modified, or describes another release.
    """
    path = folder / MANIFEST_FILE
    name = folder.name
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PublishError(
            f"There is no release {name} with a manifest. `csw releases` lists the existing releases."
        ) from None
    except (OSError, ValueError):
        raise PublishError(
            f"The manifest of release {name} cannot be read. Do not use that release."
        ) from None
    if not isinstance(content, dict):
        raise PublishError(f"The manifest of release {name} is not a manifest. Do not use that release.")
    recorded = content.pop(_DIGEST, None)
    if recorded != _digest(content):
        raise PublishError(
            f"The manifest of release {name} was modified after the run. Do not use that release."
        )
    if content.get("release_id") != name:
        raise PublishError(
            f"The folder {name} contains the manifest of release {content.get('release_id')}. "
            "Restore the folder from a backup, or choose another release with `csw releases`."
        )
    return content


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Raise PublishError unless the release contains exactly the recorded files, byte for byte."""
    name = manifest["release_id"]
    recorded = {file["path"]: file for file in manifest["files"]}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    found.discard(MANIFEST_FILE)
    if found != set(recorded):
        differing = ", ".join(sorted(found ^ set(recorded))[:5])
        raise PublishError(f"Release {name} does not contain the files that its manifest lists: {differing}.")
    for path, file in recorded.items():
        if (folder / path).stat().st_size != file["bytes"] or sha256_file(folder / path) != file["sha256"]:
            raise PublishError(
                f"Release {name}: {path} was changed after the audit. Run again to make a new release."
            )


def _digest(content: Mapping[str, Any]) -> str:
    # Convert through JSON, so that the hash covers the content that a reader of the file sees.
    plain = json.loads(json.dumps(content, default=str))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
