"""Reports on loaded and rejected files. Row values appear only in the report for the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import connect, quote_literal
from orchestration.core.errors import LandingError
from orchestration.core.settings import Settings
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.dbt_runner.pseudonyms import hand_over_key, load_hash_key
from orchestration.landing.batches import (
    Batch,
    all_batches,
    fixed_batches,
    is_meant,
    known_batches,
    quarantine_path,
    rejected_path,
)
from orchestration.landing.reading.refusal import Remark
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.records import count_rows
from orchestration.landing.relations import create_raw_relations
from orchestration.landing.withdrawals import Withdrawal, withdrawn_batches

Contracts = Mapping[tuple[str, str], LandingObject]


@dataclass(frozen=True)
class ObjectCounts:
    """Row counts of one landing object. All outcomes in `rows` except blank add up to rows_in."""

    object: str
    files: int
    rows_in: int
    rows: Mapping[str, int]


@dataclass(frozen=True)
class RejectedFile:
    """A file with rejected rows, or a refused file."""

    batch_id: str
    file: str
    status: str
    """`accepted` if the loader rejected only some rows, `refused` if it rejected the whole file."""
    rows_in: int
    rows_loaded: int
    rows_quarantined: int
    rows_refused: int
    reason: str
    """The reason of the refusal, or the mistakes with their counts. No values."""
    is_fixed: bool
    """A later file replaced it."""
    loaded_at: str


@dataclass(frozen=True)
class LandingStatus:
    """The state of all files so far."""

    objects: tuple[ObjectCounts, ...]
    rejected: tuple[RejectedFile, ...]
    withdrawn: tuple[Withdrawal, ...]


@dataclass(frozen=True)
class RejectedRow:
    """One reason why a row was not loaded. For a record without columns, `value` is its text."""

    row: int
    line: int | None
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class FileReport:
    """The result for one file."""

    batch_id: str
    file: str
    status: str
    reason: str | None
    """Why the whole file was refused."""
    rows: Mapping[str, int]
    """`in`, `loaded` (including `repeated` and `conflicting`), `quarantined`, `refused` and `blank`."""
    remarks: tuple[Remark, ...]
    """Every kind of mistake and every change that the loader made, with the first value."""
    rejected: tuple[RejectedRow, ...]
    has_more: bool
    """True if the limit cut off rejected rows."""
    kept: str | None
    """Path of the rejected rows, or of the refused file's copy."""


def landing_status(settings: Settings, *, contracts: Contracts | None = None) -> LandingStatus:
    """Return the counts of every object with a file, and the files with rejected rows, newest last.

    Raises LandingError for an unreadable record.
    """
    contracts = load_contracts() if contracts is None else contracts
    batches, withdrawn = known_batches(settings), withdrawn_batches(settings)
    with connect() as connection:
        hand_over_key(connection, load_hash_key(settings.home))
        accepted = [batch for batch in batches if batch.status == "accepted"]
        create_raw_relations(connection, contracts, accepted, ReadingPolicies.of(settings))
        counts = count_rows(lambda query: connection.execute(query).fetchall(), contracts, batches)
    objects = [
        ObjectCounts(
            object=f"{source}/{name}",
            files=sum((batch.source, batch.object) == (source, name) for batch in batches),
            rows_in=sum(batch.rows_in for batch in batches if (batch.source, batch.object) == (source, name)),
            rows=rows,
        )
        for (source, name), rows in sorted(counts.items())
    ]
    fixed = fixed_batches(batches)
    rejected = [batch for batch in batches if batch.status == "refused" or batch.rows_quarantined]
    return LandingStatus(
        tuple(objects),
        tuple(
            _rejected_file(batch, batch.batch_id in fixed)
            for batch in rejected
            if batch.status != "withdrawn"
        ),
        tuple(withdrawn.values()),
    )


def file_report(settings: Settings, batch_id: str, *, limit: int | None = None) -> FileReport:
    """Return the report of a batch, with at most `limit` rejected rows in file order.

    Raises LandingError for an unknown batch.
    """
    batch = find_batch(settings, batch_id)
    path = rejected_path(settings, batch.source, batch.object, batch.batch_id)
    rows: list[RejectedRow] = []
    values: dict[tuple[int, str | None], str | None] = {}
    if path.is_file():
        with connect() as connection:
            rows = _rejected_rows(connection, path, None if limit is None else limit + 1)
            first = {remark.row for remark in batch.remarks if remark.kind == "wrong" and remark.row}
            values = {
                (row.row, row.column): row.value
                for row in _rejected_rows(connection, path, None, sorted(first))
            }
    return FileReport(
        batch_id=batch.batch_id,
        file=batch.label,
        status=batch.status,
        reason=batch.reason,
        rows={
            "in": batch.rows_in,
            "loaded": batch.rows_loaded,
            "repeated": batch.rows_repeated,
            "conflicting": batch.rows_conflicting,
            "quarantined": batch.rows_quarantined,
            "refused": batch.rows_refused,
            "blank": batch.rows_blank,
        },
        remarks=tuple(
            replace(remark, value=values.get((remark.row or 0, remark.column))) for remark in batch.remarks
        ),
        rejected=tuple(rows[:limit] if limit is not None else rows),
        has_more=limit is not None and len(rows) > limit,
        kept=str(quarantine_path(settings, batch)) if batch.status == "refused" or rows else None,
    )


def find_batch(settings: Settings, batch_id: str) -> Batch:
    """Return the batch with this id, start of an id, or file name.

    Raises LandingError unless exactly one batch matches.
    """
    matching = [batch for batch in all_batches(settings) if is_meant(batch, batch_id)]
    if len(matching) > 1:
        listed = "\n".join(f"  {batch.batch_id}  {batch.label}" for batch in matching[-10:])
        raise LandingError(f"{batch_id!r} matches {len(matching)} files. Give a batch id:\n{listed}")
    if not matching:
        raise LandingError(
            f"No batch id starts with {batch_id!r}, and no file has this name. Run `csw landing status` to "
            "list the batches."
        )
    return matching[0]


def _rejected_rows(
    connection: duckdb.DuckDBPyConnection, path: Path, limit: int | None, only: list[int] | None = None
) -> list[RejectedRow]:
    """Return one entry per row and reason, from the file of rejected rows."""
    if only == []:
        return []
    where = f"where _row in ({', '.join(map(str, only))})" if only else ""
    source = f"read_parquet({quote_literal(path)}, union_by_name = true)"
    names = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    # Quarantine files of older versions have one reason per row and no line numbers.
    line, problems = (name if name in names else "null" for name in ("_line", "_problems"))
    found = connection.execute(
        f"select _row, {line}, _column, coalesce(_value, case when _column is null then _record end), "
        "_reason, "
        f"{problems} from {source} {where} order by _row" + ("" if limit is None else f" limit {limit}")
    ).fetchall()
    rows = []
    for row, at, column, value, reason, every in found:
        reasons: list[dict[str, Any]] = json.loads(every) if every else []
        if not reasons:
            reasons = [{"column": column, "value": value, "reason": reason}]
        rows += [RejectedRow(row, at, one["column"], one.get("value"), one["reason"]) for one in reasons]
    return rows


def _rejected_file(batch: Batch, is_fixed: bool) -> RejectedFile:
    wrong = "; ".join(
        f"{remark.column or 'record'} {remark.text} ({remark.rows:,})"
        for remark in batch.remarks
        if remark.kind == "wrong"
    )
    return RejectedFile(
        batch_id=batch.batch_id,
        file=batch.label,
        status=batch.status,
        rows_in=batch.rows_in,
        rows_loaded=batch.rows_loaded,
        rows_quarantined=batch.rows_quarantined,
        rows_refused=batch.rows_refused,
        reason=batch.reason or wrong,
        is_fixed=is_fixed,
        loaded_at=batch.loaded_at.isoformat(timespec="seconds"),
    )
