"""One file's content into one batch: typed rows, quarantined rows, or a refusal."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.contract import LandingObject
from orchestration.durable import settle
from orchestration.errors import SettingsError
from orchestration.landing import tables
from orchestration.landing.batches import Batch, batch_path, quarantine_path, write_record
from orchestration.landing.binding import Binding, bind
from orchestration.landing.casting import Cast, cast_rows, json_object
from orchestration.landing.files import LandingFile, Snapshot
from orchestration.landing.readers import Reading, read_file
from orchestration.landing.refusal import FileRefusedError
from orchestration.settings import Settings
from orchestration.warehouse import quote_identifier, quote_literal

MAX_REJECT_SHARE = 0.01
"""A file is refused whole where more than this share of its rows is rejected (0 to 1): so many wrong rows
mean a wrong export. CSW_MAX_REJECT_SHARE overrides it."""

MAX_REJECT_SHARE_VARIABLE = "CSW_MAX_REJECT_SHARE"

_log = logging.getLogger("csw")


@dataclass(frozen=True)
class Arrival:
    """A file on its way into a batch."""

    file: LandingFile
    snapshot: Snapshot
    batch_id: str
    loaded_at: datetime
    """UTC."""


@dataclass(frozen=True)
class _Outcome:
    rows_in: int
    rows_quarantined: int
    notes: tuple[str, ...]


def max_reject_share(environment: Mapping[str, str] = os.environ) -> float:
    """The share in force. Raises SettingsError where the variable holds no share."""
    text = environment.get(MAX_REJECT_SHARE_VARIABLE)
    try:
        share = float(text) if text else MAX_REJECT_SHARE
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SettingsError(
            f"{MAX_REJECT_SHARE_VARIABLE}={text!r} is not a share. Give a number from 0 to 1, such as 0.01."
        )
    return share


def load_content(
    connection: duckdb.DuckDBPyConnection, settings: Settings, contract: LandingObject, arrival: Arrival
) -> Batch:
    """Turn a snapshot into a batch on disk, with its record.

    The intermediate files go beside the snapshot. A batch counts from the moment its record is written.
    """
    target = batch_path(settings, contract.source, contract.name, arrival.batch_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    # What an interrupted or refused attempt at the same content left behind.
    for ending in ("parquet", arrival.file.format):
        _quarantine_folder(settings, contract).joinpath(f"{arrival.batch_id}.{ending}").unlink(
            missing_ok=True
        )
    try:
        outcome = _load_rows(connection, settings, contract, arrival, target)
    except FileRefusedError as refusal:
        batch = _batch(arrival, contract, refusal=refusal)
        target.unlink(missing_ok=True)
        _keep_refused(quarantine_path(settings, batch), arrival.snapshot)
    else:
        batch = _batch(arrival, contract, outcome=outcome, path=target)
    write_record(settings, batch)
    return batch


def _load_rows(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: LandingObject,
    arrival: Arrival,
    target: Path,
) -> _Outcome:
    folder = arrival.snapshot.path.parent
    reading = read_file(connection, arrival.snapshot.path, arrival.file.format, contract, folder)
    try:
        binding = bind(contract, reading.header)
    except FileRefusedError as refusal:
        raise FileRefusedError(refusal.reason, rows=reading.rows) from None
    cast = cast_rows(contract, binding)
    temporary = target.with_name(f".{target.name}.tmp")
    loaded = _write_typed(connection, contract, binding, cast, arrival, temporary)
    rejected = reading.rows - loaded
    try:
        if rejected > reading.rows * max_reject_share():
            raise _too_many(connection, cast, reading.rows, rejected)
        if rejected:
            _write_quarantine(connection, settings, contract, reading, cast, arrival)
    except FileRefusedError:
        temporary.unlink()
        raise
    settle(temporary, target)
    notes = binding.notes if reading.rows else (*binding.notes, "holds no rows")
    return _Outcome(reading.rows, rejected, notes)


def _write_typed(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    cast: Cast,
    arrival: Arrival,
    target: Path,
) -> int:
    """Write the rows without a problem; returns how many."""
    typed = ", ".join(
        f"v{place} as {quote_identifier(name)}" for place, name in enumerate(contract.column_names)
    )
    extra = json_object(list(binding.extras), [f"c{place}" for place in binding.extras.values()])
    return tables.scalar(
        connection,
        f"copy (select {typed}, {extra} as _extra, {quote_literal(arrival.batch_id)} as _batch_id, "
        f"{_timestamp(arrival.loaded_at)} as _loaded_at, record as _row from ({cast.query}) "
        f"where problem is null) to {quote_literal(target)} (format parquet, compression zstd)",
    )


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: LandingObject,
    reading: Reading,
    cast: Cast,
    arrival: Arrival,
) -> None:
    """Write one row per rejected record: where it stood, which column broke which rule, what it held."""
    target = _quarantine_folder(settings, contract) / f"{arrival.batch_id}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    record = json_object(reading.header, [f"c{place}" for place in range(len(reading.header))])
    connection.execute(
        f"copy (select {quote_literal(arrival.batch_id)} as _batch_id, "
        f"{quote_literal(arrival.file.name)} as _file, * from ("
        f"select record as _row, {_choose(cast, 'column')} as _column, {_choose(cast, 'value')} as _value, "
        f"{_choose(cast, 'reason')} as _reason, {record} as _record "
        f"from ({cast.query}) where problem is not null union all "
        f"select record, null, null, reason, to_json(text)::varchar from {tables.BROKEN}"
        f") order by _row) to {quote_literal(temporary)} (format parquet, compression zstd)"
    )
    settle(temporary, target)


def _choose(cast: Cast, what: str) -> str:
    """SQL that tells a problem code's column, delivered value or reason."""
    if not cast.problems:
        return "null::varchar"
    shown = {
        "column": lambda problem: quote_literal(problem.column),
        "value": lambda problem: f"c{problem.position}",
        "reason": lambda problem: quote_literal(problem.reason),
    }[what]
    cases = " ".join(f"when {code} then {shown(problem)}" for code, problem in enumerate(cast.problems))
    return f"case problem {cases} end"


def _too_many(
    connection: duckdb.DuckDBPyConnection, cast: Cast, rows: int, rejected: int
) -> FileRefusedError:
    """The refusal of a file with too many wrong rows; names what is wrong most often."""
    row = connection.execute(
        "select column_name, reason, count(*) from ("
        f"select {_choose(cast, 'column')} as column_name, {_choose(cast, 'reason')} as reason "
        f"from ({cast.query}) where problem is not null union all "
        f"select null, regexp_replace(reason, ' \\(line .*', '') from {tables.BROKEN}"
        ") group by all order by 3 desc, 1, 2 limit 1"
    ).fetchone()
    assert row is not None
    column, reason, times = row
    what = f"{column} {reason}" if column else f"the record {reason}"
    return FileRefusedError(
        f"{rejected:,} of {rows:,} rows ({rejected / rows:.1%}) are wrong, more than the "
        f"{max_reject_share():.1%} that are tolerated; most often, in {times:,} rows, {what}",
        rows=rows,
        share=rejected / rows,
    )


def _batch(
    arrival: Arrival,
    contract: LandingObject,
    *,
    outcome: _Outcome | None = None,
    refusal: FileRefusedError | None = None,
    path: Path = Path(),
) -> Batch:
    facts: dict[str, Any] = {"rows_quarantined": 0, "rows_refused": 0, "rows_loaded": 0, "notes": ()}
    if outcome:
        loaded = outcome.rows_in - outcome.rows_quarantined
        facts |= {"status": "accepted", "reason": None, "rows_in": outcome.rows_in, "rows_loaded": loaded}
        facts |= {"rows_quarantined": outcome.rows_quarantined, "notes": outcome.notes}
    elif refusal:
        facts |= {"status": "refused", "reason": refusal.reason, "rejected_share": refusal.share}
        facts |= {"rows_in": refusal.rows, "rows_refused": refusal.rows}
    return Batch(
        batch_id=arrival.batch_id,
        source=contract.source,
        object=contract.name,
        file_name=arrival.file.name,
        format=arrival.file.format,
        digest=arrival.snapshot.digest,
        bytes=arrival.snapshot.bytes,
        loaded_at=arrival.loaded_at,
        contract_digest=contract.digest,
        path=path,
        **facts,
    )


def _keep_refused(target: Path, snapshot: Snapshot) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(snapshot.path, temporary)
    settle(temporary, target)


def _quarantine_folder(settings: Settings, contract: LandingObject) -> Path:
    return settings.quarantine / contract.source / contract.name


def _timestamp(moment: datetime) -> str:
    return f"timestamp {quote_literal(moment.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
