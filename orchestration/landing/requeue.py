"""Retry rejected data: write the rejected rows to a file, or retry a refused file."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.core.database import connect
from orchestration.core.errors import LandingError
from orchestration.core.files import atomic_replace
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.core.wording import count
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch, batch_path, quarantine_path, rejected_path
from orchestration.landing.files import digest_of, find_files
from orchestration.landing.inspection import find_batch
from orchestration.landing.reading.binding import bound_name

Contracts = Mapping[tuple[str, str], LandingObject]


@dataclass(frozen=True)
class Requeued:
    """The result of a retry."""

    batch_id: str
    file: str | None
    """The written file; None if the refused file is still in the landing folder."""
    rows: int
    unsplit: int
    """Number of records without columns. They are not in the file."""
    message: str


def requeue(
    settings: Settings, batch_id: str, out: Path | None = None, *, contracts: Contracts | None = None
) -> Requeued:
    """Retry rejected data.

    For an accepted file, writes the rejected rows to a CSV file with all original columns. The user can fix
    and land this file. For a refused file, deletes the record of the refusal. The next run then tries the
    file again with the contract and limits of that time. If the file is no longer in the landing folder,
    writes a copy that the user can move there.

    Raises LandingError if there is nothing to retry, LockedError while a run writes.
    """
    with hold_lock(settings.lock_file, "csw landing requeue"):
        batch = find_batch(settings, batch_id)
        if batch.status == "accepted" and not batch.rows_quarantined:
            raise LandingError(
                f"{batch.label} has no rejected rows: all {count(batch.rows_in, 'row')} were loaded."
            )
        contracts = load_contracts() if contracts is None else contracts
        if batch.status == "accepted":
            return _write_rejected(settings, batch, out, contracts)
        return _forget_refusal(settings, batch, out, contracts)


def _write_rejected(settings: Settings, batch: Batch, out: Path | None, contracts: Contracts) -> Requeued:
    with connect() as connection:
        found = connection.execute(
            "select _record, _column is null from read_parquet(?) order by _row",
            [str(quarantine_path(settings, batch))],
        ).fetchall()
    # A broken line is stored as text, a row as an object without its empty columns.
    records = [(json.loads(record) if record else {}) for record, _ in found]
    rows = [record for record in records if isinstance(record, dict)]
    unsplit = len(records) - len(rows)
    if not rows:
        raise LandingError(
            f"The loader could not split the {count(unsplit, 'rejected record')} of {batch.label} into "
            f"columns. `csw landing show {batch.batch_id}` shows their text. Fix them in the source system."
        )
    delivered = list(dict.fromkeys(name for row in rows for name in row))
    columns = [*delivered, *_empty_columns(contracts, batch, delivered)]
    target = out or _output_folder(settings, batch) / f"{batch.batch_id}.csv"
    with _private_file(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    message = (
        f"Wrote {count(len(rows), 'rejected row')} of {batch.label} to {target}. Fix them and move the file "
        f"to {settings.landing / batch.source / batch.object}. The next run loads it."
    )
    if unsplit:
        message += (
            f" The file omits {count(unsplit, 'record')} without columns; "
            f"`csw landing show {batch.batch_id}` shows their text."
        )
    return Requeued(batch.batch_id, str(target), len(rows), unsplit, message)


def _forget_refusal(settings: Settings, batch: Batch, out: Path | None, contracts: Contracts) -> Requeued:
    target = None
    if not _is_in_landing(settings, batch, contracts):
        target = out or _output_folder(settings, batch) / f"{batch.batch_id}.{batch.format}"
        with _private_file(target) as temporary:
            shutil.copyfile(quarantine_path(settings, batch), temporary)
    record = batch_path(settings, batch.source, batch.object, batch.batch_id).with_suffix(".json")
    record.unlink()
    for path in (
        quarantine_path(settings, batch),
        rejected_path(settings, batch.source, batch.object, batch.batch_id),
    ):
        path.unlink(missing_ok=True)
    where = settings.landing / batch.source / batch.object
    message = (
        f"The next run tries {batch.label} again."
        if target is None
        else f"{batch.label} is no longer in the landing folder. Move the copy {target} to {where}. "
        "The next run tries it again."
    )
    return Requeued(batch.batch_id, str(target) if target else None, batch.rows_refused, 0, message)


def _is_in_landing(settings: Settings, batch: Batch, contracts: Contracts) -> bool:
    if not settings.landing.is_dir():
        return False
    files, _ = find_files(settings.landing, contracts)
    return any(
        (file.source, file.object) == (batch.source, batch.object)
        and file.path.stat().st_size == batch.bytes
        and digest_of(file.path) == batch.digest
        for file in files
    )


def _empty_columns(contracts: Contracts, batch: Batch, delivered: Sequence[str]) -> list[str]:
    """Return the contract's columns without any value in the rejected rows."""
    contract = contracts.get((batch.source, batch.object))
    if contract is None:
        return []
    bound = {bound_name(contract, text, place) for place, text in enumerate(delivered)}
    return [name for name in contract.column_names if name not in bound]


def _output_folder(settings: Settings, batch: Batch) -> Path:
    return settings.home / "to_fix" / batch.source / batch.object


@contextmanager
def _private_file(target: Path) -> Iterator[Path]:
    """Create a file that only its owner can read. It gets its final name after the block."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield temporary
        atomic_replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
