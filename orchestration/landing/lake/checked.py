"""The rows of a table, cast and checked by its contract, as steps of Spark's SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from orchestration.core.spelling import squashed
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.content import without_values_of_parent
from orchestration.landing.lake.nested import LakeRecords, with_steps
from orchestration.landing.lake.tables import CELLS, LakeTable, cells_sql
from orchestration.landing.reading.binding import Binding, bind
from orchestration.landing.reading.dialect import in_dialect
from orchestration.landing.reading.mapping import FileMapping, read_mapping
from orchestration.landing.reading.nested import find_columns
from orchestration.landing.reading.readers import Reading
from orchestration.landing.reading.refusal import FileRefusedError
from orchestration.landing.reading.tables import RAW
from orchestration.landing.values.casting import Cast, Seen, cast_rows
from orchestration.landing.values.census import Unusual, flagged_sql, unusual_cells
from orchestration.landing.values.numbers import PLAIN_NUMBERS, NumberFormat, Numbers
from orchestration.landing.values.rejected import blank_sql
from orchestration.landing.values.typed import typed_sql
from orchestration.spark.dialect import spark_sql

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Content:
    """The content of a table."""

    rows: int
    sums: tuple[Decimal, Decimal]
    """Sums of two hashes of each row, which do not depend on the order of the rows."""
    newest: str | None
    """Time of the newest delivery, in UTC; None for an empty table."""

    def digest(self, table: LakeTable) -> str:
        """Return a digest of the rows and the columns."""
        facts = (table.header, table.types, self.rows, *map(str, self.sums))
        return hashlib.sha256(repr(facts).encode()).hexdigest()


CONTENT = (
    "count(*)",
    "coalesce(sum(cast(content_a as decimal(38, 0))), 0)",
    "coalesce(sum(cast(content_b as decimal(38, 0))), 0)",
    "cast(max(loaded_at) as varchar)",
)
"""SQL of the fields of `Content`."""


@dataclass(frozen=True)
class CheckedTable:
    """A table whose columns are matched with its contract."""

    table: LakeTable
    contract: LandingObject
    header: tuple[str, ...]
    """Names of the delivered columns, and of those that are taken out of objects."""
    mapping: FileMapping
    binding: Binding
    numbers: Numbers
    cast: Cast
    content: Content
    unusual: tuple[Unusual, ...]
    """The kinds of unusual cells that the table may have, in the order of the flags `f0`, `f1`, ..."""
    steps: tuple[tuple[str, str], ...]
    """Names and SQL, in Spark's words, of the steps from the table to its records."""

    @cached_property
    def definition(self) -> str:
        """Spark's SQL of the cast and checked rows.

        They have the delivered `c0`, ..., the typed `v0`, ..., the codes `p0`, ..., `problem`, `_days`,
        `is_blank`, a flag for each kind of unusual cell, and what CELLS adds.
        """
        width = len(self.header)
        is_blank = blank_sql(self.contract, self.binding, width)
        columns = [
            *(f"c{place}" for place in range(width)),
            *(f"v{place}" for place in range(len(self.contract.columns))),
            *(f"p{place}" for place in range(len(self.cast.groups))),
            *(f"f{place}" for place in range(len(self.unusual))),
            *("record", "line", "loaded_at", "content_a", "content_b", "problem", "_days"),
        ]
        query = (
            f"select {', '.join(columns)}, problem is not null and {is_blank} as is_blank "
            f"from ({self.cast.query})"
        )
        flagged = (RAW, spark_sql(flagged_sql(self.unusual, self.steps[-1][0]), {}))
        return f"{with_steps((*self.steps, flagged))} {spark_sql(query, {})}"

    @cached_property
    def view(self) -> str:
        """Name of the temporary view of these rows."""
        facts = (self.definition, self.content)
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
        return f"csw_checked_{self.contract.source}__{self.contract.name}_{digest}"

    @property
    def rejected(self) -> str:
        """SQL of the rows that the contract rejects."""
        return f"(select * from {self.view} where problem is not null and not is_blank)"

    def typed(self, batch_id: str) -> str:
        """Return SQL of the rows without a problem, as a batch keeps them."""
        return typed_sql(self.contract, self.binding, batch_id, "loaded_at", self.view)

    def open(self, session: SparkSession, *, anew: bool = False) -> None:
        """Create the view, and let Spark keep its rows when it first computes them.

        An open view stays as it is, with the rows that were counted, unless it is opened `anew`.
        """
        if anew:
            self.close(session)
        if not session.catalog.tableExists(self.view):
            session.sql(self.definition).createOrReplaceTempView(self.view)
            session.sql(f"cache lazy table {self.view}")

    def close(self, session: SparkSession) -> None:
        """Drop the view and the kept rows."""
        if session.catalog.tableExists(self.view):
            session.sql(f"uncache table {self.view}")
            session.catalog.dropTempView(self.view)


def check_table(session: SparkSession, table: LakeTable, as_of: str) -> CheckedTable:
    """Match the columns of a table with its contract, and find which kinds of unusual cells it may have.

    `as_of` dates rows that no loading tool dated. Raises LandingError if required columns are missing, or
    for a wrong mapping.
    """
    records = LakeRecords(session, [(CELLS, cells_sql(table, as_of))])
    try:
        contract, mapping, reading = _read(records, table)
        binding = bind(contract, reading.header, mapping, reading.bound)
    except FileRefusedError as refusal:
        raise table.refused(refusal.reason) from None
    if binding.refusal:
        raise table.refused(binding.refusal)
    content, unusual = _look(records, list(unusual_cells(contract, binding, mapping)))
    seen = Seen(*(frozenset(one.column.name for one in unusual if one.kind == kind) for kind in _SEEN))
    numbers = _numbers(binding, reading, mapping)
    cast = cast_rows(contract, binding, mapping, numbers, seen)
    return CheckedTable(
        table,
        contract,
        reading.header,
        mapping,
        binding,
        numbers,
        cast,
        content,
        unusual,
        tuple(records.steps),
    )


_SEEN = ("nothing", "placeholder")


def _read(records: LakeRecords, table: LakeTable) -> tuple[LandingObject, FileMapping, Reading]:
    """Return the contract, the mapping and the columns of a table, wherever its loader puts them."""
    mapping = read_mapping(table.mapping, table.contract)
    reading = Reading(table.header, 0, types=table.numeric)
    contract, mapping, _ = in_dialect(records, table.contract, reading, mapping, table.name)
    reading = find_columns(records, contract, reading, mapping)
    _refuse_lists(table)
    return without_values_of_parent(contract, reading.header), mapping, reading


def _refuse_lists(table: LakeTable) -> None:
    """Raise FileRefusedError if a column holds a list whose elements nobody would read."""
    names = {squashed(name): name for name in table.header}
    for one in table.contract.lists:
        column = names.get(squashed(one.inside.list[0])) if one.inside and one.inside.list else None
        if column and one.label not in table.given:
            raise FileRefusedError(
                f"its column {column} holds the list {one.label}, whose rows would be lost. Point "
                f"{one.label} in raw_tables to the table that the loading tool makes of the list, or to a "
                "view that explodes it"
            )


def _look(records: LakeRecords, unusual: Sequence[Unusual]) -> tuple[Content, tuple[Unusual, ...]]:
    """Read the cells once; returns their content, and the kinds of unusual cells that are suspected."""
    counts = [*CONTENT, *(f"coalesce(bool_or({one.suspicion}), false)" for one in unusual)]
    columns = ", ".join(f"{sql} as n{place}" for place, sql in enumerate(counts))
    rows, first, second, newest, *flags = records.rows(f"select {columns} from {records.relation}")[0]
    content = Content(rows, (first, second), newest)
    return content, tuple(one for one, is_met in zip(unusual, flags, strict=True) if is_met)


def _numbers(binding: Binding, reading: Reading, mapping: FileMapping) -> Numbers:
    """Return the number format of a table's texts: that of the mapping, else plain numbers."""
    if mapping.decimal is None and mapping.thousands is None:
        return PLAIN_NUMBERS
    decimal = mapping.decimal or ("," if mapping.thousands == "." else ".")
    exact = frozenset(name for name, place in binding.positions.items() if place in reading.types)
    return Numbers(NumberFormat(decimal, mapping.thousands or ""), exact)
