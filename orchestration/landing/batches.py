"""Batch records: one JSON file per Parquet batch. A batch counts once its record is written."""

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
    """The record of one loaded or refused file."""

    batch_id: str
    source: str
    object: str
    file_name: str
    format: str
    digest: str
    """SHA-256 of the file's bytes."""
    bytes: int
    loaded_at: datetime
    """UTC with microseconds. The times are unique per file and define the order of the batches."""
    status: Literal["accepted", "refused", "withdrawn"]
    """Stored records never have the status `withdrawn`. It comes from the log of withdrawals."""
    rows_in: int
    """Always rows_loaded + rows_quarantined + rows_refused."""
    rows_loaded: int
    rows_quarantined: int
    rows_refused: int
    reason: str | None
    contract_digest: str
    rejected_share: float | None = None
    """Share of rejected rows, if it is the reason for the refusal."""
    rows_blank: int = 0
    """Skipped records: records without any value and repeated headers. `rows_in` does not include them."""
    rows_repeated: int = 0
    """Loaded rows that equal another row of the file."""
    rows_conflicting: int = 0
    """Loaded rows that conflict with a lower row of the file: same key, other content."""
    columns: tuple[str, ...] | None = None
    """Delivered columns of the contract; None in records of older versions."""
    extra_columns: tuple[str, ...] | None = None
    """Keys of the other delivered columns in `_extra`; None in records of older versions."""
    day_columns: tuple[str, ...] = ()
    """Timestamp columns with days without a time, in the order of the bits of `_days`."""
    whole_day_columns: tuple[str, ...] = ()
    """Timestamp columns in which every time is the start or end of a day, without an offset: also days."""
    address_columns: tuple[str, ...] = ()
    """Columns that contain e-mail addresses but should not."""
    placeholder_columns: tuple[str, ...] = ()
    """Required columns with placeholder dates. The first business day replaces them."""
    ends: Mapping[str, int] | None = None
    """Counts of `landing.ends` about the end dates; None if the object has no ends."""
    ends_convention: str | None = None
    """The mapping's convention for ends: inclusive or exclusive."""
    mapping_digest: str = ""
    """Digest of the file's mapping; empty without a mapping."""
    folder: str = ""
    """Name of the file's folder, if it is not the object's."""
    part_of: str = ""
    """Batch of the file whose records contain the list from which this batch comes."""
    tool: str = ""
    """Loading tool that wrote the file; empty if the file has no columns of one."""
    remarks: tuple[Remark, ...] = ()
    """Mistakes in the file and changes that the loader made, without values."""
    path: Path = field(default=Path(), compare=False)
    """The Parquet file of an accepted batch."""

    @property
    def label(self) -> str:
        label = f"{self.source}/{self.folder or self.object}/{self.file_name}"
        return f"{label} ({self.object})" if self.part_of else label


def batch_path(settings: Settings, source: str, name: str, batch_id: str) -> Path:
    return settings.raw / source / name / f"{batch_id}.parquet"


def quarantine_path(settings: Settings, batch: Batch) -> Path:
    """Return the path of an accepted batch's rejected rows (Parquet), or of a refused file's copy."""
    if batch.status != "refused":
        return rejected_path(settings, batch.source, batch.object, batch.batch_id)
    return settings.quarantine / batch.source / batch.object / f"{batch.batch_id}.refused.{batch.format}"


def rejected_path(settings: Settings, source: str, name: str, batch_id: str) -> Path:
    """Return the path of the rejected rows (Parquet) of an accepted or refused file."""
    return settings.quarantine / source / name / f"{batch_id}.parquet"


def all_batches(settings: Settings) -> list[Batch]:
    """Return every recorded batch, accepted or refused, in load order.

    Raises LandingError for an unreadable record or a missing Parquet file.
    """
    batches = [_read(path) for path in settings.raw.glob("*/*/*.json")]
    return sorted(batches, key=lambda batch: (batch.loaded_at, batch.part_of, batch.batch_id))


def known_batches(settings: Settings) -> list[Batch]:
    """Return every batch loaded by `known_at`, in load order, with its status at that time."""
    known_at, withdrawn = settings.known_at, withdrawn_batches(settings)
    return [
        replace(batch, status="withdrawn") if {batch.batch_id, batch.part_of} & withdrawn.keys() else batch
        for batch in all_batches(settings)
        if known_at is None or batch.loaded_at <= known_at
    ]


def accepted_batches(settings: Settings) -> list[Batch]:
    """Return the batches that a build reads, in load order.

    Raises LandingError if no accepted and unwithdrawn batch existed at `known_at`.
    """
    known = known_batches(settings)
    accepted = [batch for batch in known if batch.status == "accepted"]
    if accepted or settings.known_at is None:
        return accepted
    if any(batch.status == "withdrawn" for batch in known):
        raise LandingError(
            f"All files accepted by {_instant(settings.known_at)} (--known-at) were already withdrawn at "
            "that time. Give another time."
        )
    first = next((batch for batch in all_batches(settings) if batch.status == "accepted"), None)
    raise LandingError(
        f"No file was accepted by {_instant(settings.known_at)} (--known-at). "
        + (
            f"The first file, {first.label}, was accepted at {_instant(first.loaded_at)}. Give this time or "
            "a later one."
            if first
            else "No file has been accepted yet. Run without --known-at first."
        )
    )


def recorded_batches(settings: Settings, records: Iterable[Mapping[str, Any]]) -> list[Batch]:
    """Return the batches in `raw_batches` of a run's record, in load order."""
    wanted = {record["batch_id"] for record in records}
    return [batch for batch in all_batches(settings) if batch.batch_id in wanted]


def is_meant(batch: Batch, what: str) -> bool:
    """Return whether `what` names the batch: its id, the start of it, its file name or its path."""
    if not what:
        return False
    # A path in the landing folder ends with the batch's label.
    is_path = Path(what).parts[-3:] == (batch.source, batch.folder or batch.object, batch.file_name)
    return batch.batch_id.startswith(what) or batch.file_name == what or is_path


def fixed_batches(batches: Iterable[Batch]) -> set[str]:
    """Return the batches that a later file fixed, so that their warnings end.

    The later file has the same name, or the name of the batch. `csw landing requeue` uses the second name for
    the rows that it takes out of quarantine.
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
    """Write a batch's record atomically and flush it to disk."""
    target = batch_path(settings, batch.source, batch.object, batch.batch_id).with_suffix(".json")
    write_text(target, json.dumps(facts_of(batch), indent=2) + "\n")


def facts_of(batch: Batch) -> dict[str, Any]:
    """Return the content of a batch's record, from which `batch_of` makes the batch again."""
    facts = {entry.name: getattr(batch, entry.name) for entry in fields(batch) if entry.name != "path"}
    facts["loaded_at"] = batch.loaded_at.isoformat(timespec="microseconds")
    facts["remarks"] = [remark.to_json() for remark in batch.remarks]
    return facts


def batch_of(record: Mapping[str, Any]) -> Batch:
    """Return the batch of a record. Raises ValueError, TypeError or KeyError if it is none."""
    facts = dict(record)
    facts["loaded_at"] = datetime.fromisoformat(facts["loaded_at"])
    # Records of older versions contain only text notes.
    notes = [{"kind": "note", "column": None, "text": note} for note in facts.pop("notes", ())]
    facts["remarks"] = tuple(Remark(**{"column": None, **one}) for one in facts.get("remarks", notes))
    for name in (
        "columns",
        "extra_columns",
        "day_columns",
        "whole_day_columns",
        "address_columns",
        "placeholder_columns",
    ):
        if facts.get(name) is not None:
            facts[name] = tuple(facts[name])
    return Batch(**facts)


def read_seen(settings: Settings) -> dict[str, Any]:
    """Return the digest and signature of each file from the last pass, by path."""
    try:
        seen = json.loads((settings.raw / _SEEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # only a cache: without it, the loader hashes the files again
    return seen if isinstance(seen, dict) else {}


def write_seen(settings: Settings, seen: Mapping[str, Any]) -> None:
    write_text(settings.raw / _SEEN, json.dumps(seen))


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _read(path: Path) -> Batch:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        batch = replace(batch_of(facts), path=path.with_suffix(".parquet"))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LandingError(
            f"The batch record {path} cannot be read ({error}). Restore it from a backup, or remove it and "
            "its .parquet file. The next run then loads the file again if it is still in the landing folder."
        ) from None
    if batch.status == "accepted" and not batch.path.is_file():
        raise LandingError(
            f"The batch {batch.path} ({batch.label}) is on record, but its file is missing. Restore it from "
            f"a backup, or remove {path.name} in the same folder. The next run then loads the file again if "
            "it is still in the landing folder."
        )
    return batch
