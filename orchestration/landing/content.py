"""Turn one file into one batch: load typed rows, quarantine wrong rows, or refuse the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.files import atomic_replace
from orchestration.core.settings import Settings
from orchestration.core.wording import count
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch, batch_path, quarantine_path, rejected_path, write_record
from orchestration.landing.ends import count_ends
from orchestration.landing.files import LandingFile, Snapshot
from orchestration.landing.reading import tables
from orchestration.landing.reading.binding import Binding, bind
from orchestration.landing.reading.dialect import in_dialect
from orchestration.landing.reading.mapping import FileMapping, read_mapping
from orchestration.landing.reading.nested import FileRecords, find_columns, list_records, use_records
from orchestration.landing.reading.readers import Reading, read_file
from orchestration.landing.reading.refusal import FileRefusedError
from orchestration.landing.recognition import other_object, tool_of
from orchestration.landing.remarks import Loaded, count_warned, line_of, remarks_on
from orchestration.landing.values.casting import Cast, cast_rows
from orchestration.landing.values.census import take_census
from orchestration.landing.values.conventions import are_too_many, max_reject_share
from orchestration.landing.values.days import find_days
from orchestration.landing.values.native import NO_TYPES
from orchestration.landing.values.notation import find_numbers
from orchestration.landing.values.numbers import Numbers
from orchestration.landing.values.rejected import RejectedRows, collect_rejected_rows, write_rejected
from orchestration.landing.values.repeats import mark_repeats
from orchestration.landing.values.typed import typed_sql


@dataclass(frozen=True)
class Arrival:
    """A file that is being loaded."""

    file: LandingFile
    snapshot: Snapshot
    batch_id: str
    loaded_at: datetime
    """UTC."""
    part_of: str = ""
    """Batch of the file with the list, if the rows come from a list."""

    def of_list(self, contract: LandingObject) -> Arrival:
        """Return the arrival of the rows in a list of the file."""
        assert contract.inside is not None
        file = replace(
            self.file,
            object=contract.name,
            mapping=None,
            folder=self.file.folder or contract.inside.object,
        )
        return replace(self, file=file, batch_id=file.batch_id(self.snapshot.digest), part_of=self.batch_id)


def load_content(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: LandingObject,
    arrival: Arrival,
    contracts: Mapping[tuple[str, str], LandingObject],
) -> tuple[Batch, ...]:
    """Turn a snapshot into batches on disk and write their records. The returned remarks contain values.

    A vendor's file that looks like another one of `contracts` is refused.

    The first batch is the file's own. The others come from the lists in its records. Intermediate files go to
    the folder of the snapshot. A batch counts once its record is written, and the file's own is the last.
    """
    deliveries = [(contract, arrival), *((one, arrival.of_list(one)) for one in contract.lists)]
    for one, part in deliveries:
        batch_path(settings, one.source, one.name, part.batch_id).parent.mkdir(parents=True, exist_ok=True)
        # Remove leftovers of an interrupted or refused attempt with the same content.
        for leftover in (settings.quarantine / one.source / one.name).glob(f"{part.batch_id}.*"):
            leftover.unlink()
    try:
        batches = list(_load_all(connection, settings, deliveries, contracts))
    except FileRefusedError as refusal:
        for one, part in deliveries:
            batch_path(settings, one.source, one.name, part.batch_id).unlink(missing_ok=True)
        batches = [_refused(arrival, contract, refusal)]
        _keep_refused(quarantine_path(settings, batches[0]), arrival.snapshot)
    for batch in reversed(batches):
        write_record(settings, batch)
    return tuple(batches)


def _load_all(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    deliveries: Sequence[tuple[LandingObject, Arrival]],
    contracts: Mapping[tuple[str, str], LandingObject],
) -> Iterator[Batch]:
    """Yield the batch of a file, then those of its lists. A wrong list refuses the whole file."""
    (contract, arrival), *lists = deliveries
    mapping = read_mapping(arrival.file.mapping, contract)
    folder = arrival.snapshot.path.parent
    reading = read_file(connection, arrival.snapshot.path, arrival.file.format, contract, folder, mapping)
    other = other_object(reading.header, contract, contracts) if contract.is_vendor else None
    if other:
        raise FileRefusedError(
            f"looks like {other.label}, not {contract.label}. Put it into the folder {other.label}/",
            rows=reading.rows,
        )
    records = FileRecords(connection)
    contract, mapping, of_lists = in_dialect(records, contract, reading, mapping, arrival.file.folder)
    reading = find_columns(records, contract, reading, mapping)
    parts = {one.name: part for one, part in lists}
    found = [
        (
            one,
            parts[one.name],
            f"list_{place}",
            list_records(connection, one, contract, reading, f"list_{place}"),
        )
        for place, one in enumerate(contract.lists)
    ]
    yield _load_rows(connection, settings, contract, arrival, reading, mapping)
    for one, part, table, elements in found:
        if elements is None or not elements.rows:
            continue
        use_records(connection, table)
        try:
            columns = find_columns(records, one, elements)
            yield _load_rows(connection, settings, one, part, columns, of_lists)
        except FileRefusedError as refusal:
            way = ".".join(one.inside.list) if one.inside else one.name
            raise FileRefusedError(
                f"in its list {way}, {refusal.reason}", reading.rows, refusal.share, refusal.remarks
            ) from None
        finally:
            connection.execute(f"drop table if exists {table}")


def without_values_of_parent(contract: LandingObject, header: Sequence[str]) -> LandingObject:
    """Require no values that dlt delivers only with the record around a list. Raw relations fill them."""
    if contract.inside is None or "_dlt_parent_id" not in header:
        return contract
    return contract.requiring_only(set(contract.column_names) - contract.inside.given.keys())


def _load_rows(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: LandingObject,
    arrival: Arrival,
    reading: Reading,
    mapping: FileMapping,
) -> Batch:
    target = batch_path(settings, contract.source, contract.name, arrival.batch_id)
    delivered = contract
    contract = without_values_of_parent(contract, reading.header)
    try:
        binding = bind(contract, reading.header, mapping, reading.bound)
    except FileRefusedError as refusal:
        raise FileRefusedError(refusal.reason, rows=reading.rows) from None
    types = reading.types if reading.has_natives else NO_TYPES
    census = take_census(connection, contract, binding, mapping, types)
    numbers = find_numbers(connection, contract, binding, mapping, reading, census.seen)
    if binding.refusal:
        # Check the rest of the file too, so that the user can fix all mistakes at once.
        contract = contract.requiring_only(binding.positions)
    cast = cast_rows(contract, binding, mapping, numbers, census.seen, types)
    temporary = target.with_name(f".{target.name}.tmp")
    loaded = _write_typed(connection, contract, binding, cast, arrival, temporary)
    rejected = RejectedRows(0, 0, (), None)
    if loaded < reading.rows:
        rejected = collect_rejected_rows(connection, contract, binding, cast, len(reading.header))
    rows = reading.rows - rejected.blank
    try:
        if rejected.wrong:
            _write_quarantine(connection, settings, contract, reading, cast, arrival)
        _refuse_whole(binding, numbers, rejected, rows)
        refuse_wrong_rows(rejected, rows)
    except FileRefusedError:
        temporary.unlink()
        raise
    repeats = mark_repeats(connection, contract, temporary)
    ends = count_ends(connection, contract.ends, f"read_parquet({quote_literal(temporary)})")
    found = Loaded(
        rows=rows,
        quarantined=rejected.wrong,
        blank=reading.blank + rejected.blank,
        mapping=mapping,
        columns=tuple(
            name for name in contract.column_names if name in binding.positions or name in mapping.fixed
        ),
        extra_columns=tuple(binding.extras),
        days=find_days(connection, contract, cast, mapping, temporary),
        census=census,
        repeats=repeats,
        ends=ends,
        tool=tool_of(reading.header) if contract.is_vendor else "",
        remarks=(),
    )
    warned = count_warned(connection, contract, temporary)
    remarks = remarks_on(contract, reading, binding, numbers, found, warned, partial(line_of, connection))
    found = replace(found, remarks=(*rejected.remarks, *remarks))
    atomic_replace(temporary, target)
    return Batch(**_identity(arrival, delivered), **found.facts(), path=target)


def _write_typed(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    binding: Binding,
    cast: Cast,
    arrival: Arrival,
    target: Path,
) -> int:
    """Write the rows without a problem; return their number."""
    rows = typed_sql(contract, binding, arrival.batch_id, _timestamp(arrival.loaded_at), f"({cast.query})")
    return tables.scalar(
        connection, f"copy ({rows}) to {quote_literal(target)} (format parquet, compression zstd)"
    )


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    contract: LandingObject,
    reading: Reading,
    cast: Cast,
    arrival: Arrival,
) -> None:
    target = rejected_path(settings, contract.source, contract.name, arrival.batch_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    write_rejected(connection, cast, reading.header, arrival.batch_id, arrival.file.name, temporary)
    atomic_replace(temporary, target)


def _refuse_whole(binding: Binding, numbers: Numbers, rejected: RejectedRows, rows: int) -> None:
    """Raise FileRefusedError with every reason if no row can be loaded."""
    reasons = [binding.refusal] if binding.refusal else []
    remarks = list(rejected.remarks)
    if numbers.refusal:
        reasons.append(numbers.refusal.reason)
        remarks += numbers.refusal.remarks
    if reasons:
        raise FileRefusedError(". Also, ".join(reasons), rows=rows, remarks=remarks)


def refuse_wrong_rows(rejected: RejectedRows, rows: int) -> None:
    """Raise FileRefusedError if the wrong rows refuse the whole file or table."""
    if not rejected.wrong:
        return
    share = rejected.wrong / rows
    if rejected.refusal:
        raise FileRefusedError(rejected.refusal, rows=rows, share=share, remarks=rejected.remarks)
    if not are_too_many(rejected.wrong, rows):
        return
    most = rejected.remarks[0]
    what = f"{most.column} {most.text}" if most.column else most.text
    raise FileRefusedError(
        f"{rejected.wrong:,} of {count(rows, 'row')} ({share:.1%}) are wrong, more than the allowed "
        f"{max_reject_share():.1%}; the most frequent mistake ({count(most.rows or 0, 'row')}): {what}",
        rows=rows,
        share=share,
        remarks=rejected.remarks,
    )


def _refused(arrival: Arrival, contract: LandingObject, refusal: FileRefusedError) -> Batch:
    return Batch(
        **_identity(arrival, contract),
        status="refused",
        reason=refusal.reason,
        rows_in=refusal.rows,
        rows_loaded=0,
        rows_quarantined=0,
        rows_refused=refusal.rows,
        rejected_share=refusal.share,
        remarks=refusal.remarks,
    )


def _identity(arrival: Arrival, contract: LandingObject) -> dict[str, Any]:
    return {
        "batch_id": arrival.batch_id,
        "source": contract.source,
        "object": contract.name,
        "file_name": arrival.file.name,
        "format": arrival.file.format,
        "digest": arrival.snapshot.digest,
        "bytes": arrival.snapshot.bytes,
        "loaded_at": arrival.loaded_at,
        "contract_digest": contract.digest,
        "mapping_digest": arrival.file.mapping_digest,
        "folder": arrival.file.folder,
        "part_of": arrival.part_of,
    }


def _keep_refused(target: Path, snapshot: Snapshot) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(snapshot.path, temporary)
    atomic_replace(temporary, target)


def _timestamp(moment: datetime) -> str:
    return f"timestamp {quote_literal(moment.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
