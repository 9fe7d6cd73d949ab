"""The records of a vendor's table: columns in objects, envelopes and names of products, as steps of SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestration.core.database import quote_literal
from orchestration.landing.reading.spots import Spot
from orchestration.spark.dialect import spark_sql

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PASSED = ("loaded_at", "content_a", "content_b")
"""Columns that every step passes on."""


@dataclass
class LakeRecords:
    """The records of a table, which each step changes; see `Records`."""

    session: SparkSession
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Names and SQL, in Spark's words, of the steps."""

    @property
    def relation(self) -> str:
        return self.steps[-1][0]

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        text = f"{with_steps(self.steps)} {spark_sql(query, {})}"
        return [tuple(row) for row in self.session.sql(text).collect()]

    def keep(self, query: str, width: int) -> None:
        cells = ", ".join(["record", "line", *(f"c{place}" for place in range(width))])
        listed = ", ".join([cells, *_PASSED])
        if query.startswith("select record"):
            query = query.replace("select record", f"select {', '.join(_PASSED)}, record", 1)
        step = f"records_{len(self.steps)}"
        self.steps.append((step, spark_sql(f"select {listed} from ({query})", {})))

    def fields(self, spots: Sequence[Spot]) -> tuple[dict[Spot, str], str]:
        """Spark keeps the digits of a number if a JSON object is read as a map of texts."""
        found = {}
        for spot in spots:
            text = f"case when starts_with(c{spot.place}, '{{') then c{spot.place} end"
            for key in spot.keys:
                text = f"from_json({text}, 'map<string,string>')[{quote_literal(key)}]"
            found[spot] = text
        return found, self.relation


def with_steps(steps: Sequence[tuple[str, str]]) -> str:
    """Return the beginning of a statement that reads the last step."""
    return "with " + ", ".join(f"{name} as ({sql})" for name, sql in steps)
