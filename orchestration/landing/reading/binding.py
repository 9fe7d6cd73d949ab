"""Match the columns of a file with the contract by name, never by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import LOADER_COLUMNS, Column, LandingObject
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.refusal import FileRefusedError, Remark
from orchestration.landing.reading.suggest import column_meant

_LOADER_PREFIXES = ("_fivetran_", "_airbyte_", "_ab_", "_dlt_", "_sdc_")
"""Prefixes of columns that common loading tools add. The loader keeps them without a remark."""

_SHOWN = 40

_VALUE = re.compile(r"\S+@\S+\.\S+|[-+$€£]?\d[\d., ]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
"""An address, a number or a date. No column has such a name."""


@dataclass(frozen=True)
class Binding:
    """The positions of the contract's columns in a file."""

    positions: dict[str, int]
    """Contract column -> position in the file, from 0. Columns that the file lacks are absent."""
    extras: dict[str, int]
    """Snake-cased name of every other column -> position. The second column of a name is `name_2`."""
    remarks: tuple[Remark, ...] = ()
    refusal: str | None = None
    """Why the file cannot be loaded: missing required columns, with suggestions. `positions` then includes
    the suggested columns, so that the loader can check the rest of the file."""


def bind(
    contract: LandingObject,
    header: Sequence[str],
    mapping: FileMapping = NO_MAPPING,
    bound: Mapping[str, int] | None = None,
) -> Binding:
    """Match a header with a contract. Names from the mapping have priority.

    `bound` are the positions of the columns of a vendor's contract, if they are known.

    Raises FileRefusedError for two columns with one name, a mapping with a column that the file lacks, or a
    header without any column of the contract.
    """
    if bound is None:
        names = [bound_name(contract, text, position, mapping) for position, text in enumerate(header)]
    else:
        by_place = {place: name for name, place in bound.items()}
        names = [
            by_place.get(place) or _other_name(contract, text, place) for place, text in enumerate(header)
        ]
    for text, name in mapping.columns.items():
        if name not in names:
            raise FileRefusedError(
                f"mapping.yml reads {name} from the column {text!r}, which the file lacks; the header is "
                f"{show_header(header)}"
            )
    positions = {name: place for place, name in enumerate(names) if name in contract.column_names}
    if not positions:
        refuse_values(contract, header)
    shown = show_header(header)
    if not positions:
        raise FileRefusedError(f"not an export of {contract.name}: the header is {shown}")
    twice = [name for name, count in Counter(names).items() if count > 1 and name in positions]
    if twice:
        raise FileRefusedError(f"two columns have the name {', '.join(twice)}; the header is {shown}")
    missing = [
        column
        for column in contract.columns
        if column not in LOADER_COLUMNS and column.name not in positions and column.name not in mapping.fixed
    ]
    extras = _extras(names, positions)
    unknown = {name: place for name, place in extras.items() if not name.startswith(_LOADER_PREFIXES)}
    # A vendor's object has many other columns, and its contract knows all names of its own.
    given = [*positions, *mapping.fixed]
    meant = {} if contract.is_vendor else _meant(contract, header, unknown, given)
    lacking = tuple(column.name for column in missing if column.required)
    refusal = None
    if lacking:
        word = "column" if len(lacking) == 1 else "columns"
        hints = [
            f"{header[place]!r} may be {meant[name]}" for name, place in unknown.items() if name in meant
        ]
        it = "it" if len(hints) == 1 else "them"
        hint = (
            f". {', '.join(hints)}: rename {it}, or map {it} in mapping.yml (`csw landing map` proposes one)"
        )
        refusal = (
            f"required {word} {', '.join(lacking)} missing; the header is {shown}{hint if hints else ''}"
        )
        positions |= {meant[name]: place for name, place in unknown.items() if name in meant}
    remarks = tuple(_remarks(contract, header, missing, unknown, meant))
    return Binding(positions, extras, remarks, refusal)


def refuse_values(contract: LandingObject, header: Sequence[str]) -> None:
    """Raise FileRefusedError if a header contains values. The message shows none, because logs keep it."""
    if any(_VALUE.fullmatch(text.strip()) for text in header):
        raise FileRefusedError(
            f"not an export of {contract.name}: the first line contains values, not column names. Add a "
            f"header above it, such as {','.join(contract.column_names[:3])}"
        )


def count_bound(contract: LandingObject, header: Sequence[str], mapping: FileMapping = NO_MAPPING) -> int:
    """Count the columns of the contract in a header."""
    return len({bound_name(contract, text, 0, mapping) for text in header} & set(contract.column_names))


def snake_case(text: str) -> str:
    """Convert `CreatedDate`, `Created Date` and `created-date` to `created_date`; keep a leading `_`."""
    text = text.strip()
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    joined = re.sub(r"[\W_]+", "_", words).lower().strip("_")
    return f"_{joined}" if text.startswith("_") and joined else joined


def bound_name(contract: LandingObject, text: str, position: int, mapping: FileMapping = NO_MAPPING) -> str:
    """Return the contract's name of a known column, otherwise the snake-cased name."""
    by_mapping = {squashed(mine): name for mine, name in mapping.columns.items()}
    found = mapping.columns.get(text) or by_mapping.get(squashed(text))
    if found:
        return found
    snake = snake_case(text)
    for prefix in ("", *contract.prefixes):
        if snake.startswith(prefix):
            bare = squashed(snake.removeprefix(prefix))
            for column in contract.columns:
                if bare in {squashed(name) for name in (column.name, *column.also)}:
                    # If the mapping reads the column from another one, the mapping has priority.
                    read_elsewhere = column.name in mapping.columns.values()
                    return f"{snake}_as_delivered" if read_elsewhere else column.name
    return snake or f"column_{position + 1}"


def _other_name(contract: LandingObject, text: str, place: int) -> str:
    """Return the name of a vendor's column outside the contract: snake-cased, without a prefix.

    A value of the contract may come from several columns. The column is then one of them.
    """
    name = snake_case(text) or f"column_{place + 1}"
    for prefix in contract.prefixes:
        name = name.removeprefix(f"{prefix.strip('_')}_") or name
    return f"{name}_as_delivered" if name in contract.column_names else name


def _extras(names: Sequence[str], positions: dict[str, int]) -> dict[str, int]:
    """Return the columns outside the contract; number those with equal names."""
    extras: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in positions and positions[name] == place:
            continue
        numbered, count = name, 1
        while numbered in extras or numbered in positions:
            count += 1
            numbered = f"{name}_{count}"
        extras[numbered] = place
    return extras


def _meant(
    contract: LandingObject, header: Sequence[str], unknown: dict[str, int], taken: Sequence[str]
) -> dict[str, str]:
    """Return the contract's column that each unknown column may mean."""
    meant: dict[str, str] = {}
    for name, place in unknown.items():
        found = column_meant(header[place], contract, [*taken, *meant.values()])
        if found:
            meant[name] = found
    return meant


def _remarks(
    contract: LandingObject,
    header: Sequence[str],
    missing: Sequence[Column],
    unknown: dict[str, int],
    meant: dict[str, str],
) -> Iterator[Remark]:
    """Return remarks about missing columns and about columns outside the contract."""
    if missing:
        names = ", ".join(column.name for column in missing)
        yield Remark("note", None, f"not delivered: {names}")
    for name, place in unknown.items():
        if name in meant:
            effect = _EFFECTS.get(meant[name], "stays empty")
            yield Remark(
                "told",
                None,
                f"{header[place]!r} is not a column of {contract.name}, and {meant[name]} is missing, so it "
                f"{effect}",
                f"If {header[place]!r} means {meant[name]}, rename it or map it in mapping.yml.",
            )
    others = ", ".join(name for name in unknown if name not in meant)
    if others:
        yield Remark("note", None, f"outside the contract, kept in _extra: {others}")


_EFFECTS = {"period_end": "stays empty and no period ever ends"}


def show_header(header: Sequence[str]) -> str:
    """Return the names of a header for a message."""
    shown = ", ".join(repr(text[:60]) for text in header[:_SHOWN])
    return shown + (f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else "")
