"""What a file looks like, and a mapping that would make it load. Proposed, never applied unasked."""

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
from orchestration.dbt_runner.landing_contract import Column, LandingObject, contracts_named
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
"""Share of the cells that must be readable before a column is proposed by its values."""

_MOST = 0.5
"""Share of the cells that a date format must read; the others may be mistakes."""

_WORDS = 12
"""Different words of an enumeration that are looked at."""


@dataclass(frozen=True)
class Proposal:
    """A mapping for one file, as YAML with comments."""

    object: str
    looks_like: str | None
    """A known export, in words."""
    text: str
    missing: tuple[str, ...]
    """Required columns for which nothing was found."""


def propose_mapping(
    path: Path, contracts: Mapping[tuple[str, str], LandingObject], name: str | None = None
) -> Proposal:
    """Propose a mapping for a file; `name` is the object, else the one that fits best is taken.

    Raises LandingError for a file that cannot be read or fits nothing.
    """
    if not path.is_file():
        raise LandingError(f"There is no file {path}.")
    with connect() as connection, tempfile.TemporaryDirectory(prefix="csw-map-") as folder:
        try:
            header = read_any(connection, path, Path(folder))
        except FileRefusedError as refusal:
            raise LandingError(f"{path.name} cannot be read: {refusal.reason}.") from None
        export = recognise(header)
        contract = _contract(contracts, header, name or (export.object if export else None), path)
        return _propose(connection, contract, header, export, path)


def _contract(
    contracts: Mapping[tuple[str, str], LandingObject],
    header: Sequence[str],
    name: str | None,
    path: Path,
) -> LandingObject:
    """The object that is named, else the folder's, else the one whose columns the header means most."""
    if name:
        return next(iter(contracts_named(contracts, name).values()))
    folders = [one for one in contracts.values() if one.name == path.parent.name]
    if folders:
        return folders[0]
    scores = [(_score(one, header), one) for one in contracts.values()]
    best = max(scores, key=lambda scored: scored[0])
    if best[0] <= 0:
        raise LandingError(
            f"{path.name} looks like no object. Name one with --object; they are "
            f"{', '.join(one.name for one in contracts.values())}. Its header is {', '.join(header)}."
        )
    return best[1]


def _score(contract: LandingObject, header: Sequence[str]) -> float:
    """How many columns a header means, in which required ones count twice and missing ones against."""
    meant = _columns_by_name(contract, header)
    required = {column.name for column in contract.columns if column.required}
    found = set(meant.values())
    return len(found) / len(header) + 2 * len(found & required) / len(required) - 1


def _columns_by_name(contract: LandingObject, header: Sequence[str]) -> dict[str, str]:
    """Header -> column, those that bind by themselves first, then those that the name suggests."""
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
    lines = [f"# {path.name} as {contract.label}. Check it, then save it as mapping.yml beside the file."]
    if export:
        lines.append(f"# The file looks like {export.name}.")
    lines += [f"# {note}" for note in [*notation, *unclear]]
    body = yaml.safe_dump(mapping, sort_keys=False, allow_unicode=True) if mapping else ""
    lines += body.splitlines()
    if missing:
        lines += [
            "# Nothing in the file looks like these, which are needed. Give the value that all rows",
            "# share, or name the column above.",
            "fixed:",
        ]
        lines += [f"  {name}: {contract.column(name).example}  # to be checked" for name in missing]
    unread = [text for text in header if text not in meant]
    if unread:
        lines.append(f"# Not read: {', '.join(unread)}")
    if not mapping and not missing:
        lines.append("# Nothing needs to be mapped.")
    return Proposal(contract.name, export.name if export else None, "\n".join(lines) + "\n", missing)


def _columns_by_values(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    header: Sequence[str],
    meant: Mapping[str, str],
) -> dict[str, str]:
    """Needed columns that no name suggests, where the cells of exactly one column can be read as such."""
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
    """Whether nearly all cells of a column are of the kind that a column of the contract holds."""
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
    """The keys `decimal` and `thousands` where they are needed, and what is not clear about them."""
    columns = [
        (name, text_sql(contract.column(name), place))
        for name, place in places.items()
        if contract.column(name).is_number
    ]
    found, refusal = _number_format(connection, columns)
    if refusal:
        return {"decimal": ",", "thousands": "."}, [f"To be decided: {refusal.reason}."]
    if found == DEFAULT_FORMAT:
        return {}, []
    return {"decimal": found.decimal, "thousands": found.thousands}, []


def _date_formats(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, places: Mapping[str, int]
) -> tuple[dict[str, str], list[str]]:
    """Column -> the format that reads most of its cells, where these are not ISO; and what is not clear."""
    fitting: dict[str, list[str]] = {}
    for name, place in places.items():
        column = contract.column(name)
        if not column.is_time or _readable(connection, column, place, NO_MAPPING) >= _FITS:
            continue
        shares = {text: _readable(connection, column, place, _dates(text)) for text in DATE_FORMATS}
        most = max(shares.values())
        if most >= _MOST:
            fitting[name] = [text for text, share in shares.items() if share == most]
    # A column whose days are all below 13 follows the others.
    certain = {texts[0] for texts in fitting.values() if len(texts) == 1}
    found, unclear = {}, []
    for name, texts in fitting.items():
        followed = [text for text in texts if text in certain] or texts
        found[name] = followed[0]
        if len(followed) > 1:
            unclear.append(f"To be decided: {name} can be read as {' or '.join(followed)}.")
    return found, unclear


def _dates(text: str) -> FileMapping:
    """A mapping with one format for all dates."""
    found = date_format(text)
    assert found is not None, text
    return FileMapping(dates={"*": found})


def _number_format(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[tuple[str, str]]
) -> tuple[NumberFormat, FileRefusedError | None]:
    """The notation of number columns; the second value is there where another fits too."""
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
    """Share of the filled cells that a column can read."""
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
    """Column -> their word -> the contract's word, for enumerations."""
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
            # Of a word that stands for an end, the end itself is delivered in a column of its own.
            is_end = not meant and not column.required and word.lower() in column.advice
            if meant or is_end:
                words.setdefault(name, {})[word] = meant
    return words
