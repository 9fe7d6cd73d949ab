"""Compares money macros on Spark with long decimals; tests/unit/test_money_macros.py tests DuckDB."""

from __future__ import annotations

import pytest

from tests.money import MACROS, draw_rows, wrong_answers
from tests.spark.conftest import Engines


@pytest.mark.parametrize("name", MACROS)
def test_money_is_rounded_half_up_to_the_last_digit(engines: Engines, name: str) -> None:
    rows = draw_rows(name)
    columns = [f"argument_{number}" for number in range(len(MACROS[name].types))]
    engines.spark.createDataFrame(
        [(place, *(format(figure, "f") for figure in row)) for place, row in enumerate(rows)],
        ", ".join(["place integer", *(f"{column} string" for column in columns)]),
    ).createOrReplaceTempView("figures")
    arguments = ", ".join(
        f"'cast({column} as {kind})'" for column, kind in zip(columns, MACROS[name].types, strict=True)
    )
    query = f"select {{{{ {name}({arguments}) }}}} from figures order by place"
    engines.dbt("spark", ["run-operation", "create_money_functions"])
    (compiled,) = engines.dbt("spark", ["compile", "--inline", query])
    found = engines.spark.sql(compiled.node.compiled_code).collect()
    assert wrong_answers(name, rows, [row[0] for row in found]) == []
