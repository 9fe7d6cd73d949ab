"""Which column of a file is which column of the contract: by name, never by position."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.contract import LandingObject
from orchestration.landing.refusal import FileRefusedError

_LOADER_PREFIXES = ("_fivetran_", "_airbyte_", "_ab_", "_dlt_", "_sdc_")
"""Columns that the usual loading tools add; they are carried along without a word."""

_SHOWN = 40


@dataclass(frozen=True)
class Binding:
    """Where the contract's columns stand in a file."""

    positions: dict[str, int]
    """Contract column -> position in the file, from 0. Columns that did not arrive are absent."""
    extras: dict[str, int]
    """Snake-cased name of every other column -> position."""
    notes: tuple[str, ...]


def bind(contract: LandingObject, header: Sequence[str]) -> Binding:
    """Match a header with a contract.

    Raises FileRefusedError for two columns of one name, a missing required column, or a header that
    shares nothing with the contract.
    """
    names = [bound_name(contract, text, position) for position, text in enumerate(header)]
    positions = {name: place for place, name in enumerate(names) if name in contract.column_names}
    shown = _show(header)
    if not positions:
        raise FileRefusedError(f"not an export of {contract.name}: the header held {shown}")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise FileRefusedError(f"two columns are named {', '.join(twice)}: the header held {shown}")
    missing = [column for column in contract.columns if column.name not in positions]
    required = [column.name for column in missing if column.required]
    if required:
        word = "column" if len(required) == 1 else "columns"
        raise FileRefusedError(f"required {word} {', '.join(required)} missing: the header held {shown}")
    extras = {name: place for place, name in enumerate(names) if name not in positions}
    unknown = [name for name in extras if not name.startswith(_LOADER_PREFIXES)]
    notes = []
    if missing:
        notes.append(f"not delivered, left empty: {', '.join(column.name for column in missing)}")
    if unknown:
        notes.append(f"not in the contract, kept in _extra: {', '.join(unknown)}")
    return Binding(positions, extras, tuple(notes))


def count_bound(contract: LandingObject, header: Sequence[str]) -> int:
    """How many columns of the contract a header names."""
    return len({bound_name(contract, text, 0) for text in header} & set(contract.column_names))


def snake_case(text: str) -> str:
    """`CreatedDate`, `Created Date` and `created-date` are all `created_date`; a leading `_` stays."""
    text = text.strip()
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text)
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words)
    joined = re.sub(r"[\W_]+", "_", words).lower().strip("_")
    return f"_{joined}" if text.startswith("_") and joined else joined


def bound_name(contract: LandingObject, text: str, position: int) -> str:
    """The contract's spelling where the contract knows the column, else the snake-cased name."""
    snake = snake_case(text)
    # A name such as `eMail` is only letter case, not words.
    for candidate in (snake, snake_case(text.lower())):
        for name in contract.column_names:
            if candidate == snake_case(name):
                return name
    return snake or f"column_{position + 1}"


def _show(header: Sequence[str]) -> str:
    shown = ", ".join(repr(text[:60]) for text in header[:_SHOWN])
    return shown + (f" and {len(header) - _SHOWN} more" if len(header) > _SHOWN else "")
