"""The landing pass: every complete new file becomes a batch, once, by content."""

from __future__ import annotations

import ast
import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contract import LandingObject, load_contracts
from orchestration.errors import LandingError
from orchestration.landing.batches import Batch, accepted_batches, all_batches, read_seen, write_seen
from orchestration.landing.content import Arrival, load_content, max_reject_share
from orchestration.landing.files import (
    ChangingFileError,
    IgnoredFile,
    LandingFile,
    digest_of,
    find_files,
    signature,
    take_snapshot,
)
from orchestration.landing.report import LandingReport, by_object, count, object_line
from orchestration.landing.withdrawals import withdrawn_batches
from orchestration.settings import Settings
from orchestration.warehouse import connect

_log = logging.getLogger("csw")

Contracts = Mapping[tuple[str, str], LandingObject]


@dataclass
class _Sorted:
    """The complete files, by what is to be done with them."""

    due: list[tuple[LandingFile, str]] = field(default_factory=list)
    """To be loaded, with their digests; no content twice."""
    unchanged: int = 0
    still_refused: list[Batch] = field(default_factory=list)
    left_out: list[IgnoredFile] = field(default_factory=list)
    """Unreadable, or withdrawn by a person."""
    met: set[str] = field(default_factory=set)
    """Ids of all contents."""
    seen: dict[str, Any] = field(default_factory=dict)
    """Signature and digest of every file, by its place in the landing folder."""


def land(
    settings: Settings, *, now: datetime | None = None, contracts: Contracts | None = None
) -> LandingReport:
    """Load every complete file whose content is not on record yet.

    With `known_at` given nothing is loaded: what arrives now was not known then.

    Files are taken by source, object and file name, and get strictly increasing load times from `now` on
    (default: the clock), later than any batch on record. The caller holds the warehouse's lock.

    Raises LandingError where the landing folder or the records as a whole cannot be used.
    """
    if settings.known_at:
        _log.info("known_at is given: new files wait for a run without it")
        return LandingReport(new=(), unchanged=0, still_refused=(), ignored=())
    contracts = load_contracts() if contracts is None else contracts
    files, ignored = find_files(settings.landing, contracts)
    records = all_batches(settings)
    new: list[Batch] = []
    stamp = _first_stamp(now or datetime.now(UTC), records)
    with _workspace(settings) as (connection, work):
        sorted_files = _sort(settings, files, contracts, records, {})
        ignored += sorted_files.left_out
        for file, digest in sorted_files.due:
            contract = contracts[file.source, file.object]
            shutil.rmtree(work / "file", ignore_errors=True)
            (work / "file").mkdir()
            try:
                snapshot = take_snapshot(file, work / "file" / "snapshot")
                if snapshot.digest != digest:
                    raise ChangingFileError
            except (ChangingFileError, FileNotFoundError):
                ignored.append(IgnoredFile(file.label, "still being written; the next run reads it"))
                continue
            batch = load_content(
                connection, settings, contract, Arrival(file, snapshot, _batch_id(file, digest), stamp)
            )
            new.append(batch)
            stamp += timedelta(microseconds=1)
        _tell_gone(gone_files(settings, sorted_files.met))
        write_seen(settings, sorted_files.seen)
    report = LandingReport(
        new=tuple(new),
        unchanged=sorted_files.unchanged,
        still_refused=tuple(sorted_files.still_refused),
        ignored=tuple(ignored),
    )
    _tell(report)
    return report


def pending_files(settings: Settings, *, contracts: Contracts | None = None) -> list[LandingFile]:
    """The complete files that the next landing pass would load, without loading them.

    Cheap: only files that changed since the last pass are read. None where `known_at` is given.
    """
    if settings.known_at:
        return []
    contracts = load_contracts() if contracts is None else contracts
    files, _ = find_files(settings.landing, contracts)
    found = _sort(settings, files, contracts, all_batches(settings), read_seen(settings))
    return [file for file, _ in found.due]


def gone_files(settings: Settings, there: Iterable[str] = ()) -> list[Batch]:
    """Files that the last pass saw in the landing folder, that are there no more, and whose rows still count.

    `there` are ids of contents that are known to be there, under whatever name. None where `known_at` is
    given.
    """
    if settings.known_at:
        return []
    gone: set[str] = set()
    present = set(there)
    for place, (*_, digest) in read_seen(settings).items():
        path = Path(ast.literal_eval(place))
        if path.is_relative_to(settings.landing):
            source, name = path.relative_to(settings.landing).parts[:2]
            (present if os.path.lexists(path) else gone).add(_content_id(source, name, digest))
    lost = gone - present
    return [batch for batch in accepted_batches(settings) if batch.batch_id in lost] if lost else []


def _sort(
    settings: Settings,
    files: Iterable[LandingFile],
    contracts: Contracts,
    records: Iterable[Batch],
    seen: Mapping[str, Any],
) -> _Sorted:
    """Compare files with the batches on record, by content; `seen` spares reading those unchanged."""
    known = {batch.batch_id: batch for batch in records}
    withdrawn = withdrawn_batches(settings)
    result = _Sorted()
    for file in files:
        place = ascii(file.path.as_posix())
        try:
            now = signature(file.path)
            before = seen.get(place)
            digest = before[-1] if before and before[:-1] == now else digest_of(file.path)
        except OSError as error:
            result.left_out.append(IgnoredFile(file.label, f"cannot be read: {error.strerror}"))
            continue
        result.seen[place] = [*now, digest]
        batch_id = _batch_id(file, digest)
        batch = known.get(batch_id)
        if batch_id in withdrawn:
            result.left_out.append(IgnoredFile(file.label, withdrawn[batch_id].in_words))
        elif batch_id in result.met or (batch and batch.status == "accepted"):
            result.unchanged += 1
        elif batch and not _is_due_again(batch, contracts[file.source, file.object]):
            result.still_refused.append(batch)
        else:
            result.due.append((file, digest))
        result.met.add(batch_id)
    return result


def _is_due_again(refused: Batch, contract: LandingObject) -> bool:
    """A refused file gets another chance when the rule that refused it has changed."""
    if refused.contract_digest != contract.digest:
        return True
    return refused.rejected_share is not None and refused.rejected_share <= max_reject_share()


@contextmanager
def _workspace(settings: Settings) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection and an empty folder for the pass; what an interrupted pass left there is removed.

    Raises LandingError where the disk fails, so that no file is blamed for it.
    """
    work = settings.raw / ".incoming"
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with connect(temp_directory=work / "spill") as connection:
            yield connection, work
    except OSError as error:
        raise LandingError(
            f"Landing stopped: {error}. The batches on record are complete; mend this and run again."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _batch_id(file: LandingFile, digest: str) -> str:
    return _content_id(file.source, file.object, digest)


def _content_id(source: str, name: str, digest: str) -> str:
    return hashlib.sha256(f"{source}/{name}/{digest}".encode()).hexdigest()[:16]


def _first_stamp(now: datetime, records: Iterable[Batch]) -> datetime:
    """Load times never go back, even where the clock did."""
    latest = max((batch.loaded_at for batch in records), default=None)
    now = now.astimezone(UTC)
    return now if latest is None or now > latest else latest + timedelta(microseconds=1)


def _tell(report: LandingReport) -> None:
    for label, batches in by_object(report.new):
        _log.info(object_line(label, batches))
    if report.unchanged:
        _log.info("%s unchanged: the same content was loaded before", count(report.unchanged, "file"))
    for batch in report.refused:
        _log.warning(
            "refused %s: %s. A copy is in quarantine; deliver a mended file", batch.label, batch.reason
        )
    for batch in report.still_refused:
        _log.warning("still refused %s: %s", batch.label, batch.reason)
    for entry in report.ignored:
        _log.info("ignored %s: %s", entry.label, entry.reason)


def _tell_gone(batches: Sequence[Batch]) -> None:
    """Said once: the next pass does not remember the files."""
    if not batches:
        return
    first = batches[0]
    others = f" and {count(len(batches) - 1, 'other file')}" if len(batches) > 1 else ""
    _log.warning(
        "%s%s %s gone from the landing folder, but what was loaded still counts; "
        "`csw landing withdraw %s --reason ...` takes a file back",
        first.label,
        others,
        "are" if others else "is",
        first.label if not others else "<file>",
    )
