"""Compares money macros with decimals of any length. Every digit must be equal, especially at half a unit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.core.database import connect
from tests.compiled import compile_query, money_functions
from tests.money import MACROS, draw_rows, wrong_answers


@pytest.mark.parametrize("name", MACROS)
def test_money_is_rounded_half_up_to_the_last_digit(name: str) -> None:
    rows = draw_rows(name)
    answers = run(name, [[format(figure, "f") for figure in row] for row in rows])
    assert wrong_answers(name, rows, answers) == []


@pytest.mark.parametrize("name", MACROS)
def test_null_remains_null(name: str) -> None:
    assert run(name, [[None] * len(MACROS[name].types)]) == [None]


def test_a_view_keeps_its_functions_under_another_name_of_its_database(tmp_path: Path) -> None:
    """Readers attach releases on connections that have other databases and functions."""
    file = tmp_path / "warehouse.duckdb"
    with connect(file) as connection:
        connection.execute(money_functions())
        connection.execute("create schema intermediate")
        query = compile_query(
            "select {{ convert_money('amount', '1.5') }} from (values (0.0001), (2)) as sums (amount)"
        )
        connection.execute(f"create view intermediate.valued as {query}")
    with connect() as connection:
        connection.execute("create macro money_convert(amount, rate) as 0")
        connection.execute("create macro money_round_fast(exact, approximate) as 0")
        connection.execute(f"attach '{file}' as build (read_only)")
        found = connection.execute("from build.intermediate.valued").fetchall()
    assert found == [(Decimal("0.0002"),), (Decimal(3),)]


def run(name: str, rows: list[list[str | None]]) -> list[Decimal | None]:
    """The result of the macro for each row of arguments."""
    types = MACROS[name].types
    columns = ", ".join(
        f"cast(figures[{number}] as {kind}) as argument_{number}" for number, kind in enumerate(types, 1)
    )
    arguments = ", ".join(f"'argument_{number}'" for number in range(1, len(types) + 1))
    query = compile_query(
        f"select {{{{ {name}({arguments}) }}}} from (select {columns} from (select unnest($rows) as figures))"
    )
    with connect() as connection:
        connection.execute(money_functions())
        return [row[0] for row in connection.execute(query, {"rows": rows}).fetchall()]
