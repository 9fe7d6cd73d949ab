"""Recognise a file and propose a mapping that loads it. The proposal is never applied automatically."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.core.database import connect, quote_literal
from orchestration.core.errors import LandingError
from orchestration.dbt_runner.contract_files import contracts_named
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.exports import KnownExport, read_any, recognise
from orchestration.landing.reading import tables
from orchestration.landing.reading.binding import bound_name
from orchestration.landing.reading.date_format import date_format
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.refusal import FileRefusedError
from orchestration.landing.reading.suggest import column_meant, word_meant
from orchestration.landing.values.casting import cast_sql, text_sql
from orchestration.landing.values.numbers import DEFAULT_FORMAT, NumberFormat, find_number_format, find_signs

DATE_FORMATS = (
    "DD.MM.YYYY", "DD/MM/YYYY", "MM/DD/YYYY", "DD-MM-YYYY", "MM-DD-YYYY", "YYYY/MM/DD", "YYYY.MM.DD",
    "YYYYMMDD", "DD MMM YYYY", "MMM DD, YYYY", "DD-MMM-YYYY", "DD.MM.YY", "DD/MM/YY", "MM/DD/YY",
)  # fmt: skip

_FITS = 0.9
"""Minimum share of readable cells to propose a column by its values."""

_MOST = 0.5
"""Minimum share of cells that a proposed date format reads. The other cells may be mistakes."""

_WORDS = 12
"""Maximum number of different words checked per enumeration."""


@dataclass(frozen=True)
class Proposal:
    """A mapping for one file, as YAML with comments."""

    object: str
    looks_like: str | None
    """Name of the known export that the file looks like."""
    text: str
    missing: tuple[str, ...]
    """Required columns without a matching column in the file."""


def propose_mapping(
    path: Path, contracts: Mapping[tuple[str, str], LandingObject], name: str | None = None
) -> Proposal:
    """Propose a mapping for a file. `name` is the object; without it, the best match is used.

    Raises LandingError for an unreadable file, or a file that matches no object.
    """
    if not path.is_file():
        raise LandingError(f"There is no file {path}. Give the path of an exported file.")
    with connect() as connection, tempfile.TemporaryDirectory(prefix="csw-map-") as folder:
        try:
            header = read_any(connection, path, Path(folder))
        except FileRefusedError as refusal:
            raise LandingError(f"{path.name} is not readable: {refusal.reason}.") from None
        export = recognise(header)
        contract = _contract(contracts, header, name or (export.object if export else None), path)
        return _propose(connection, contract, header, export, path)


def _contract(
    contracts: Mapping[tuple[str, str], LandingObject],
    header: Sequence[str],
    name: str | None,
    path: Path,
) -> LandingObject:
    """Return the named object, or the folder's object, or the object that best matches the header."""
    if name:
        return next(iter(contracts_named(contracts, name).values()))
    folders = [one for one in contracts.values() if one.name == path.parent.name]
    if folders:
        return folders[0]
    scores = [(_score(one, header), one) for one in contracts.values()]
    best = max(scores, key=lambda scored: scored[0])
    if best[0] <= 0:
        raise LandingError(
            f"{path.name} matches no object. Choose one with --object: "
            f"{', '.join(one.name for one in contracts.values())}. The file's header is {', '.join(header)}."
        )
    return best[1]


def _score(contract: LandingObject, header: Sequence[str]) -> float:
    """Score how well a header matches an object. Required columns count twice, missing ones negatively."""
    meant = _columns_by_name(contract, header)
    required = {column.name for column in contract.columns if column.required}
    found = set(meant.values())
    return len(found) / len(header) + 2 * len(found & required) / len(required) - 1


def _columns_by_name(contract: LandingObject, header: Sequence[str]) -> dict[str, str]:
    """Return header -> column: first the columns that bind automatically, then those with similar names."""
    found: dict[str, str] = {}
    for place, text in enumerate(header):
        name = bound_name(contract, text, place)
        if name in contract.column_names and name not in found.values():
            found[text] = name
    for text in header:
        if text not in found:
            meant = column_meant(text, contract, found.values())
            if meant:
                found[text] = meant
    return found


def _propose(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    header: tuple[str, ...],
    export: KnownExport | None,
    path: Path,
) -> Proposal:
    meant = _columns_by_name(contract, header)
    meant |= _columns_by_values(connection, contract, header, meant)
    places = {name: header.index(text) for text, name in meant.items()}
    numbers, notation = _notation(connection, contract, places)
    dates, unclear = _date_formats(connection, contract, places)
    words = _words(connection, contract, places)
    by_itself = {
        text
        for place, text in enumerate(header)
        if bound_name(contract, text, place) in contract.column_names
    }
    mapping: dict[str, Any] = {}
    columns = {text: name for text, name in meant.items() if text not in by_itself}
    if columns:
        mapping["columns"] = columns
    if words:
        mapping["words"] = words
    if len(set(dates.values())) == 1:
        mapping["dates"] = next(iter(dates.values()))
    elif dates:
        mapping["dates"] = dates
    mapping |= numbers
    missing = tuple(
        column.name for column in contract.columns if column.required and column.name not in places
    )
    lines = [f"# {path.name} as {contract.label}. Check it and save it as mapping.yml in the file's folder."]
    if export:
        lines.append(f"# The file looks like {export.name}.")
    lines += [f"# {note}" for note in [*notation, *unclear]]
    body = yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True) if mapping else ""
    lines += body.splitlines()
    if missing:
        lines += [
            "# The file has no column for these required columns. Give a value for all rows here, or map a",
            "# column above.",
            "fixed:",
        ]
        lines += [f"  {name}: {contract.column(name).example}  # check this value" for name in missing]
    unread = [text for text in header if text not in meant]
    if unread:
        lines.append(f"# Unused columns: {', '.join(unread)}")
    if not mapping and not missing:
        lines.append("# This file needs no mapping.")
    return Proposal(contract.name, export.name if export else None, "\n".join(lines) + "\n", missing)


def _columns_by_values(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    header: Sequence[str],
    meant: Mapping[str, str],
) -> dict[str, str]:
    """Return required columns that only the values of exactly one unmapped column match."""
    found: dict[str, str] = {}
    for column in contract.columns:
        if not column.required or column.name in meant.values() or column.is_id:
            continue
        fitting = [
            text
            for place, text in enumerate(header)
            if text not in meant and text not in found and _looks_like(connection, column, place)
        ]
        if len(fitting) == 1:
            found[fitting[0]] = column.name
    return found


def _looks_like(connection: duckdb.DuckDBPyConnection, column: Column, place: int) -> bool:
    """Return whether almost all cells of a column match a column of the contract."""
    text = text_sql(column, place)
    if column.enum:
        words = connection.execute(
            f"select distinct lower({text}) from {tables.RAW} where {text} is not null limit {_WORDS}"
        ).fetchall()
        return bool(words) and all(word in column.enum or word_meant(word, column) for (word,) in words)
    if column.pattern:
        row = connection.execute(
            f"select bool_and(regexp_full_match({text}, {quote_literal(column.pattern)})) from {tables.RAW}"
        ).fetchone()
        return bool(row and row[0])
    if column.is_number:
        numbers, refusal = _number_format(connection, [(column.name, text)])
        return bool(refusal) or _readable(connection, column, place, NO_MAPPING, numbers) >= _FITS
    return False


def _notation(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, places: Mapping[str, int]
) -> tuple[dict[str, str], list[str]]:
    """Return the keys `decimal` and `thousands` if they are needed, and notes on ambiguities."""
    columns = [
        (name, text_sql(contract.column(name), place))
        for name, place in places.items()
        if contract.column(name).is_number
    ]
    found, refusal = _number_format(connection, columns)
    if refusal:
        return {"decimal": ",", "thousands": "."}, [f"Please decide: {refusal.reason}."]
    if found == DEFAULT_FORMAT:
        return {}, []
    return {"decimal": found.decimal, "thousands": found.thousands}, []


def _date_formats(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, places: Mapping[str, int]
) -> tuple[dict[str, str], list[str]]:
    """Return column -> best format for columns without ISO dates, and notes on ambiguities."""
    fitting: dict[str, list[str]] = {}
    for name, place in places.items():
        column = contract.column(name)
        if not column.is_time or _readable(connection, column, place, NO_MAPPING) >= _FITS:
            continue
        shares = {text: _readable(connection, column, place, _dates(text)) for text in DATE_FORMATS}
        most = max(shares.values())
        if most >= _MOST:
            fitting[name] = [text for text, share in shares.items() if share == most]
    # If all days of a column are below 13, use the format of the other columns.
    certain = {texts[0] for texts in fitting.values() if len(texts) == 1}
    found, unclear = {}, []
    for name, texts in fitting.items():
        followed = [text for text in texts if text in certain] or texts
        found[name] = followed[0]
        if len(followed) > 1:
            unclear.append(f"Please decide: {name} fits the formats {' and '.join(followed)}.")
    return found, unclear


def _dates(text: str) -> FileMapping:
    """Return a mapping with one format for all dates."""
    found = date_format(text)
    assert found is not None, text
    return FileMapping(dates={"*": found})


def _number_format(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[tuple[str, str]]
) -> tuple[NumberFormat, FileRefusedError | None]:
    """Return the format of number columns, and a refusal if another format fits too."""
    signs = find_signs(connection, [text for _, text in columns])
    is_plain = not signs.has_others and not signs.are_thousandths
    return (DEFAULT_FORMAT, None) if is_plain else find_number_format(connection, columns)


def _readable(
    connection: duckdb.DuckDBPyConnection,
    column: Column,
    place: int,
    mapping: FileMapping,
    numbers: NumberFormat = DEFAULT_FORMAT,
) -> float:
    """Return the share of filled cells that a column can read."""
    text = text_sql(column, place)
    value = cast_sql(column, text, "UTC", mapping, numbers)
    row = connection.execute(
        f"select count({text}), count(*) filter ({text} is not null and ({value}) is not null) from "
        f"{tables.RAW}"
    ).fetchone()
    return 1.0 if not row or not row[0] else row[1] / row[0]


def _words(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, places: Mapping[str, int]
) -> dict[str, dict[str, str | None]]:
    """Return column -> delivered word -> the contract's word, for enumerations."""
    words: dict[str, dict[str, str | None]] = {}
    for name, place in places.items():
        column = contract.column(name)
        if not column.enum:
            continue
        text = text_sql(column, place)
        known = ", ".join(quote_literal(word) for word in column.enum)
        found = connection.execute(
            f"select {text} as word from {tables.RAW} where {text} is not null and lower({text}) not "
            f"in ({known}) "
            f"group by word order by count(*) desc, word limit {_WORDS}"
        ).fetchall()
        for (word,) in found:
            meant = word_meant(word, column)
            # A word such as `cancelled` becomes empty, because period_end delivers the end.
            is_end = not meant and not column.required and word.lower() in column.advice
            if meant or is_end:
                words.setdefault(name, {})[word] = meant
    return words
