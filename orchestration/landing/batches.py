"""Batch records: one JSON file beside each Parquet batch, written last, which makes the batch count."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from orchestration.core.errors import LandingError
from orchestration.core.files import write_text
from orchestration.core.settings import Settings
from orchestration.landing.reading.refusal import Remark
from orchestration.landing.withdrawals import withdrawn_batches

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
    contract_digest: str
    rejected_share: float | None = None
    """Share of rejected rows, of a file refused for it."""
    rows_blank: int = 0
    """Records that were passed over, without any value or the header once more; not among `rows_in`."""
    rows_repeated: int = 0
    """Loaded rows that equal another row of the file."""
    rows_conflicting: int = 0
    """Loaded rows that another row of the file contradicts: same key, other contents, further down."""
    columns: tuple[str, ...] | None = None
    """Columns of the contract that were delivered; None in records of older versions."""
    day_columns: tuple[str, ...] = ()
    """Timestamps that may hold days without a time, in the order of the bits of `_days`; none where none
    does."""
    whole_day_columns: tuple[str, ...] = ()
    """Those whose times all begin or end a day, without an offset: they are days, too."""
    address_columns: tuple[str, ...] = ()
    """Columns in which e-mail addresses stand that are not meant to hold any."""
    placeholder_columns: tuple[str, ...] = ()
    """Required columns with placeholder dates, which stand for the day on which business begins."""
    ends: Mapping[str, int] | None = None
    """How ends are written, as `landing.ends` counts it; None where the object has no ends."""
    ends_convention: str | None = None
    """What a mapping says of ends: inclusive or exclusive."""
    mapping_digest: str = ""
    """Of the mapping that the file was read with; empty for none."""
    remarks: tuple[Remark, ...] = ()
    """What is wrong with rows or the file, and what was done to it, without values."""
    path: Path = field(default=Path(), compare=False)
    """The Parquet file of an accepted batch."""

    @property
    def label(self) -> str:
        return f"{self.source}/{self.object}/{self.file_name}"


def batch_path(settings: Settings, source: str, name: str, batch_id: str) -> Path:
    return settings.raw / source / name / f"{batch_id}.parquet"


def quarantine_path(settings: Settings, batch: Batch) -> Path:
    """The rejected rows of an accepted batch (Parquet), or the bytes of a refused file as they came."""
    if batch.status != "refused":
        return rejected_path(settings, batch.source, batch.object, batch.batch_id)
    return settings.quarantine / batch.source / batch.object / f"{batch.batch_id}.refused.{batch.format}"


def rejected_path(settings: Settings, source: str, name: str, batch_id: str) -> Path:
    """The rejected rows of a file (Parquet), whether the file was refused for them or not."""
    return settings.quarantine / source / name / f"{batch_id}.parquet"


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


def is_meant(batch: Batch, what: str) -> bool:
    """Whether a batch id, its beginning, a file name, or a path into the landing folder names the batch."""
    if not what:
        return False
    # A path, as a shell completes it, ends with the label.
    is_path = Path(what).parts[-3:] == (batch.source, batch.object, batch.file_name)
    return batch.batch_id.startswith(what) or batch.file_name == what or is_path


def mended_batches(batches: Iterable[Batch]) -> set[str]:
    """Batches of which a later one says that they were mended: nobody needs to be warned of them any more.

    That is one of the same name, or one of the rows that were taken out of quarantine to be mended, whose
    file is named after the batch.
    """
    given = list(batches)
    accepted: dict[tuple[str, str, str], datetime] = {}
    for batch in given:
        if batch.status == "accepted":
            accepted[batch.source, batch.object, batch.file_name] = batch.loaded_at
    return {
        batch.batch_id
        for batch in given
        for name in (batch.file_name, f"{batch.batch_id}.csv")
        if accepted.get((batch.source, batch.object, name), batch.loaded_at) > batch.loaded_at
    }


def write_record(settings: Settings, batch: Batch) -> None:
    """Write a batch's record durably, under its final name in one step."""
    target = batch_path(settings, batch.source, batch.object, batch.batch_id).with_suffix(".json")
    facts = {entry.name: getattr(batch, entry.name) for entry in fields(batch) if entry.name != "path"}
    facts["loaded_at"] = batch.loaded_at.isoformat(timespec="microseconds")
    facts["remarks"] = [remark.to_json() for remark in batch.remarks]
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
        # Records of older versions have notes in words only.
        notes = [{"kind": "note", "column": None, "text": note} for note in facts.pop("notes", ())]
        facts["remarks"] = tuple(Remark(**{"column": None, **one}) for one in facts.get("remarks", notes))
        for name in ("columns", "day_columns", "whole_day_columns", "address_columns", "placeholder_columns"):
            if facts.get(name) is not None:
                facts[name] = tuple(facts[name])
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
