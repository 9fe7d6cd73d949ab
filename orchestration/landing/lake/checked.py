"""The rows of a table, cast and checked by its contract, as steps of Spark's SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.content import typed_sql
from orchestration.landing.lake.tables import CELLS, LakeTable, cells_sql
from orchestration.landing.reading.binding import Binding, bind
from orchestration.landing.reading.mapping import FileMapping, read_mapping
from orchestration.landing.reading.refusal import FileRefusedError
from orchestration.landing.reading.tables import RAW
from orchestration.landing.values.casting import Cast, cast_rows
from orchestration.landing.values.census import Unusual, flagged_sql, unusual_cells
from orchestration.landing.values.numbers import PLAIN_NUMBERS, NumberFormat, Numbers
from orchestration.landing.values.rejected import blank_sql
from orchestration.spark.dialect import spark_sql

CHECKED = "checked"
"""The last step: the columns of `Cast.query`, `is_blank`, and a flag for each kind of unusual cell."""

REJECTED = f"(select * from {CHECKED} where problem is not null and not is_blank)"


@dataclass(frozen=True)
class CheckedTable:
    """A table whose columns are matched with its contract."""

    table: LakeTable
    contract: LandingObject
    mapping: FileMapping
    binding: Binding
    cast: Cast
    steps: tuple[tuple[str, str], ...]
    """Names and SQL, in Spark's words, of the steps up to CHECKED."""
    numbers: Numbers

    @cached_property
    def unusual(self) -> list[Unusual]:
        """The kinds of unusual cells, in the order of the flags `f0`, `f1`, ..."""
        return list(unusual_cells(self.contract, self.binding, self.mapping))

    def sql(self, query: str) -> str:
        """Return Spark's SQL of a query of the project's SQL, which may read CHECKED."""
        steps = ", ".join(f"{name} as ({sql})" for name, sql in self.steps)
        return f"with {steps} {spark_sql(query, {})}"

    def typed(self, batch_id: str) -> str:
        """Return the project's SQL of the rows without a problem, as a batch keeps them."""
        return typed_sql(self.contract, self.binding, batch_id, "loaded_at", CHECKED)


def check_table(table: LakeTable, as_of: str) -> CheckedTable:
    """Match the columns of a table with its contract. `as_of` dates rows that no loading tool dated.

    Raises LandingError if required columns are missing, or for a wrong mapping.
    """
    contract = table.contract
    try:
        mapping = read_mapping(table.mapping, contract)
        binding = bind(contract, table.header, mapping)
    except FileRefusedError as refusal:
        raise table.refused(refusal.reason) from None
    if binding.refusal:
        raise table.refused(binding.refusal)
    numbers = _numbers(table, mapping)
    cast = cast_rows(contract, binding, mapping, numbers)
    return _with_steps(
        CheckedTable(table, contract, mapping, binding, cast, (), numbers),
        [(CELLS, cells_sql(table, as_of))],
        len(table.header),
    )


def _with_steps(checked: CheckedTable, steps: Sequence[tuple[str, str]], width: int) -> CheckedTable:
    """Add the steps from cells to checked rows."""
    flagged = flagged_sql(checked.unusual, CELLS)
    is_blank = blank_sql(checked.contract, checked.binding, width)
    query = f"select *, problem is not null and {is_blank} as is_blank from ({checked.cast.query})"
    return replace(checked, steps=(*steps, (RAW, spark_sql(flagged, {})), (CHECKED, spark_sql(query, {}))))


def _numbers(table: LakeTable, mapping: FileMapping) -> Numbers:
    """Return the number format of a table's texts: that of the mapping, else plain numbers."""
    if mapping.decimal is None and mapping.thousands is None:
        return PLAIN_NUMBERS
    decimal = mapping.decimal or ("," if mapping.thousands == "." else ".")
    exact = frozenset(table.header[place] for place in table.numeric)
    return Numbers(NumberFormat(decimal, mapping.thousands or ""), exact)
