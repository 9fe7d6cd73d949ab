"""Expressions that both engines have with different results, and that must have those of DuckDB."""

from __future__ import annotations

import pytest

from orchestration.core.database import connect
from orchestration.core.relations import DuckDBRelations
from orchestration.spark.warehouse import SparkWarehouse
from tests.spark.conftest import Engines

NUMBERS = """
    (values (1, 3, 0.0003), (-1, 0, 2.5), (0, 0, 1.0), (7, 2, 0.0), (null, 0, 1.0), (5, null, null))
    as facts (whole, other, amount)
"""
TIMES = """
    (values
        (timestamp '2024-01-31 23:59:59.9', timestamp '2024-02-01 00:00:00.1'),
        (timestamp '2024-03-31 01:30:00', timestamp '2023-12-31 23:30:00'),
        (timestamp '1969-12-31 23:59:30', timestamp '1970-01-01 00:00:29'),
        (timestamp '2024-11-03 12:00:00', null)
    ) as facts (earlier, later)
"""
UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")


@pytest.mark.parametrize(
    ("expression", "facts"),
    [
        ("whole / other", NUMBERS),
        ("whole::decimal(18, 4) / amount::decimal(9, 4)", NUMBERS),
        ("(whole + 1) / (other - 3)", NUMBERS),
        ("whole / nullif(other, 0) / 3", NUMBERS),
        ("abs(amount - whole / other) > 0.5", NUMBERS),
        *((f"date_diff('{unit}', earlier, later)", TIMES) for unit in UNITS),
        ("datediff('month', earlier::date, later::date)", TIMES),
        ("isodow(earlier)", TIMES),
        ("isodow(later::date)", TIMES),
        ("(earlier::date + to_months(1))::date", TIMES),
        ("timezone('America/New_York', timezone('UTC', earlier))", TIMES),
        ("strftime(earlier, '%Y-%m')", TIMES),
    ],
)
def test_an_expression_has_the_values_of_duckdb(engines: Engines, expression: str, facts: str) -> None:
    query = f"select {expression} from {facts}"
    with connect() as connection:
        expected = DuckDBRelations(connection).rows(query)
    found = SparkWarehouse(engines.spark, {}).rows(query)
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
