"""The tables that `raw_tables` names: their columns, and SQL of their cells as texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.core.errors import LandingError, SettingsError
from orchestration.core.settings import RAW_TABLES_VARIABLE, Settings
from orchestration.core.spelling import did_you_mean
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, LOADER_COLUMNS, LandingObject
from orchestration.landing.reading.binding import snake_case
from orchestration.landing.reading.mapping import MAPPING_ENDINGS, mapping_digest
from orchestration.landing.values.times import timestamp_sql
from orchestration.spark.dialect import spark_sql

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CELLS = "cells"
"""The first step of a table's SQL: `c0`, `c1`, ... (texts), `record`, `line` (null), `loaded_at`, and two
hashes of the row, `content_a` and `content_b`."""

_PART = r"(?:\w[\w-]*|`[^`]+`)"
_NAME = re.compile(rf"{_PART}(?:\.{_PART}){{0,3}}")
_NUMERIC = re.compile(r"tinyint|smallint|int|bigint|float|double|decimal")
_WHOLE = re.compile(r"tinyint|smallint|int|bigint")

_NOT_CONTENT = BATCH_COLUMNS.keys() - {"_extra"}
"""Columns of a raw relation of another warehouse. Only `_row` and `_loaded_at` are read, as the order."""


@dataclass(frozen=True)
class LakeTable:
    """A table of the catalog with the rows of one object."""

    contract: LandingObject
    name: str
    """Its name in the catalog, as the user wrote it."""
    header: tuple[str, ...]
    types: tuple[str, ...]
    """Spark's types of the columns of the header."""
    row: str | None
    """Column with the order of rows of one delivery; None if their content orders them."""
    loaded_at: str | None
    """Column with the time of the delivery of each row; None if the table has none."""
    mapping: Path | None
    """The `mapping.yml` of the object."""
    given: frozenset[str]
    """All objects that have a table."""

    @property
    def numeric(self) -> dict[int, str]:
        """Return the types of columns with typed numbers, by position."""
        return {place: kind for place, kind in enumerate(self.types) if _NUMERIC.match(kind)}

    @property
    def mapping_digest(self) -> str:
        return mapping_digest(self.mapping)

    def refused(self, reason: str) -> LandingError:
        """Return the error of a table that cannot be loaded."""
        return LandingError(
            f"The table {self.name} cannot be read as {self.contract.label}: {reason}. Correct the table, "
            "the view that selects from it, or raw_tables, then run again."
        )

    def changed(self) -> LandingError:
        """Return the error of a table whose content changed while it was read."""
        return LandingError(
            f"The table {self.name} of {self.contract.label} changed while it was read. Run again when its "
            "loader has finished."
        )


def find_tables(
    settings: Settings, session: SparkSession, contracts: Mapping[tuple[str, str], LandingObject]
) -> list[LakeTable]:
    """Return the tables of `raw_tables`, in the order of the contracts.

    Raises SettingsError for an unknown object or a wrong name, and LandingError for a missing table.
    """
    known = {contract.label: contract for contract in contracts.values()}
    for label, name in settings.raw_tables.items():
        if label not in known:
            raise SettingsError(
                f"raw_tables names {label!r}, which is no object.{did_you_mean(label, known)} Give "
                "<source>/<object>, such as generic/accounts or stripe/customers. docs/lake.md lists them."
            )
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"raw_tables: {name!r} is no table of {label}. Give a name of the catalog, such as "
                "crm.accounts, with ` around parts with other characters than letters and digits."
            )
    return [
        _find(settings, session, contract, settings.raw_tables[label])
        for label, contract in known.items()
        if label in settings.raw_tables
    ]


def _find(settings: Settings, session: SparkSession, contract: LandingObject, name: str) -> LakeTable:
    from pyspark.errors import AnalysisException

    try:
        columns = session.table(name).dtypes
    except AnalysisException as error:
        first = str(error).splitlines()[0].split(" SQLSTATE")[0]
        raise LandingError(
            f"raw_tables reads {contract.label} from the table {name}, which the catalog cannot open: "
            f"{first} Correct the name in raw_tables of dbt_project.yml or in {RAW_TABLES_VARIABLE}, or load "
            "the table."
        ) from None
    named = dict(columns)
    row, loaded_at = named.get("_row", ""), named.get("_loaded_at", "")
    content = [(column, kind) for column, kind in columns if column not in _NOT_CONTENT]
    return LakeTable(
        contract,
        name,
        tuple(column for column, _ in content),
        tuple(kind for _, kind in content),
        "_row" if _WHOLE.match(row) else None,
        "_loaded_at" if loaded_at.startswith("timestamp") else None,
        _mapping(settings.landing / contract.source / contract.name),
        frozenset(settings.raw_tables),
    )


def _mapping(folder: Path) -> Path | None:
    return next((folder / name for name in MAPPING_ENDINGS if (folder / name).is_file()), None)


def cells_sql(table: LakeTable, as_of: str) -> str:
    """Return Spark's SQL of CELLS. `as_of` is the time of rows that no loading tool dated, in UTC."""
    texts = [f"{_text(name, kind)} as c{place}" for place, (name, kind) in enumerate(_columns(table))]
    order = [f"{name} as given{name}" for name in (table.row, table.loaded_at) if name]
    cells = [f"c{place}" for place in range(len(table.header))] + [f"given{one}" for one in _order(table)]
    hashed = ", ".join(f"{cell}, {cell} is null" for cell in cells)
    record = "cast(given_row as bigint)" if table.row else "content_a"
    inner = f"select {', '.join([*texts, *order])} from {table.name}"
    inner = f"select *, xxhash64({hashed}) as content_a from ({inner})"
    return (
        f"select *, xxhash64('csw', content_a, {hashed}) as content_b, {record} as record, "
        f"cast(null as bigint) as line, {_loaded_at(table, as_of)} as loaded_at from ({inner})"
    )


def _order(table: LakeTable) -> list[str]:
    return [name for name in (table.row, table.loaded_at) if name]


def _columns(table: LakeTable) -> Sequence[tuple[str, str]]:
    return list(zip(table.header, table.types, strict=True))


def _loaded_at(table: LakeTable, as_of: str) -> str:
    """Return Spark's SQL of the time of a row's delivery: `_loaded_at`, or when a loading tool read it.

    Where all rows of the latest delivery count, a tool's times would tear the delivery apart.
    """
    constant = f"timestamp '{as_of}'"
    if table.loaded_at:
        return f"coalesce(cast(given{table.loaded_at} as timestamp), {constant})"
    extracted_at = LOADER_COLUMNS[0]
    names = (extracted_at.name, *extracted_at.also)
    place = next((place for place, name in enumerate(table.header) if snake_case(name) in names), None)
    if place is None or table.contract.latest_delivery:
        return constant
    found = spark_sql(f"select {timestamp_sql(f'c{place}', 'UTC', None)}", {}).removeprefix("SELECT ")
    return f"coalesce({found}, {constant})"


def _text(name: str, kind: str) -> str:
    """Return Spark's SQL of a column as the text that a file would have."""
    column = f"`{name.replace('`', '``')}`"
    if kind.startswith(("struct", "array", "map", "variant")):
        return f"to_json({column})"
    if kind in ("float", "double"):
        # An id that became a binary number keeps its digits: 12345678.0, not 1.2345678E7.
        whole = f"concat(cast(cast({column} as bigint) as string), '.0')"
        return (
            f"case when {column} = floor({column}) and abs({column}) < 1e15 then {whole} "
            f"else cast({column} as string) end"
        )
    if kind == "timestamp":
        # An instant: no time zone of the source applies, and midnight is no day.
        return f"concat(cast({column} as string), '+00:00')"
    return f"cast({column} as string)"
