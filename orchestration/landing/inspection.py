"""What landing rejected, for the person who mends it. Values of rows go to that person only."""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.contract import LandingObject, load_contracts
from orchestration.durable import settle
from orchestration.errors import LandingError
from orchestration.landing.batches import Batch, all_batches, batch_path, quarantine_path
from orchestration.landing.binding import bound_name
from orchestration.landing.files import digest_of, find_files
from orchestration.landing.withdrawals import Withdrawal, withdrawn_batches
from orchestration.lock import hold_lock
from orchestration.settings import Settings
from orchestration.warehouse import connect

Contracts = Mapping[tuple[str, str], LandingObject]


@dataclass(frozen=True)
class ObjectCounts:
    """One landing object: rows_in = rows_loaded + rows_quarantined + rows_refused + rows_withdrawn."""

    object: str
    files: int
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_refused: int
    rows_withdrawn: int
    """All rows of the files that a person took back."""


@dataclass(frozen=True)
class RejectedFile:
    """A file of which something was not loaded."""

    batch_id: str
    file: str
    status: str
    """`accepted` where only rows were rejected, `refused` where the whole file was."""
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_refused: int
    reason: str
    """Of a refused file its reason; else what is wrong most often, with counts. No values."""
    loaded_at: str


@dataclass(frozen=True)
class LandingStatus:
    """What became of every file so far."""

    objects: tuple[ObjectCounts, ...]
    rejected: tuple[RejectedFile, ...]
    withdrawn: tuple[Withdrawal, ...]


@dataclass(frozen=True)
class RejectedRow:
    """One row that was not loaded; of a record that could not be split into columns, `value` is its text."""

    row: int
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class RejectedRows:
    """The rejected rows of one file."""

    batch_id: str
    file: str
    status: str
    reason: str | None
    """Why the whole file was refused."""
    total: int
    rows: tuple[RejectedRow, ...]
    kept: str
    """Where the rejected rows, or the bytes of the refused file, are kept."""


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


def landing_status(settings: Settings) -> LandingStatus:
    """Counts of every object that ever received a file, and the files with rejected rows, newest last.

    Raises LandingError for a record that cannot be read.
    """
    batches, withdrawn = all_batches(settings), withdrawn_batches(settings)
    labels = sorted({(batch.source, batch.object) for batch in batches})
    objects = []
    for source, name in labels:
        delivered = [batch for batch in batches if (batch.source, batch.object) == (source, name)]
        mine = [batch for batch in delivered if batch.batch_id not in withdrawn]
        objects.append(
            ObjectCounts(
                object=f"{source}/{name}",
                files=len(delivered),
                rows_in=sum(batch.rows_in for batch in delivered),
                rows_loaded=sum(batch.rows_loaded for batch in mine),
                rows_quarantined=sum(batch.rows_quarantined for batch in mine),
                rows_refused=sum(batch.rows_refused for batch in mine),
                rows_withdrawn=sum(batch.rows_in for batch in delivered if batch.batch_id in withdrawn),
            )
        )
    rejected = [batch for batch in batches if batch.status == "refused" or batch.rows_quarantined]
    return LandingStatus(
        tuple(objects),
        tuple(_rejected_file(settings, batch) for batch in rejected if batch.batch_id not in withdrawn),
        tuple(withdrawn.values()),
    )


def rejected_rows(settings: Settings, batch_id: str, *, limit: int | None = None) -> RejectedRows:
    """The rows of a batch that were not loaded, at most `limit`, in the order of the file.

    Of a refused file no row was kept apart, but its reason and its bytes were. Raises LandingError where
    there is no such batch or nothing of it was rejected.
    """
    batch = _find(settings, batch_id)
    path = quarantine_path(settings, batch)
    rows: list[tuple[Any, ...]] = []
    if batch.status == "accepted":
        with connect() as connection:
            rows = connection.execute(
                "select _row, _column, coalesce(_value, case when _column is null then _record end), _reason"
                " from read_parquet(?) order by _row" + ("" if limit is None else f" limit {limit}"),
                [str(path)],
            ).fetchall()
    return RejectedRows(
        batch_id=batch.batch_id,
        file=batch.label,
        status=batch.status,
        reason=batch.reason,
        total=batch.rows_quarantined + batch.rows_refused,
        rows=tuple(RejectedRow(*row) for row in rows),
        kept=str(path),
    )


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
        batch = _find(settings, batch_id)
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
    quarantine_path(settings, batch).unlink(missing_ok=True)
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


def _find(settings: Settings, batch_id: str) -> Batch:
    matching = [batch for batch in all_batches(settings) if batch_id and batch.batch_id.startswith(batch_id)]
    if len(matching) != 1:
        problem = "several batches begin" if matching else "no batch begins"
        raise LandingError(f"{problem.capitalize()} with {batch_id!r}. `csw landing status` lists them.")
    [batch] = matching
    if batch.status == "accepted" and not batch.rows_quarantined:
        raise LandingError(f"All {batch.rows_in} rows of {batch.label} were loaded; nothing was rejected.")
    return batch


def _rejected_file(settings: Settings, batch: Batch) -> RejectedFile:
    return RejectedFile(
        batch_id=batch.batch_id,
        file=batch.label,
        status=batch.status,
        rows_in=batch.rows_in,
        rows_loaded=batch.rows_loaded,
        rows_quarantined=batch.rows_quarantined,
        rows_refused=batch.rows_refused,
        reason=batch.reason or _reasons(settings, batch),
        loaded_at=batch.loaded_at.isoformat(timespec="seconds"),
    )


def _reasons(settings: Settings, batch: Batch) -> str:
    """What is wrong how often, most frequent first."""
    with connect() as connection:
        found = connection.execute(
            "select concat_ws(' ', coalesce(_column, 'record'), regexp_replace(_reason, ' \\(line .*', '')),"
            " count(*) from read_parquet(?) group by 1 order by 2 desc, 1",
            [str(quarantine_path(settings, batch))],
        ).fetchall()
    return "; ".join(f"{reason} ({count:,})" for reason, count in found)


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
