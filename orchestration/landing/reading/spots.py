"""Where a value is in delivered records: in a column, or under keys of the object in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestration.core.database import quote_literal
from orchestration.core.spelling import squashed
from orchestration.landing.reading.jsonlines import exact_fields, unmarked
from orchestration.landing.reading.refusal import FileRefusedError


@dataclass(frozen=True)
class Spot:
    """A place in a record: a column of RAW, and the keys on the way into its object."""

    place: int
    keys: tuple[str, ...] = ()


Rows = Callable[[str], Sequence[tuple[Any, ...]]]
"""Returns the rows of a query."""


class Records(Protocol):
    """Delivered records in an engine, in one relation with `record`, `line` and `c0`, `c1`, ..."""

    @property
    def relation(self) -> str:
        """Name of the relation."""
        ...

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a query, which may read the relation."""
        ...

    def keep(self, query: str, width: int) -> None:
        """Make the records of a query, which have `width` cells, those of the relation."""
        ...

    def fields(self, spots: Sequence[Spot]) -> tuple[dict[Spot, str], str]:
        """Return SQL of the text at each spot, and of a relation on which it works."""
        ...


@dataclass
class Record:
    """The delivered records with their columns and, where needed, the keys of the objects in them."""

    rows: Rows
    relation: str
    header: tuple[str, ...]
    prefixes: tuple[str, ...]
    _known: dict[Spot, list[str]] = field(default_factory=dict)
    _objects: frozenset[int] | None = None

    @property
    def objects(self) -> frozenset[int]:
        """Return the columns with a JSON object in some record."""
        if self._objects is None:
            flags = ", ".join(
                f"coalesce(bool_or(starts_with(c{place}, '{{')), false)" for place in range(len(self.header))
            )
            row = self.rows(f"select {flags} from {self.relation}")[0] if flags else ()
            self._objects = frozenset(place for place, is_object in enumerate(row) if is_object)
        return self._objects

    def keys(self, spot: Spot) -> list[str]:
        """Return the keys of the object at a spot, over all records, in the order of the alphabet."""
        if spot not in self._known:
            cell = f"c{spot.place}"
            rows = self.rows(
                f"select distinct unnest(json_keys({cell}, {quote_literal(json_pointer(spot.keys))})) "
                f"from {self.relation} where starts_with({cell}, '{{') and json_valid({cell})"
            )
            self._known[spot] = sorted(key for (key,) in rows if '"' not in key)
        return self._known[spot]

    def names(self, text: str) -> list[str]:
        """Return a squashed header, and without each prefix."""
        name = squashed(text)
        bare = [name.removeprefix(squashed(prefix)) for prefix in self.prefixes]
        return list(dict.fromkeys([name, *(one for one in bare if one)]))

    def flat(self, wanted: str) -> Iterator[Spot]:
        """Yield the columns with a name. Raises FileRefusedError if two columns have it."""
        named = [place for place, text in enumerate(self.header) if squashed(text) == wanted]
        if len(named) > 1:
            twice = " and ".join(repr(self.header[place]) for place in named)
            raise FileRefusedError(f"two columns have the same name: {twice}")
        yield from (Spot(place) for place in named)
        for place, text in enumerate(self.header):
            if place not in named and wanted in self.names(text):
                yield Spot(place)

    def nested(self, wanted: str) -> Iterator[Spot]:
        """Yield the spots in objects with a name."""
        for place, text in enumerate(self.header):
            is_envelope = squashed(text) in {squashed(prefix) for prefix in self.prefixes}
            for name in (*self.names(text), *([""] if is_envelope else [])):
                rest = wanted.removeprefix(name)
                if wanted.startswith(name) and rest and place in self.objects:
                    yield from self._descend(Spot(place), rest)

    def _descend(self, spot: Spot, wanted: str) -> Iterator[Spot]:
        for key in self.keys(spot):
            name, inner = squashed(key), Spot(spot.place, (*spot.keys, key))
            if name == wanted:
                yield inner
            elif name and wanted.startswith(name):
                yield from self._descend(inner, wanted.removeprefix(name))


def fields_at(spots: Sequence[Spot]) -> dict[Spot, str]:
    """Return the SQL of each spot's text on the relation that `_with_fields` makes."""
    fields: dict[Spot, str] = {}
    counted: dict[int, int] = {}
    for spot in spots:
        counted[spot.place] = counted.get(spot.place, 0) + 1
        fields[spot] = unmarked(f"f{spot.place}[{counted[spot.place]}]")
    return fields


def with_fields(relation: str, fields: dict[Spot, str]) -> str:
    """Return SQL of a relation with `f<place>`, the list of the texts at the spots of a column."""
    by_place: dict[int, list[Spot]] = {}
    for spot in fields:
        by_place.setdefault(spot.place, []).append(spot)
    lists = [
        f"{exact_fields(_object(place), [json_pointer(spot.keys) for spot in spots])} as f{place}"
        for place, spots in by_place.items()
    ]
    return f"select {', '.join(['*', *lists])} from {relation}"


def _object(place: int) -> str:
    return f"case when starts_with(c{place}, '{{') and json_valid(c{place}) then c{place} end"


def json_pointer(keys: Sequence[str]) -> str:
    """Return the JSON pointer of a way."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
