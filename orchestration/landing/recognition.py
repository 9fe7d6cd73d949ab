"""Recognise a vendor's object and the loading tool of a file by its columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import LOADER_COLUMNS, LandingObject

_TOOLS = {
    "_fivetran": "Fivetran",
    "_airbyte": "Airbyte",
    "_ab": "Airbyte",
    "_dlt": "dlt",
    "_sdc": "a Singer tap",
}
"""By the beginning of the names of its helper columns."""

_LEAST = 0.5
"""Least share of an object's columns, and of a file's columns, that have a counterpart."""

_SHORTEST = 3


@dataclass(frozen=True)
class Likeness:
    """How much a file looks like an object."""

    contract: LandingObject
    lacking: tuple[str, ...]
    """Columns of the object that the file lacks."""
    share: float
    """Share of the object's columns that the file has."""
    explained: float
    """Share of the file's columns that the object has."""


def tool_of(header: Iterable[str]) -> str:
    """Return the loading tool whose helper columns a file has; empty for other files."""
    found = (
        name for text in header for start, name in _TOOLS.items() if text.lower().startswith(f"{start}_")
    )
    return next(found, "")


def similar_objects(
    header: Iterable[str], contracts: Mapping[tuple[str, str], LandingObject]
) -> list[Likeness]:
    """Return the vendors' objects that a file with this header may be, the most similar one first."""
    names = _own_names(header)
    found = []
    for contract in contracts.values():
        if contract.is_vendor and names:
            likeness = _compare(contract, names)
            has_key = not set(contract.key) & set(likeness.lacking)
            if has_key and likeness.share >= _LEAST and likeness.explained >= _LEAST:
                found.append((likeness.share * likeness.explained, likeness))
    return [likeness for _, likeness in sorted(found, key=lambda one: -one[0])]


def nearest_objects(
    header: Iterable[str], contracts: Iterable[LandingObject], most: int = 2
) -> list[Likeness]:
    """Return the objects with the largest share of their columns in a header, if it has any."""
    names = _own_names(header)
    compared = [_compare(contract, names) for contract in contracts]
    known = [one for one in compared if one.share > 0]
    return sorted(known, key=lambda one: -one.share)[:most]


def other_object(
    header: Iterable[str], contract: LandingObject, others: Mapping[tuple[str, str], LandingObject]
) -> LandingObject | None:
    """Return the object of the same system that a file is much more likely to contain.

    An export for people has other units and one row per screen line, but some columns of the API's object.
    """
    names = _own_names(header)
    mine = {key: one for key, one in others.items() if one.source == contract.source and not one.inside}
    found = similar_objects(header, mine)
    if not found or found[0].contract.name == contract.name:
        return None
    own = _compare(contract, names).explained
    return found[0].contract if own < found[0].explained / 2 else None


def _own_names(header: Iterable[str]) -> list[str]:
    """Return the squashed names of the columns that no loading tool added."""
    return [squashed(text) for text in header if not tool_of([text])]


def _compare(contract: LandingObject, names: list[str]) -> Likeness:
    """Compare an object with squashed column names."""
    columns = [column for column in contract.columns if column not in LOADER_COLUMNS]
    prefixes = [squashed(prefix) for prefix in contract.prefixes]
    bare = {one: {one, *(one.removeprefix(prefix) for prefix in prefixes)} for one in names}
    given = set().union(*bare.values())
    lacking, explained = [], set()
    for column in columns:
        called = [squashed(one) for one in (column.name, *column.also)]
        exact = given & set(called)
        # An object of the API has the beginning of the names of its columns.
        inside = {one for one in given if len(one) >= _SHORTEST and any(n.startswith(one) for n in called)}
        if exact or inside:
            explained |= {one for one in names if bare[one] & (exact or inside)}
        else:
            lacking.append(column.name)
    lists = {squashed(one.inside.list[0]) for one in contract.lists if one.inside}
    explained |= {one for one in names if bare[one] & lists}
    share = 1 - len(lacking) / len(columns)
    return Likeness(contract, tuple(lacking), share, len(explained) / max(len(names), 1))
