"""Find the columns of a vendor's object wherever a loading tool puts them.

An API nests objects. Loading tools flatten them, or keep them as JSON, and give columns their own names. So
this module looks for each column of the contract by its names: as a column of the file, and in the objects of
the file's columns. It opens envelopes, joins columns that mean the same, and makes the elements of a list
records of their own. Only objects are searched for columns, never lists. A column of the file takes
precedence over one in an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import IS_DELETED, Column, LandingObject
from orchestration.landing.reading import tables
from orchestration.landing.reading.jsonlines import exact_fields, marked, unmarked
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.readers import Reading
from orchestration.landing.reading.refusal import FileRefusedError

_ELEMENT = "element"
_INHERITED = ("_extracted_at", "_version_from", "_version_to")
"""What a loading tool says about a record is true of the elements of its lists too."""


@dataclass(frozen=True)
class _Spot:
    """A place in a record: a column of RAW, and the keys on the way into its object."""

    place: int
    keys: tuple[str, ...] = ()


@dataclass
class _Record:
    """The delivered records with their columns and, where needed, the keys of the objects in them."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    header: tuple[str, ...]
    prefixes: tuple[str, ...]
    _known: dict[_Spot, list[str]] = field(default_factory=dict)
    _objects: frozenset[int] | None = None

    @property
    def objects(self) -> frozenset[int]:
        """Return the columns with a JSON object in some record."""
        if self._objects is None:
            flags = ", ".join(
                f"coalesce(bool_or(starts_with(c{place}, '{{')), false)" for place in range(len(self.header))
            )
            row = self.connection.execute(f"select {flags} from {self.relation}").fetchone() if flags else ()
            self._objects = frozenset(place for place, is_object in enumerate(row or ()) if is_object)
        return self._objects

    def keys(self, spot: _Spot) -> list[str]:
        """Return the keys of the object at a spot, over all records, in the order of the alphabet."""
        if spot not in self._known:
            cell = f"c{spot.place}"
            rows = self.connection.execute(
                f"select distinct unnest(json_keys({cell}, {quote_literal(_path(spot.keys))})) "
                f"from {self.relation} where starts_with({cell}, '{{') and json_valid({cell})"
            ).fetchall()
            self._known[spot] = sorted(key for (key,) in rows if '"' not in key)
        return self._known[spot]

    def names(self, text: str) -> list[str]:
        """Return a squashed header, and without each prefix."""
        name = squashed(text)
        bare = [name.removeprefix(squashed(prefix)) for prefix in self.prefixes]
        return list(dict.fromkeys([name, *(one for one in bare if one)]))

    def flat(self, wanted: str) -> Iterator[_Spot]:
        """Yield the columns with a name. Raises FileRefusedError if two columns have it."""
        named = [place for place, text in enumerate(self.header) if squashed(text) == wanted]
        if len(named) > 1:
            twice = " and ".join(repr(self.header[place]) for place in named)
            raise FileRefusedError(f"two columns have the same name: {twice}")
        yield from (_Spot(place) for place in named)
        for place, text in enumerate(self.header):
            if place not in named and wanted in self.names(text):
                yield _Spot(place)

    def nested(self, wanted: str) -> Iterator[_Spot]:
        """Yield the spots in objects with a name."""
        for place, text in enumerate(self.header):
            is_envelope = squashed(text) in {squashed(prefix) for prefix in self.prefixes}
            for name in (*self.names(text), *([""] if is_envelope else [])):
                rest = wanted.removeprefix(name)
                if wanted.startswith(name) and rest and place in self.objects:
                    yield from self._descend(_Spot(place), rest)

    def _descend(self, spot: _Spot, wanted: str) -> Iterator[_Spot]:
        for key in self.keys(spot):
            name, inner = squashed(key), _Spot(spot.place, (*spot.keys, key))
            if name == wanted:
                yield inner
            elif name and wanted.startswith(name):
                yield from self._descend(inner, wanted.removeprefix(name))


def find_columns(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    reading: Reading,
    mapping: FileMapping = NO_MAPPING,
) -> Reading:
    """Return the reading of a vendor's file with `bound`, the place of each column of the contract.

    RAW becomes a table with a further column for each value from an object, or from several columns. Other
    contracts keep their reading.
    """
    if not contract.is_vendor:
        return reading
    reading = _opened(connection, contract, reading)
    record = _Record(connection, tables.RAW, reading.header, contract.prefixes)
    bound: dict[str, int] = {}
    added: dict[str, list[_Spot]] = {}
    for column in contract.columns:
        spots = list(_spots(record, column, mapping))
        if len(spots) == 1 and not spots[0].keys and column.name != IS_DELETED:
            bound[column.name] = spots[0].place
        elif spots:
            added[column.name] = spots
    if not added:
        return replace(reading, bound=bound)
    used = {spot for spots in added.values() for spot in spots if spot.keys}
    fields = _fields(sorted(used, key=lambda spot: (spot.place, spot.keys)))
    header = list(reading.header)
    values = []
    for name, spots in added.items():
        bound[name] = len(header)
        texts = [fields[spot] if spot.keys else f"c{spot.place}" for spot in spots]
        value = _is_deleted(texts) if name == IS_DELETED else _first(texts)
        values.append(f"{value} as c{len(header)}")
        header.append(name)
    _keep(connection, f"select *, {', '.join(values)} from ({_with_fields(tables.RAW, fields)})", len(header))
    return replace(reading, header=tuple(header), bound=bound)


def list_records(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    parent: LandingObject,
    reading: Reading,
    table: str,
) -> Reading | None:
    """Put the elements of a list in the parent's records into `table`; None if the file has no such list.

    Lists on the way to the list are unnested too. RAW holds the parent's records, after `find_columns`.
    """
    assert contract.inside is not None
    ways = {**{name: (name,) for name in _INHERITED}, **contract.inside.given}
    header, relation = reading.header, tables.RAW
    given: dict[str, str] = {}
    rest: tuple[str, ...] = contract.inside.list
    taken: tuple[str, ...] = ()
    prefixes = parent.prefixes
    while rest:
        record = _Record(connection, relation, header, prefixes)
        found = _list_at(record, rest)
        if found is None:
            return None
        steps, spot = found
        here = {name: way[len(taken) :] for name, way in ways.items() if way[: len(taken)] == taken}
        here = {name: way for name, way in here.items() if way[:steps] != rest[:steps]}
        spots = {name: _first_spot(record, way, reading if not taken else None) for name, way in here.items()}
        taken, rest = (*taken, *rest[:steps]), rest[steps:]
        carried = {name: f"g{place}" for place, name in enumerate(ways)}
        _unnest(connection, relation, spot, {n: s for n, s in spots.items() if s}, carried, given, table)
        given |= {name: carried[name] for name, one in spots.items() if one}
        header, relation, prefixes = (_ELEMENT,), table, (_ELEMENT,)
    return _elements(connection, table, given)


def use_records(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Make the records of a table the RAW ones."""
    connection.execute(f"delete from {tables.BROKEN}")
    tables.create_raw(connection, f"select * from {table}")


def _opened(connection: duckdb.DuckDBPyConnection, contract: LandingObject, reading: Reading) -> Reading:
    """Replace each envelope, a column that has the name of a prefix and holds objects, by its keys."""
    names = {squashed(prefix) for prefix in contract.prefixes}
    while True:
        record = _Record(connection, tables.RAW, reading.header, contract.prefixes)
        found = [place for place, text in enumerate(reading.header) if squashed(text) in names]
        found = [place for place in found if place in record.objects]
        if not found:
            return reading
        place = found[0]
        spots = [_Spot(place, (key,)) for key in record.keys(_Spot(place))]
        kept = [other for other in range(len(reading.header)) if other != place]
        header = [reading.header[other] for other in kept] + [spot.keys[0] for spot in spots]
        fields = _fields(spots)
        columns = [f"c{other} as c{new}" for new, other in enumerate(kept)]
        columns += [f"{fields[spot]} as c{len(kept) + new}" for new, spot in enumerate(spots)]
        _keep(
            connection,
            f"select record, line, {', '.join(columns)} from ({_with_fields(tables.RAW, fields)})",
            len(header),
        )
        reading = replace(reading, header=tuple(header), typed=frozenset())


def _spots(record: _Record, column: Column, mapping: FileMapping) -> Iterator[_Spot]:
    """Yield the places of a column in order of precedence: its mapping, its name, then its other names."""
    mapped = {squashed(text) for text, name in mapping.columns.items() if name == column.name}
    if mapped:
        yield from (_Spot(place) for place, text in enumerate(record.header) if squashed(text) in mapped)
        return
    met: set[_Spot] = set()
    names = [squashed(name) for name in (column.name, *column.also)]
    for search in (record.flat, record.nested):
        for name in names:
            for spot in search(name):
                if spot not in met:
                    met.add(spot)
                    yield spot


def _first(texts: Sequence[str]) -> str:
    """Return SQL of the first value that is not an object, or else of the first object.

    An API may replace an id by the whole object.
    """
    if len(texts) == 1:
        return texts[0]
    plain = [f"case when not starts_with({text}, '{{') then nullif({text}, '') end" for text in texts]
    return f"coalesce({', '.join([*plain, *texts])})"


def _is_deleted(texts: Iterable[str]) -> str:
    """Return SQL that is true if any text is true or a time, and null if all are empty."""
    given = list(texts)
    true = "'true', 't', 'yes', 'y', '1', '1.0'"
    flags = " or ".join(
        f"coalesce(lower({text}) in ({true}) or {text} like '____-__-__%', false)" for text in given
    )
    return f"case when {flags} then 'true' when coalesce({', '.join(given)}, '') <> '' then 'false' end"


def _fields(spots: Sequence[_Spot]) -> dict[_Spot, str]:
    """Return the SQL of each spot's text on the relation that `_with_fields` makes."""
    fields: dict[_Spot, str] = {}
    counted: dict[int, int] = {}
    for spot in spots:
        counted[spot.place] = counted.get(spot.place, 0) + 1
        fields[spot] = unmarked(f"f{spot.place}[{counted[spot.place]}]")
    return fields


def _with_fields(relation: str, fields: dict[_Spot, str]) -> str:
    """Return SQL of a relation with `f<place>`, the list of the texts at the spots of a column."""
    by_place: dict[int, list[_Spot]] = {}
    for spot in fields:
        by_place.setdefault(spot.place, []).append(spot)
    lists = [
        f"{exact_fields(_object(place), [_path(spot.keys) for spot in spots])} as f{place}"
        for place, spots in by_place.items()
    ]
    return f"select {', '.join(['*', *lists])} from {relation}"


def _object(place: int) -> str:
    return f"case when starts_with(c{place}, '{{') and json_valid(c{place}) then c{place} end"


def _keep(connection: duckdb.DuckDBPyConnection, query: str, width: int) -> None:
    """Store records of `width` columns as the RAW ones."""
    columns = ", ".join(["record", "line", *(f"c{place}" for place in range(width))])
    connection.execute(f"create temp table more_columns as select {columns} from ({query})")
    connection.execute("drop table if exists with_columns")
    connection.execute("alter table more_columns rename to with_columns")
    tables.create_raw(connection, "select * from with_columns")


def _list_at(record: _Record, way: tuple[str, ...]) -> tuple[int, _Spot] | None:
    """Return how many keys of a way lead to the first list, and the list's spot."""
    for steps in range(1, len(way) + 1):
        wanted = squashed("".join(way[:steps]))
        for search in (record.flat, record.nested):
            for spot in search(wanted):
                cell = f"c{spot.place}"
                path = quote_literal(_path(spot.keys))
                is_list = (
                    f"json_type({cell}, {path}) = 'ARRAY'" if spot.keys else f"json_type({cell}) = 'ARRAY'"
                )
                found = record.connection.execute(
                    f"select 1 from {record.relation} where {cell}[1] in ('{{', '[') and json_valid({cell}) "
                    f"and {is_list} limit 1"
                ).fetchone()
                if found:
                    return steps, spot
    return None


def _first_spot(record: _Record, way: tuple[str, ...], reading: Reading | None) -> _Spot | None:
    """Return the spot of a value that each element of a list gets; `reading` is the parent's."""
    if reading and reading.bound and "_".join(way) in reading.bound:
        return _Spot(reading.bound["_".join(way)])
    wanted = squashed("".join(way))
    return next((spot for search in (record.flat, record.nested) for spot in search(wanted)), None)


def _unnest(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    spot: _Spot,
    spots: dict[str, _Spot],
    carried: dict[str, str],
    given: dict[str, str],
    table: str,
) -> None:
    """Store one record per element of a list: `c0` is the element, `g<n>` are the given values."""
    cell = f"c{spot.place}"
    text = f"case when {cell}[1] in ('{{', '[') and json_valid({cell}) then {cell} end"
    fields = _fields([one for one in spots.values() if one.keys])
    values = [
        f"{fields[one] if one.keys else f'c{one.place}'} as {carried[name]}" for name, one in spots.items()
    ]
    kept = [name for name in given.values() if name not in {carried[one] for one in spots}]
    columns = ", ".join(["record", "line", *kept, *values])
    path = quote_literal("$" + "".join(f'."{key}"' for key in spot.keys) + "[*]")
    inner = f"select {columns}, json_extract({marked(text)}, {path}) as elements from "
    inner += f"({_with_fields(relation, fields)})"
    names = ", ".join([*kept, *(carried[name] for name in spots)])
    others = f", {names}" if names else ""
    elements = (
        f"select record, line{others}, generate_subscripts(elements, 1) as place, "
        f"unnest(elements)->>'$' as element from ({inner})"
    )
    connection.execute(
        "create temp table unnested as select row_number() over (order by record, place) as record, "
        f"line, {unmarked('element')} as c0{others} from ({elements})"
    )
    connection.execute(f"drop table if exists {table}")
    connection.execute(f"alter table unnested rename to {table}")


def _elements(connection: duckdb.DuckDBPyConnection, table: str, given: dict[str, str]) -> Reading:
    """Give the elements' keys columns of their own. A plain value is in the column `value`."""
    record = _Record(connection, table, (_ELEMENT,), (_ELEMENT,))
    spots = [_Spot(0, (key,)) for key in record.keys(_Spot(0))] if record.objects else []
    fields = _fields(spots)
    header = [spot.keys[0] for spot in spots]
    columns = [f"{fields[spot]} as c{place}" for place, spot in enumerate(spots)]
    if not spots:
        header.append("value")
        columns.append("c0 as c0")
    for name, column in given.items():
        known = {squashed(one): place for place, one in enumerate(header)}
        if squashed(name) in known:
            place = known[squashed(name)]
            inner = columns[place].rpartition(" as ")[0]
            columns[place] = f"coalesce({inner}, {column}) as c{place}"
        else:
            columns.append(f"{column} as c{len(header)}")
            header.append(name)
    connection.execute(
        f"create temp table unnested as select record, line, {', '.join(columns)} "
        f"from ({_with_fields(table, fields)})"
    )
    connection.execute(f"drop table {table}")
    connection.execute(f"alter table unnested rename to {table}")
    return Reading(tuple(header), tables.count(connection, table), is_json=False)


def _path(keys: Sequence[str]) -> str:
    """Return the JSON pointer of a way."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
