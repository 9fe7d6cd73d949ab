"""The records of a vendor's API, as the usual loading tools write them into files.

What is known of each tool is written here once, and knows nothing of the contracts.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
Objects = Mapping[str, Sequence[Record]]
"""By object of the API: its records, with nested objects and lists."""

Files = dict[str, str]
"""By `<folder>/<name>`: the text of a file."""

SYNCED_AT = "2026-01-05T04:00:00Z"


@dataclass(frozen=True)
class Naming:
    """How loading tools name one object of a system."""

    singular: str
    """Folder at Fivetran and dlt."""
    keys: tuple[str, ...] = ()
    """Fields with ids of other objects. Fivetran adds `_id` to their names."""
    lists: Mapping[str, str] = field(default_factory=dict)
    """By dotted way to a list: its folder at Fivetran."""
    epochs: tuple[str, ...] = ()
    """Fields with epoch seconds. Singer taps turn them into texts."""
    parent_key: str = "id"


Names = Mapping[str, Naming]


def as_api(objects: Objects, names: Names) -> Files:
    """The records as the API sends them, one JSON object per line."""
    return {f"{name}/part.jsonl": _lines(records) for name, records in objects.items() if records}


def as_airbyte(objects: Objects, names: Names) -> Files:
    """Airbyte in a warehouse: names in lower case, nested values as JSON text, columns of its own."""
    files = {}
    for name, records in objects.items():
        rows = [
            {
                key.lower(): json.dumps(value) if isinstance(value, dict | list) else value
                for key, value in one.items()
            }
            | {"_airbyte_raw_id": f"r{place}", "_airbyte_extracted_at": SYNCED_AT, "_airbyte_meta": "{}"}
            for place, one in enumerate(records)
        ]
        if rows:
            files[f"{name}/part.csv"] = _csv(rows)
    return files


def as_airbyte_unflattened(objects: Objects, names: Names) -> Files:
    """Airbyte without normalization: one column with the whole record."""
    return {
        f"{name}/part.jsonl": _lines(
            {"_airbyte_ab_id": f"r{place}", "_airbyte_emitted_at": 1767585600000, "_airbyte_data": one}
            for place, one in enumerate(records)
        )
        for name, records in objects.items()
        if records
    }


def as_fivetran(objects: Objects, names: Names) -> Files:
    """Fivetran: tables in the singular, flat columns in snake case, a table for each list."""
    files = {}
    for name, records in objects.items():
        naming = names[name]
        rows: list[Record] = []
        lists: dict[str, list[Record]] = {folder: [] for folder in naming.lists.values()}
        for one in records:
            rest = one
            for way, folder in naming.lists.items():
                elements, rest = _taken(rest, way.split("."))
                lists[folder] += [
                    {
                        f"{naming.singular.removesuffix('_history')}_id": one[naming.parent_key],
                        **_flat(element, "_", naming.keys, _split),
                    }
                    for element in elements
                ]
            rows.append(_flat(rest, "_", naming.keys, _split))
        for folder, found in ((naming.singular, rows), *lists.items()):
            if found:
                helpers = {"_fivetran_synced": SYNCED_AT, "_fivetran_deleted": "false"}
                files[f"{folder}/part.csv"] = _csv([row | helpers for row in found])
    return files


def as_fivetran_history(versions: Sequence[tuple[Record, str, str | None]], naming: Naming) -> Files:
    """Versions that Fivetran kept, each with its start and its end. It keeps none of lists."""
    rows = []
    for record, start, end in versions:
        rest = record
        for way in naming.lists:
            _, rest = _taken(rest, way.split("."))
        helpers = {
            "_fivetran_synced": SYNCED_AT,
            "_fivetran_start": start,
            "_fivetran_end": end or "9999-12-31T23:59:59Z",
            "_fivetran_active": "false" if end else "true",
        }
        rows.append(_flat(rest, "_", naming.keys, _split) | helpers)
    return {f"{naming.singular}_history/part.csv": _csv(rows)}


def as_dlt(objects: Objects, names: Names) -> Files:
    """dlt: tables in the singular, nested objects flattened with two underscores, a table for each list."""
    files: Files = {}
    tables: dict[str, list[Record]] = {}
    for name, records in objects.items():
        for one in records:
            _dlt_row(tables, names[name].singular, one, None)
    for folder, rows in tables.items():
        files[f"{folder}/1767585600.1.jsonl"] = _lines(rows)
        files[f"{folder}/init"] = ""
    if tables:
        files["_dlt_loads/1767585600.1.jsonl"] = _lines([{"load_id": "1767585600.1", "status": 0}])
    return files


def as_singer(objects: Objects, names: Names) -> Files:
    """A Singer tap: the API's names and nesting, times as texts."""
    return {
        f"{name}/part.jsonl": _lines(
            _with_times(one, names[name].epochs) | {"_sdc_batched_at": SYNCED_AT, "_sdc_deleted_at": None}
            for one in records
        )
        for name, records in objects.items()
        if records
    }


def as_export(objects: Objects, names: Names) -> Files:
    """The CSV export of the vendor's screen: flat rows, under labels that the system's module gives."""
    return {f"{name}/{name}-export.csv": _csv(records) for name, records in objects.items() if records}


SHAPES: Mapping[str, Callable[[Objects, Names], Files]] = {
    "api": as_api,
    "airbyte": as_airbyte,
    "airbyte_unflattened": as_airbyte_unflattened,
    "fivetran": as_fivetran,
    "dlt": as_dlt,
    "singer": as_singer,
    "export": as_export,
}


def _lines(records: Iterator[Record] | Sequence[Record] | Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def _csv(rows: Sequence[Record]) -> str:
    header = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else value


def in_snake_case(record: Record) -> Record:
    """Return a record with the names of all levels in snake case."""
    return {_snake(key): _in_snake_case(value) for key, value in record.items()}


def _in_snake_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_snake_case(one) for one in value]
    return in_snake_case(value) if isinstance(value, dict) else value


def _snake(name: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"\W+", "_", words).lower()


def _split(name: str) -> str:
    """Fivetran splits digits off."""
    return re.sub(r"([a-z])(\d)", r"\1_\2", _snake(name))


def _flat(record: Record, between: str, keys: Sequence[str], spell: Callable[[str], str]) -> Record:
    flat: Record = {}
    for key, value in record.items():
        name = spell(key)
        if isinstance(value, dict) and key != "metadata":
            inner = _flat(value, between, keys, spell)
            flat |= {f"{name}{between}{one}": each for one, each in inner.items()}
        else:
            flat[f"{name}_id" if key in keys else name] = value
    return flat


def _taken(record: Record, way: Sequence[str]) -> tuple[list[Any], Record]:
    """Take a list out of a record; return its elements, and the record without it."""
    key, *rest = way
    value = record.get(key)
    if not rest:
        return list(value or ()), {one: each for one, each in record.items() if one != key}
    if not isinstance(value, dict):
        return [], record
    elements, inner = _taken(value, rest)
    return elements, {**record, key: inner}


def _dlt_row(tables: dict[str, list[Record]], table: str, record: Record, parent: str | None) -> None:
    rows = tables.setdefault(table, [])
    row_id = f"{table}.{len(rows)}"
    row: Record = {"_dlt_id": row_id}
    row |= {"_dlt_load_id": "1767585600.1"} if parent is None else {"_dlt_parent_id": parent}
    rows.append(row)
    for way, value in _leaves(record):
        name = "__".join(_snake(key) for key in way)
        if isinstance(value, list):
            for place, element in enumerate(value):
                inner = element if isinstance(element, dict) else {"value": element}
                child = f"{table}__{name}"
                _dlt_row(tables, child, inner, row_id)
                tables[child][-1]["_dlt_list_idx"] = place
        elif value is not None:
            row[name] = value


def _leaves(record: Record, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*way, key))
        else:
            yield (*way, key), value


def _with_times(value: Any, epochs: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_with_times(one, epochs) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _iso(each) if key in epochs and isinstance(each, int) else _with_times(each, epochs)
        for key, each in value.items()
    }


def _iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
