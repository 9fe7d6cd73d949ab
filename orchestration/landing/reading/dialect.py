"""Find the product that wrote a file, if its system stands for several, and read it in its dialect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestration.core.spelling import squashed
from orchestration.dbt_runner.dialects import Dialect
from orchestration.dbt_runner.landing_contract import LOADER_COLUMNS, LandingObject
from orchestration.landing.reading.binding import refuse_values, show_header
from orchestration.landing.reading.date_format import DateFormat, date_format
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.readers import Reading
from orchestration.landing.reading.refusal import FileRefusedError
from orchestration.landing.reading.spots import Record, Records


def in_dialect(
    records: Records,
    contract: LandingObject,
    reading: Reading,
    mapping: FileMapping,
    folder: str,
) -> tuple[LandingObject, FileMapping, FileMapping]:
    """Return the contract with the names of the product, and the mappings of the file and of its lists.

    The file's mapping.yml has precedence, and may name the product. If the columns do not tell it, the folder
    may, because loading tools name it by a list. Other contracts stay as they are. Raises
    FileRefusedError if the columns of the file are those of no product, or of several.
    """
    if not contract.dialects:
        return contract, mapping, NO_MAPPING
    dialect = _named(contract, mapping) or _found(records, contract, reading, folder)
    spoken = contract.in_dialect(dialect.name)
    assert spoken is not None
    own = FileMapping(
        fixed={contract.dialect_column: dialect.name},
        dates=_dates(dialect),
        timezone=dialect.timezone,
    )
    given = replace(
        mapping,
        fixed={**mapping.fixed, **own.fixed},
        dates=mapping.dates or own.dates,
        timezone=mapping.timezone or own.timezone,
    )
    return spoken, given, replace(own, dates=given.dates, timezone=given.timezone)


def _named(contract: LandingObject, mapping: FileMapping) -> Dialect | None:
    name = mapping.fixed.get(contract.dialect_column)
    if name is None:
        return None
    for one in contract.dialects:
        if squashed(one.name) == squashed(name):
            return one
    raise FileRefusedError(
        f"mapping.yml fixes {contract.dialect_column} as {name!r}, which has no row for {contract.name} in "
        f"{contract.dialects[0].seed}. Give one of {_listed(contract.dialects)}, or add rows for {name}"
    )


def _found(records: Records, contract: LandingObject, reading: Reading, folder: str) -> Dialect:
    """Return the product most of whose names the file has. Names of required columns count first.

    A column may have the name of the contract in every product.
    """
    record = Record(records.rows, records.relation, reading.header, contract.prefixes)
    required = {column.name for column in contract.columns if column.required}
    neutral = {
        column.name
        for column in contract.columns
        if column not in LOADER_COLUMNS and _has(record, squashed(column.name))
    }
    scores: dict[tuple[int, int], list[Dialect]] = {}
    for one in contract.dialects:
        met = {
            column
            for column, names in one.columns.items()
            if any(_has(record, squashed(name)) for name in names)
        }
        if met:
            met |= neutral
            scores.setdefault((len(met & required), len(met)), []).append(one)
    best = scores[max(scores)] if scores else []
    by_folder = [one for one in best if one.list and squashed(one.list[-1]) in squashed(folder)]
    if len(by_folder) == 1:
        return by_folder[0]
    if len(best) == 1:
        return best[0]
    refuse_values(contract, reading.header)
    shown = show_header(reading.header)
    column = contract.dialect_column
    if best:
        raise FileRefusedError(
            f"the columns are those of {_listed(best)}; the header is {shown}. Write the name of the "
            f"tool into mapping.yml: fixed: {{{column}: {best[0].name}}}",
            rows=reading.rows,
        )
    raise FileRefusedError(
        f"the columns are those of no {column} ({_listed(contract.dialects)}); the header is {shown}. Add "
        f"rows for the tool to {contract.dialects[0].seed}",
        rows=reading.rows,
    )


def _has(record: Record, wanted: str) -> bool:
    return any(True for search in (record.flat, record.nested) for _ in search(wanted))


def _dates(dialect: Dialect) -> dict[str, DateFormat]:
    """Return the format of all times of a product."""
    if dialect.date_format is None:
        return {}
    found = date_format(dialect.date_format)
    if found is None:
        raise FileRefusedError(
            f"{dialect.row}: date_format is {dialect.date_format!r}. Give a format such as MM/DD/YYYY hh:mm "
            "A, or leave it empty for ISO 8601"
        )
    return {"*": found}


def _listed(dialects: Iterable[Dialect]) -> str:
    return ", ".join(one.name for one in dialects)
