"""Batch records: one JSON file beside each Parquet batch, written last, which makes the batch count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from orchestration.durable import write_text
from orchestration.errors import LandingError
from orchestration.landing.withdrawals import withdrawn_batches
from orchestration.settings import Settings

_SEEN = ".files.json"


@dataclass(frozen=True)
class Batch:
    """What became of one file's content."""

    batch_id: str
    source: str
    object: str
    file_name: str
    format: str
    digest: str
    """SHA-256 of the file's bytes."""
    bytes: int
    loaded_at: datetime
    """UTC, microseconds, no two alike: the order of the batches."""
    status: Literal["accepted", "refused", "withdrawn"]
    """`withdrawn` is on no record of a batch: the log of withdrawals says so of one that was accepted."""
    rows_in: int
    """Always rows_loaded + rows_quarantined + rows_refused."""
    rows_loaded: int
    rows_quarantined: int
    rows_refused: int
    reason: str | None
    notes: tuple[str, ...]
    contract_digest: str
    rejected_share: float | None = None
    """Share of rejected rows, of a file refused for it."""
    path: Path = field(default=Path(), compare=False)
    """The Parquet file of an accepted batch."""

    @property
    def label(self) -> str:
        return f"{self.source}/{self.object}/{self.file_name}"


def batch_path(settings: Settings, source: str, name: str, batch_id: str) -> Path:
    return settings.raw / source / name / f"{batch_id}.parquet"


def quarantine_path(settings: Settings, batch: Batch) -> Path:
    """The rejected rows of an accepted batch (Parquet), or the bytes of a refused file as they came."""
    ending = batch.format if batch.status == "refused" else "parquet"
    return settings.quarantine / batch.source / batch.object / f"{batch.batch_id}.{ending}"


def all_batches(settings: Settings) -> list[Batch]:
    """Every batch on record, accepted or refused, in load order.

    Raises LandingError for a record that cannot be read or whose Parquet file is gone.
    """
    batches = [_read(path) for path in settings.raw.glob("*/*/*.json")]
    return sorted(batches, key=lambda batch: batch.loaded_at)


def known_batches(settings: Settings) -> list[Batch]:
    """Every batch that was loaded by `known_at`, in load order: accepted, refused, or withdrawn by then."""
    known_at, withdrawn = settings.known_at, withdrawn_batches(settings)
    return [
        replace(batch, status="withdrawn") if batch.batch_id in withdrawn else batch
        for batch in all_batches(settings)
        if known_at is None or batch.loaded_at <= known_at
    ]


def accepted_batches(settings: Settings) -> list[Batch]:
    """The batches that a build reads, in load order.

    Raises LandingError where `known_at` is given and nothing had been accepted by then, or all of it had been
    withdrawn.
    """
    known = known_batches(settings)
    accepted = [batch for batch in known if batch.status == "accepted"]
    if accepted or settings.known_at is None:
        return accepted
    if any(batch.status == "withdrawn" for batch in known):
        raise LandingError(
            f"All files that had been accepted by {_instant(settings.known_at)}, the instant of --known-at, "
            "had been withdrawn by then. Give another instant."
        )
    first = next((batch for batch in all_batches(settings) if batch.status == "accepted"), None)
    raise LandingError(
        f"Nothing had been accepted by {_instant(settings.known_at)}, the instant of --known-at. "
        + (
            f"The first file, {first.label}, was accepted at {_instant(first.loaded_at)}; give that instant "
            "or a later one."
            if first
            else "Nothing has been accepted to this day; run without --known-at first."
        )
    )


def recorded_batches(settings: Settings, records: Iterable[Mapping[str, Any]]) -> list[Batch]:
    """The batches that a run has noted as those it reads (`raw_batches` of its manifest), in load order."""
    wanted = {record["batch_id"] for record in records}
    return [batch for batch in all_batches(settings) if batch.batch_id in wanted]


def write_record(settings: Settings, batch: Batch) -> None:
    """Write a batch's record durably, under its final name in one step."""
    target = batch_path(settings, batch.source, batch.object, batch.batch_id).with_suffix(".json")
    facts = {entry.name: getattr(batch, entry.name) for entry in fields(batch) if entry.name != "path"}
    facts["loaded_at"] = batch.loaded_at.isoformat(timespec="microseconds")
    write_text(target, json.dumps(facts, indent=2) + "\n")


def read_seen(settings: Settings) -> dict[str, Any]:
    """Digests of files by their place in the landing folder, with the signature they had."""
    try:
        seen = json.loads((settings.raw / _SEEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # only a shortcut: without it files are hashed again
    return seen if isinstance(seen, dict) else {}


def write_seen(settings: Settings, seen: Mapping[str, Any]) -> None:
    write_text(settings.raw / _SEEN, json.dumps(seen))


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _read(path: Path) -> Batch:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        facts["loaded_at"] = datetime.fromisoformat(facts["loaded_at"])
        facts["notes"] = tuple(facts["notes"])
        batch = Batch(**facts, path=path.with_suffix(".parquet"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LandingError(
            f"The batch record {path} cannot be read ({error}). Restore it from a backup, or remove it and "
            "its .parquet file; the next run then loads the file again if it is still in the landing folder."
        ) from None
    if batch.status == "accepted" and not batch.path.is_file():
        raise LandingError(
            f"The batch {batch.path} ({batch.label}) is on record, but its file is gone. Restore it from a "
            f"backup, or remove {path.name} beside it; the next run then loads the file again if it is still "
            "in the landing folder."
        )
    return batch
