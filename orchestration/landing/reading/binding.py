"""Which column of a file is which column of the contract: by name, never by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.refusal import FileRefusedError, Remark
from orchestration.landing.reading.suggest import column_meant

_LOADER_PREFIXES = ("_fivetran_", "_airbyte_", "_ab_", "_dlt_", "_sdc_")
"""Columns that the usual loading tools add; they are carried along without a word."""

_SHOWN = 40

_VALUE = re.compile(r"\S+@\S+\.\S+|[-+$€£]?\d[\d., ]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
"""An address, a number or a date: no column is called so."""


@dataclass(frozen=True)
class Binding:
    """Where the contract's columns stand in a file."""

    positions: dict[str, int]
    """Contract column -> position in the file, from 0. Columns that did not arrive are absent."""
    extras: dict[str, int]
    """Snake-cased name of every other column -> position; the second of one name is `name_2`."""
    remarks: tuple[Remark, ...] = ()
    refusal: str | None = None
    """Why the file cannot be loaded: required columns that it lacks, and what may be meant by others.
    `positions` then has those too, so that the rest of the file can be judged."""


def bind(contract: LandingObject, header: Sequence[str], mapping: FileMapping = NO_MAPPING) -> Binding:
    """Match a header with a contract, with the names that a mapping gives first.

    Raises FileRefusedError for two columns of one name, a mapping that names what the file lacks, or a header
    that shares nothing with the contract.
    """
    names = [bound_name(contract, text, position, mapping) for position, text in enumerate(header)]
    for text, name in mapping.columns.items():
        if name not in names:
            raise FileRefusedError(
                f"mapping.yml reads {name} from a column {text!r}, which the file lacks: the header held "
                f"{_show(header)}"
            )
    positions = {name: place for place, name in enumerate(names) if name in contract.column_names}
    shown = _show(header)
    if not positions and any(_VALUE.fullmatch(text.strip()) for text in header):
        # Values of rows are nobody's business, and here they would be told in logs.
        raise FileRefusedError(
            f"not an export of {contract.name}: the first line holds values, not names of columns. "
            "Put a header "
            f"above it, such as {','.join(contract.column_names[:3])}"
        )
    if not positions:
        raise FileRefusedError(f"not an export of {contract.name}: the header held {shown}")
    twice = [name for name, count in Counter(names).items() if count > 1 and name in positions]
    if twice:
        raise FileRefusedError(f"two columns are named {', '.join(twice)}: the header held {shown}")
    missing = [
        column
        for column in contract.columns
        if column.name not in positions and column.name not in mapping.fixed
    ]
    extras = _extras(names, positions)
    unknown = {name: place for name, place in extras.items() if not name.startswith(_LOADER_PREFIXES)}
    meant = _meant(contract, header, unknown, [*positions, *mapping.fixed])
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
            f"required {word} {', '.join(lacking)} missing: the header held {shown}{hint if hints else ''}"
        )
        positions |= {meant[name]: place for name, place in unknown.items() if name in meant}
    remarks = tuple(_remarks(contract, header, missing, unknown, meant))
    return Binding(positions, extras, remarks, refusal)


def count_bound(contract: LandingObject, header: Sequence[str], mapping: FileMapping = NO_MAPPING) -> int:
    """How many columns of the contract a header names."""
    return len({bound_name(contract, text, 0, mapping) for text in header} & set(contract.column_names))


def snake_case(text: str) -> str:
    """`CreatedDate`, `Created Date` and `created-date` are all `created_date`; a leading `_` stays."""
    text = text.strip()
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    joined = re.sub(r"[\W_]+", "_", words).lower().strip("_")
    return f"_{joined}" if text.startswith("_") and joined else joined


def bound_name(contract: LandingObject, text: str, position: int, mapping: FileMapping = NO_MAPPING) -> str:
    """The contract's name where the mapping or the contract knows the column, else the snake-cased name."""
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
                    # A mapping that reads the column from elsewhere wins.
                    read_elsewhere = column.name in mapping.columns.values()
                    return f"{snake}_as_delivered" if read_elsewhere else column.name
    return snake or f"column_{position + 1}"


def _extras(names: Sequence[str], positions: dict[str, int]) -> dict[str, int]:
    """Columns outside the contract; what is named alike is numbered."""
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
    """By the name of an unknown column the one that it may mean."""
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
    """What was not delivered, and what nothing reads."""
    if missing:
        names = ", ".join(column.name for column in missing)
        yield Remark("note", None, f"not delivered: {names}")
    for name, place in unknown.items():
        if name in meant:
            effect = _EFFECTS.get(meant[name], "stays empty")
            yield Remark(
                "told",
                None,
                f"{header[place]!r} is no column of {contract.name}, and {meant[name]} was not "
                f"delivered: it {effect}",
                f"Rename {header[place]!r} to {meant[name]} if it is that, or map it in mapping.yml.",
            )
    others = ", ".join(name for name in unknown if name not in meant)
    if others:
        yield Remark("note", None, f"not in the contract, kept in _extra: {others}")


_EFFECTS = {"period_end": "stays empty, so nothing ever ends"}


def _show(header: Sequence[str]) -> str:
    shown = ", ".join(repr(text[:60]) for text in header[:_SHOWN])
    return shown + (f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else "")
