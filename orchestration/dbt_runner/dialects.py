"""Dialects: the names that each product gives the columns of one system's objects, as rows of a seed.

A system such as `meetings` stands for several products. Its contracts declare `dialects`:

    as: recorder                  the column that names the product
    names: meeting_recorders      seed with a row for each product, its timezone and its date_format
    columns: meeting_columns      seed with a row for each name: the product, object, column, name
    checks: [meeting_kinds]       further seeds of the system, which are checked too

A name is the way to the value in a record: `Start Time`, `metaData.id`, or `parties[].emailAddress` for a
value in the elements of a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from orchestration.core.spelling import did_you_mean
from orchestration.dbt_runner.seeds import SeedRow, read_seed

_WAY = re.compile(r"[^\[\]]+(\[\]\.[^\[\]]+)*")


@dataclass(frozen=True)
class Dialect:
    """How one product writes one object."""

    name: str
    columns: Mapping[str, tuple[str, ...]]
    """By column of the contract: its names in a record, or in an element of the list."""
    list: tuple[str, ...] = ()
    """Keys on the way to the list with the records; empty if the object has no list in the product."""
    timezone: str | None = None
    """Time zone of times without an offset; None for that of the contract."""
    date_format: str | None = None
    row: str = ""
    """File and line of the product, for messages."""
    seed: str = ""
    """File of the names, for messages."""


@dataclass(frozen=True)
class Declared:
    """The seeds of the dialects of a system, as its contract names them."""

    column: str
    names: str
    columns: str
    checks: tuple[str, ...] = ()

    @property
    def seeds(self) -> tuple[str, ...]:
        return (self.names, self.columns, *self.checks)


def read_dialects(
    project_dir: Path, declared: Declared, objects: Mapping[str, Collection[str]]
) -> dict[str, tuple[Dialect, ...]]:
    """Return the dialects of each object, in the order of the seed. `objects` are their columns by name.

    Raises ContractError for a wrong row of a seed.
    """
    products = {row[declared.column]: row for row in read_seed(project_dir, declared.names)}
    for row in products.values():
        _check_zone(row)
    for name in declared.checks:
        read_seed(project_dir, name)
    ways: dict[tuple[str, str], list[SeedRow]] = {}
    for row in read_seed(project_dir, declared.columns):
        _check_way(row, declared, products, objects)
        ways.setdefault((row["object"], row[declared.column]), []).append(row)
    return {
        one: tuple(
            _dialect(row, name, ways[one, name]) for name, row in products.items() if (one, name) in ways
        )
        for one in objects
    }


def _dialect(product: SeedRow, name: str, rows: list[SeedRow]) -> Dialect:
    paths = [(row, tuple(row["name"].split("[]."))) for row in rows]
    deepest = max((path[:-1] for _, path in paths), key=len)
    columns: dict[str, tuple[str, ...]] = {}
    for row, path in paths:
        if path[:-1] not in ((), deepest):
            raise row.wrong(
                f"{row['name']!r} is not in the list {'[].'.join(deepest)}[], from which the records of "
                f"{row['object']} come. Give the way to a value in that list."
            )
        columns[row["column"]] = (*columns.get(row["column"], ()), path[-1].replace(".", "_"))
    return Dialect(
        name,
        columns,
        _keys(deepest),
        product["timezone"] or None,
        product["date_format"] or None,
        f"{product.file}, line {product.line}",
        rows[0].file,
    )


def _keys(parts: Collection[str]) -> tuple[str, ...]:
    return tuple(key for part in parts for key in part.split("."))


def _check_way(
    row: SeedRow, declared: Declared, products: Collection[str], objects: Mapping[str, Collection[str]]
) -> None:
    product = row[declared.column]
    if product not in products:
        meant = did_you_mean(product, products)
        raise row.wrong(
            f"{declared.column} {product!r} has no row in seeds/{declared.names}.csv.{meant} Add one, or "
            "correct the name."
        )
    if row["object"] not in objects:
        meant = did_you_mean(row["object"], objects)
        raise row.wrong(f"there is no object {row['object']!r}.{meant} Give one of {', '.join(objects)}.")
    known = [one for one in objects[row["object"]] if one != declared.column]
    if row["column"] not in known:
        meant = did_you_mean(row["column"], known)
        raise row.wrong(
            f"{row['object']} has no column {row['column']!r}.{meant} Give one of {', '.join(known)}."
        )
    if not _WAY.fullmatch(row["name"]):
        raise row.wrong(
            f"name is {row['name']!r}. Give the name of a column, such as Start Time, or the way to a value, "
            "such as metaData.id or parties[].emailAddress."
        )


def _check_zone(row: SeedRow) -> None:
    try:
        if row["timezone"]:
            ZoneInfo(row["timezone"])
    except (ValueError, OSError, KeyError):
        raise row.wrong(
            f"timezone is {row['timezone']!r}. Give a time zone such as Europe/Berlin, or leave it "
            "empty for UTC."
        ) from None
