"""Another chance for rejected data: a file of the rows to mend, or the refused file once more."""

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
from orchestration.core.files import settle
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.dbt_runner.landing_contract import LandingObject, load_contracts
from orchestration.landing.batches import Batch, batch_path, quarantine_path, rejected_path
from orchestration.landing.files import digest_of, find_files
from orchestration.landing.inspection import find_batch
from orchestration.landing.reading.binding import bound_name

Contracts = Mapping[tuple[str, str], LandingObject]


@dataclass(frozen=True)
class Requeued:
    """How the rejected rows, or the refused file, can be loaded after all."""

    batch_id: str
    file: str | None
    """The file that was written; None where the landing folder still has the refused file."""
    rows: int
    unsplit: int
    """Records that could not be split into columns; they are not in the file."""
    message: str


def requeue(
    settings: Settings, batch_id: str, out: Path | None = None, *, contracts: Contracts | None = None
) -> Requeued:
    """Give rejected data another chance.

    Of an accepted file the rejected rows are written to a CSV file with all columns that the file had, to
    be mended and dropped into the landing folder. Of a refused file the refusal is forgotten: the next run
    tries the same bytes again, under the contract and the limits of that day. Where the landing folder
    has the file no more, its bytes are written for somebody to put them there.

    Raises LandingError where there is nothing to try again, LockedError while a run writes.
    """
    with hold_lock(settings.lock_file, "csw landing requeue"):
        batch = find_batch(settings, batch_id)
        if batch.status == "accepted" and not batch.rows_quarantined:
            raise LandingError(
                f"All {batch.rows_in} rows of {batch.label} were loaded; nothing was rejected."
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
    # The record of a broken line is a text, that of a row is an object without its empty columns.
    records = [(json.loads(record) if record else {}) for record, _ in found]
    rows = [record for record in records if isinstance(record, dict)]
    unsplit = len(records) - len(rows)
    if not rows:
        raise LandingError(
            f"None of the {unsplit} rejected records of {batch.label} could be split into columns. "
            f"`csw landing show {batch.batch_id}` has their text; mend them in the file's own source."
        )
    delivered = list(dict.fromkeys(name for row in rows for name in row))
    columns = [*delivered, *_empty_columns(contracts, batch, delivered)]
    target = out or _mend_folder(settings, batch) / f"{batch.batch_id}.csv"
    with _private_file(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    message = (
        f"{len(rows)} rejected rows of {batch.label} are in {target}. Mend them and move the file to "
        f"{settings.landing / batch.source / batch.object}; the next run loads it."
    )
    if unsplit:
        message += (
            f" {unsplit} records could not be split into columns and are not in it; "
            f"`csw landing show {batch.batch_id}` has their text."
        )
    return Requeued(batch.batch_id, str(target), len(rows), unsplit, message)


def _forget_refusal(settings: Settings, batch: Batch, out: Path | None, contracts: Contracts) -> Requeued:
    target = None
    if not _is_in_landing(settings, batch, contracts):
        target = out or _mend_folder(settings, batch) / f"{batch.batch_id}.{batch.format}"
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
        f"The refusal of {batch.label} is forgotten; the next run tries the file again."
        if target is None
        else f"The refusal of {batch.label} is forgotten. The landing folder has it no more: a copy is in "
        f"{target}; move it to {where}, and the next run tries it again."
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
    """Columns of the contract that no rejected row has a value in, such as a required one left empty."""
    contract = contracts.get((batch.source, batch.object))
    if contract is None:
        return []
    bound = {bound_name(contract, text, place) for place, text in enumerate(delivered)}
    return [name for name in contract.column_names if name not in bound]


def _mend_folder(settings: Settings, batch: Batch) -> Path:
    return settings.home / "mend" / batch.source / batch.object


@contextmanager
def _private_file(target: Path) -> Iterator[Path]:
    """A file that only its owner may read; it gets its final name when the block is done."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield temporary
        settle(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
