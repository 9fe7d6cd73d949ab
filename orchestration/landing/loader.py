"""The landing pass: load every complete file with new content as one batch."""

from __future__ import annotations

import ast
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

from orchestration.core.console import PRIVATE
from orchestration.core.database import connect
from orchestration.core.errors import LandingError
from orchestration.core.settings import Settings
from orchestration.core.wording import count
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch, accepted_batches, all_batches, read_seen, write_seen
from orchestration.landing.content import Arrival, load_content
from orchestration.landing.exports import header_of, recognise
from orchestration.landing.files import (
    ChangingFileError,
    IgnoredFile,
    LandingFile,
    content_id,
    digest_of,
    find_files,
    object_of,
    signature,
    take_snapshot,
)
from orchestration.landing.recognition import similar_objects, tool_of
from orchestration.landing.report import LandingReport, by_object, object_line
from orchestration.landing.values.conventions import are_too_many, max_reject_share
from orchestration.landing.withdrawals import Withdrawal, withdrawn_batches

_log = logging.getLogger("csw")

Contracts = Mapping[tuple[str, str], LandingObject]

_OTHER_MAPPING = (
    "already loaded with another mapping.yml, and its rows count; to load it with the current mapping, "
    "withdraw it first: csw landing withdraw {} --reason ..."
)


@dataclass
class _Sorted:
    """The complete files, grouped by the action that they need."""

    due: list[tuple[LandingFile, str]] = field(default_factory=list)
    """Files to load, with their digests. Each content appears once."""
    unchanged: int = 0
    still_refused: list[Batch] = field(default_factory=list)
    left_out: list[IgnoredFile] = field(default_factory=list)
    """Unreadable and withdrawn files."""
    met: set[str] = field(default_factory=set)
    """All contents, each with its object."""
    seen: dict[str, Any] = field(default_factory=dict)
    """Signature and digest of every file, by path."""


def land(
    settings: Settings,
    *,
    now: datetime | None = None,
    contracts: Contracts | None = None,
    trial_for: Settings | None = None,
) -> LandingReport:
    """Load every complete file whose content is not on record yet. With `known_at`, load nothing.

    The pass loads files in order of source, object and file name. It gives them strictly increasing load
    times, starting at `now` (default: the clock) and later than any recorded batch. A trial uses the records
    and withdrawals of `trial_for` and loads into `settings.home`. The caller holds the warehouse lock.

    Raises LandingError if the landing folder or the records are unusable, and SettingsError if
    CSW_MAX_REJECT_SHARE is invalid.
    """
    if settings.known_at:
        _log.info("--known-at is set, so this run loads no new files")
        return LandingReport(new=(), unchanged=0, still_refused=(), ignored=())
    max_reject_share()  # report an invalid share before loading any file
    contracts = load_contracts() if contracts is None else contracts
    files, found = find_files(settings.landing, contracts)
    ignored = [_recognised(settings, contracts, entry) for entry in found]
    records, withdrawn = all_batches(trial_for or settings), withdrawn_batches(trial_for or settings)
    new: list[Batch] = []
    stamp = _first_stamp(now or datetime.now(UTC), records)
    with _workspace(settings) as (connection, work):
        sorted_files = _sort(files, contracts, records, withdrawn, {})
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
                ignored.append(IgnoredFile(file.label, "still being written; the next run loads it"))
                continue
            arrival = Arrival(file, snapshot, file.batch_id(digest), stamp)
            new += load_content(connection, settings, contract, arrival, contracts)
            stamp += timedelta(microseconds=1)
        _report_gone(gone_files(settings, sorted_files.met, contracts=contracts))
        write_seen(settings, sorted_files.seen)
    report = LandingReport(
        new=tuple(new),
        unchanged=sorted_files.unchanged,
        still_refused=tuple(sorted_files.still_refused),
        ignored=tuple(ignored),
    )
    _log_report(report)
    return report


def pending_files(settings: Settings, *, contracts: Contracts | None = None) -> list[LandingFile]:
    """Return the complete files that the next landing pass would load; none with `known_at`.

    The function reads only files that changed since the last pass.
    """
    if settings.known_at:
        return []
    contracts = load_contracts() if contracts is None else contracts
    files, _ = find_files(settings.landing, contracts)
    records, withdrawn = all_batches(settings), withdrawn_batches(settings)
    found = _sort(files, contracts, records, withdrawn, read_seen(settings))
    return [file for file, _ in found.due]


def gone_files(
    settings: Settings, there: Iterable[str] = (), *, contracts: Contracts | None = None
) -> list[Batch]:
    """Return files that disappeared from the landing folder since the last pass and still count.

    `there` contains contents that exist, under any name. Returns none with `known_at`.
    """
    if settings.known_at:
        return []
    contracts = load_contracts() if contracts is None else contracts
    gone: set[str] = set()
    present = set(there)
    for place, (*_, digest) in read_seen(settings).items():
        path = Path(ast.literal_eval(place))
        if path.is_relative_to(settings.landing):
            source, folder = path.relative_to(settings.landing).parts[:2]
            contract = object_of(source, folder, contracts)
            name = contract.name if contract else folder
            (present if os.path.lexists(path) else gone).add(content_id(source, name, digest))
    lost = gone - present
    if not lost:
        return []
    accepted = accepted_batches(settings)
    return [one for one in accepted if content_id(one.source, one.object, one.digest) in lost]


def _sort(
    files: Iterable[LandingFile],
    contracts: Contracts,
    records: Iterable[Batch],
    withdrawn: Mapping[str, Withdrawal],
    seen: Mapping[str, Any],
) -> _Sorted:
    """Compare the contents of files with the recorded batches. `seen` avoids reading unchanged files."""
    known = {batch.batch_id: batch for batch in records}
    loaded = {
        content_id(batch.source, batch.object, batch.digest)
        for batch in known.values()
        if batch.status == "accepted" and batch.batch_id not in withdrawn
    }
    result = _Sorted()
    for file in files:
        place = ascii(file.path.as_posix())
        try:
            now = signature(file.path)
            before = seen.get(place)
            digest = before[-1] if before and before[:-1] == now else digest_of(file.path)
        except OSError as error:
            result.left_out.append(IgnoredFile(file.label, f"unreadable: {error.strerror}"))
            continue
        result.seen[place] = [*now, digest]
        batch_id, content = file.batch_id(digest), content_id(file.source, file.object, digest)
        batch = known.get(batch_id)
        if batch_id in withdrawn:
            result.left_out.append(IgnoredFile(file.label, withdrawn[batch_id].in_words))
        elif content in result.met or (batch and batch.status == "accepted"):
            result.unchanged += 1
        elif content in loaded:
            result.left_out.append(IgnoredFile(file.label, _OTHER_MAPPING.format(file.label)))
        elif batch and not _is_due_again(batch, contracts[file.source, file.object]):
            result.still_refused.append(batch)
        else:
            result.due.append((file, digest))
        result.met.add(content)
    return result


def _is_due_again(refused: Batch, contract: LandingObject) -> bool:
    """Return whether to retry a refused file, because the rule that refused it has changed."""
    if refused.contract_digest != contract.digest:
        return True
    if refused.rejected_share is None:
        return False
    return not are_too_many(round(refused.rejected_share * refused.rows_in), refused.rows_in)


@contextmanager
def _workspace(settings: Settings) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """Provide a connection and an empty folder for the pass, and remove leftovers of an interrupted pass.

    Raises LandingError if the disk fails, so that no file is refused for it.
    """
    work = settings.raw / ".incoming"
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with connect(temp_directory=work / "spill") as connection:
            yield connection, work
    except OSError as error:
        raise LandingError(
            f"Landing stopped: {error}. The recorded batches are complete. Fix this problem and run again."
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _recognised(settings: Settings, contracts: Contracts, entry: IgnoredFile) -> IgnoredFile:
    """Add a hint to an ignored entry if it looks like an export of a known system."""
    path = settings.landing / entry.label
    if path.is_dir() and not path.is_symlink():
        path = next((one for one in sorted(path.iterdir()) if one.is_file()), path)
    hint = advice_for(path, contracts) if path.is_file() else ""
    return IgnoredFile(entry.label, f"{entry.reason}. {hint}") if hint else entry


def advice_for(path: Path, contracts: Contracts, is_in: str = "") -> str:
    """Say which system's file this is and where it belongs; empty for an unknown file.

    `is_in` is the label of the object that was tried.
    """
    header = header_of(path)
    objects = similar_objects(header, contracts)
    if objects and objects[0].contract.label != is_in:
        label, tool = objects[0].contract.label, tool_of(header)
        written = f", as {tool} writes it" if tool else ""
        return f"It looks like {label}{written}. Put it into the folder {label}/"
    export = recognise(header)
    if export is None or export.folder == is_in != "":
        return ""
    if export.folder:
        return f"It looks like {export.name}. Put it into the folder {export.folder}/"
    return (
        f"It looks like {export.name}. Put it into generic/{export.object}/ with a mapping.yml; "
        f"`csw landing map {path}` proposes one"
    )


def _first_stamp(now: datetime, records: Iterable[Batch]) -> datetime:
    """Return the first load time of this pass. Load times never go back, even if the clock does."""
    latest = max((batch.loaded_at for batch in records), default=None)
    now = now.astimezone(UTC)
    return now if latest is None or now > latest else latest + timedelta(microseconds=1)


def _log_report(report: LandingReport) -> None:
    """Log loaded files and warnings. Values appear only on the terminal."""
    for label, batches in by_object(report.new):
        _log.info(object_line(label, batches))
    if report.unchanged:
        _log.info("%s unchanged: the content is already loaded", count(report.unchanged, "file"))
    for batch in report.new:
        if batch.status == "refused":
            _log.warning(
                "refused %s: %s. A copy is in quarantine; deliver a fixed file", batch.label, batch.reason
            )
        for remark in batch.remarks:
            if remark.kind != "note":
                words = f"{batch.label}: {remark.sentence()}"
                private = {PRIVATE: f"{batch.label}: {remark.sentence(with_value=True)}"}
                _log.warning("%s", words, extra=private)
    for batch in report.still_refused:
        _log.warning("still refused %s: %s", batch.label, batch.reason)
    for entry in report.ignored:
        level = logging.WARNING if "It looks like" in entry.reason else logging.INFO
        _log.log(level, "ignored %s: %s", entry.label, entry.reason)


def _report_gone(batches: Sequence[Batch]) -> None:
    """Log missing files once. The next pass no longer knows them."""
    if not batches:
        return
    first = batches[0]
    others = f" and {count(len(batches) - 1, 'other file')}" if len(batches) > 1 else ""
    _log.warning(
        "%s%s %s missing from the landing folder, but the loaded rows still count; "
        "`csw landing withdraw %s --reason ...` takes a file back",
        first.label,
        others,
        "are" if others else "is",
        first.label if not others else "<file>",
    )
