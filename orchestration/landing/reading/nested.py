"""Find the columns of a vendor's object wherever a loading tool puts them.

An API nests objects. Loading tools flatten them, or keep them as JSON, and give columns their own names. So
this module looks for each column of the contract by its names: as a column of the file, and in the objects of
the file's columns. It opens envelopes, joins columns that mean the same, and makes the elements of a list
records of their own. Only objects are searched for columns, never lists. A column of the file takes
precedence over one in an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from orchestration.core.database import quote_literal
from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import IS_DELETED, Column, LandingObject
from orchestration.landing.reading import tables
from orchestration.landing.reading.jsonlines import marked, unmarked
from orchestration.landing.reading.mapping import NO_MAPPING, FileMapping
from orchestration.landing.reading.readers import Reading
from orchestration.landing.reading.spots import (
    Record,
    Records,
    Spot,
    fields_at,
    json_pointer,
    with_fields,
)

_ELEMENT = "element"
_INHERITED = ("_extracted_at", "_version_from", "_version_to")
"""What a loading tool says about a record is true of the elements of its lists too."""


@dataclass(frozen=True)
class FileRecords:
    """The records of RAW; see `Records`."""

    connection: duckdb.DuckDBPyConnection
    relation: str = tables.RAW

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def keep(self, query: str, width: int) -> None:
        _keep(self.connection, query, width)

    def fields(self, spots: Sequence[Spot]) -> tuple[dict[Spot, str], str]:
        found = fields_at(spots)
        return found, f"({with_fields(self.relation, found)})"


def find_columns(
    records: Records,
    contract: LandingObject,
    reading: Reading,
    mapping: FileMapping = NO_MAPPING,
) -> Reading:
    """Return the reading of a vendor's file with `bound`, the place of each column of the contract.

    The records get a further column for each value from an object, or from several columns. Other contracts
    keep their reading.
    """
    if not contract.is_vendor:
        return reading
    if contract.skips_rows and reading.delimiter:
        reading = _skipped(records, contract, reading)
    reading = _opened(records, contract, reading)
    record = Record(records.rows, records.relation, reading.header, contract.prefixes)
    bound: dict[str, int] = {}
    added: dict[str, list[Spot]] = {}
    for column in contract.columns:
        spots = list(_spots(record, column, mapping))
        if len(spots) == 1 and not spots[0].keys and column.name != IS_DELETED:
            bound[column.name] = spots[0].place
        elif spots:
            added[column.name] = spots
    if not added:
        return replace(reading, bound=bound)
    used = {spot for spots in added.values() for spot in spots if spot.keys}
    fields, source = records.fields(sorted(used, key=lambda spot: (spot.place, spot.keys)))
    header = list(reading.header)
    values = []
    for name, spots in added.items():
        bound[name] = len(header)
        texts = [fields[spot] if spot.keys else f"c{spot.place}" for spot in spots]
        value = _is_deleted(texts) if name == IS_DELETED else _first(texts)
        values.append(f"{value} as c{len(header)}")
        header.append(name)
    records.keep(f"select *, {', '.join(values)} from {source}", len(header))
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
        record = Record(FileRecords(connection).rows, relation, header, prefixes)
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


def _skipped(records: Records, contract: LandingObject, reading: Reading) -> Reading:
    """Leave out the first rows, which are no records."""
    skipped = min(contract.skips_rows, reading.rows)
    query = f"select * from {records.relation} where record > {contract.skips_rows}"
    records.keep(query, len(reading.header))
    return replace(reading, rows=reading.rows - skipped, blank=reading.blank + skipped)


def _opened(records: Records, contract: LandingObject, reading: Reading) -> Reading:
    """Replace each envelope, a column that has the name of a prefix and holds objects, by its keys."""
    names = {squashed(prefix) for prefix in contract.prefixes}
    while True:
        record = Record(records.rows, records.relation, reading.header, contract.prefixes)
        found = [place for place, text in enumerate(reading.header) if squashed(text) in names]
        found = [place for place in found if place in record.objects]
        if not found:
            return reading
        place = found[0]
        spots = [Spot(place, (key,)) for key in record.keys(Spot(place))]
        kept = [other for other in range(len(reading.header)) if other != place]
        header = [reading.header[other] for other in kept] + [spot.keys[0] for spot in spots]
        fields, source = records.fields(spots)
        columns = [f"c{other} as c{new}" for new, other in enumerate(kept)]
        columns += [f"{fields[spot]} as c{len(kept) + new}" for new, spot in enumerate(spots)]
        records.keep(f"select record, line, {', '.join(columns)} from {source}", len(header))
        reading = replace(reading, header=tuple(header), types={})


def _spots(record: Record, column: Column, mapping: FileMapping) -> Iterator[Spot]:
    """Yield the places of a column in order of precedence: its mapping, its name, then its other names."""
    mapped = {squashed(text) for text, name in mapping.columns.items() if name == column.name}
    if mapped:
        yield from (Spot(place) for place, text in enumerate(record.header) if squashed(text) in mapped)
        return
    met: set[Spot] = set()
    for search in (record.flat, record.nested):
        for name in (column.name, *column.also):
            for spot in search(squashed(name)):
                # `Record ID` of an export is not `_record_id` of a loading tool.
                is_of_tool = not name.startswith("_") or record.header[spot.place].startswith("_")
                if is_of_tool and spot not in met:
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


def _keep(connection: duckdb.DuckDBPyConnection, query: str, width: int) -> None:
    """Store records of `width` columns as the RAW ones."""
    columns = ", ".join(["record", "line", *(f"c{place}" for place in range(width))])
    _replace(connection, "with_columns", f"select {columns} from ({query})")
    tables.create_raw(connection, "select * from with_columns")


def _replace(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    """Store a query, which may read the table that it replaces."""
    connection.execute(f"create temp table replacement as {query}")
    connection.execute(f"drop table if exists {table}")
    connection.execute(f"alter table replacement rename to {table}")


def _list_at(record: Record, way: tuple[str, ...]) -> tuple[int, Spot] | None:
    """Return how many keys of a way lead to the first list, and the list's spot."""
    for steps in range(1, len(way) + 1):
        wanted = squashed("".join(way[:steps]))
        for search in (record.flat, record.nested):
            for spot in search(wanted):
                cell = f"c{spot.place}"
                path = quote_literal(json_pointer(spot.keys))
                is_list = (
                    f"json_type({cell}, {path}) = 'ARRAY'" if spot.keys else f"json_type({cell}) = 'ARRAY'"
                )
                found = record.rows(
                    f"select 1 from {record.relation} where {cell}[1] in ('{{', '[') and json_valid({cell}) "
                    f"and {is_list} limit 1"
                )
                if found:
                    return steps, spot
    return None


def _first_spot(record: Record, way: tuple[str, ...], reading: Reading | None) -> Spot | None:
    """Return the spot of a value that each element of a list gets; `reading` is the parent's."""
    if reading and reading.bound and "_".join(way) in reading.bound:
        return Spot(reading.bound["_".join(way)])
    wanted = squashed("".join(way))
    return next((spot for search in (record.flat, record.nested) for spot in search(wanted)), None)


def _unnest(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    spot: Spot,
    spots: dict[str, Spot],
    carried: dict[str, str],
    given: dict[str, str],
    table: str,
) -> None:
    """Store one record per element of a list: `c0` is the element, `g<n>` are the given values."""
    cell = f"c{spot.place}"
    text = f"case when {cell}[1] in ('{{', '[') and json_valid({cell}) then {cell} end"
    fields = fields_at([one for one in spots.values() if one.keys])
    values = [
        f"{fields[one] if one.keys else f'c{one.place}'} as {carried[name]}" for name, one in spots.items()
    ]
    kept = [name for name in given.values() if name not in {carried[one] for one in spots}]
    columns = ", ".join(["record", "line", *kept, *values])
    path = quote_literal("$" + "".join(f'."{key}"' for key in spot.keys) + "[*]")
    inner = f"select {columns}, json_extract({marked(text)}, {path}) as elements from "
    inner += f"({with_fields(relation, fields)})"
    names = ", ".join([*kept, *(carried[name] for name in spots)])
    others = f", {names}" if names else ""
    elements = (
        f"select record, line{others}, generate_subscripts(elements, 1) as place, "
        f"unnest(elements)->>'$' as element from ({inner})"
    )
    _replace(
        connection,
        table,
        "select row_number() over (order by record, place) as record, "
        f"line, {unmarked('element')} as c0{others} from ({elements})",
    )


def _elements(connection: duckdb.DuckDBPyConnection, table: str, given: dict[str, str]) -> Reading:
    """Give the elements' keys columns of their own. A plain value is in the column `value`."""
    record = Record(FileRecords(connection).rows, table, (_ELEMENT,), (_ELEMENT,))
    spots = [Spot(0, (key,)) for key in record.keys(Spot(0))] if record.objects else []
    fields = fields_at(spots)
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
    _replace(
        connection, table, f"select record, line, {', '.join(columns)} from ({with_fields(table, fields)})"
    )
    return Reading(tuple(header), tables.count(connection, table), is_json=False)
