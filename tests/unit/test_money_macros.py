"""Macros of money against decimals of any length: no digit may move, least of all at half a unit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from orchestration.core.database import connect
from tests.compiled import compile_query, money_functions

ROWS = 4000
UNIT = Decimal("0.0001")

Figures = tuple[Decimal, ...]


class Macro(NamedTuple):
    """Types of a macro's arguments, what it rounds half up to 4 decimals, and how to draw arguments."""

    types: tuple[str, ...]
    exact: Callable[..., Decimal]
    draw: Callable[[Random], Figures]
    known: tuple[tuple[str, ...], ...]


def drawn(draw: Random, places: int) -> Decimal:
    """A positive number of any size up to some 10^9 with up to so many decimals, often with few digits."""
    whole = draw.randrange(10 ** draw.randint(0, 9))
    return Decimal(whole) + Decimal(draw.randrange(1, 10**places)).scaleb(-places).quantize(
        Decimal(1).scaleb(-draw.randint(1, places)), ROUND_HALF_UP
    )


def beside_half(draw: Random) -> Figures:
    """Half a unit above any number of units, or a hair away from it, of either sign."""
    half = draw.randrange(10 ** draw.randint(1, 17)) * UNIT + UNIT / 2
    hair = Decimal(draw.choice([-1000, -1, 0, 1, 1000])).scaleb(-14)
    return ((half + hair) * draw.choice([1, -1]),)


MACROS = {
    "round_money": Macro(
        ("decimal(38, 14)",),
        lambda amount: amount,
        beside_half,
        (("0.00005",), ("0.00004999999999",), ("-0.00005",), ("99999999.99995",), ("8765432109876.54325",)),
    ),
    "convert_money": Macro(
        ("decimal(18, 4)", "decimal(24, 12)"),
        lambda amount, rate: amount * rate,
        lambda draw: (drawn(draw, 4) * draw.choice([1, -1]), drawn(draw, 12) / 10**5),
        (("1", "0.99995"), ("1", "0.999949999999"), ("-1", "0.99995"), ("123456789.0123", "1")),
    ),
    "divide_money": Macro(
        ("decimal(38, 14)", "bigint"),
        lambda amount, parts: amount / parts,
        lambda draw: (drawn(draw, 14), Decimal(draw.choice([1, 2, 3, 12, 100, 365, 1200, 9999]))),
        (
            *(("0.0006", "12"), ("19.95", "12"), ("0.001", "20"), ("0.00099999999999", "20")),
            *(
                ("25000000000", "12"),
                ("365000000000000.12345678901234", "12"),
                ("50000000000.0006", "2000000000"),
            ),
        ),
    ),
    "share_of_money": Macro(
        ("decimal(18, 4)", "decimal(18, 4)", "decimal(18, 4)"),
        lambda amount, part, whole: amount * part / whole,
        lambda draw: (drawn(draw, 4), (whole := drawn(draw, 4)) * draw.randrange(1, 5) / 4, whole),
        (("0.0001", "1", "2"), ("0.0003", "1", "2"), ("0.0001", "0.9999", "2"), ("1000000000000", "1", "3")),
    ),
}


@pytest.mark.parametrize("name", MACROS)
def test_money_is_rounded_half_up_to_the_last_digit(name: str) -> None:
    macro = MACROS[name]
    draw = Random(name)
    places = [int(kind.rstrip(")").split(", ")[1]) if ", " in kind else 0 for kind in macro.types]
    rows = [tuple(Decimal(figure) for figure in row) for row in macro.known]
    for _ in range(ROWS):
        figures = zip(macro.draw(draw), places, strict=True)
        rows.append(tuple(figure.quantize(Decimal(1).scaleb(-digits)) for figure, digits in figures))
    rows = [row for row in rows if row[-1]]
    answers = run(name, [[format(figure, "f") for figure in row] for row in rows])
    with localcontext() as context:
        context.prec = 60
        wanted = [macro.exact(*row).quantize(UNIT, ROUND_HALF_UP) for row in rows]
    wrong = [
        (*row, answer, right)
        for row, answer, right in zip(rows, answers, wanted, strict=True)
        if answer != right
    ]
    assert not wrong
    assert len(rows) > ROWS / 2


@pytest.mark.parametrize("name", MACROS)
def test_null_remains_null(name: str) -> None:
    assert run(name, [[None] * len(MACROS[name].types)]) == [None]


def test_a_view_keeps_its_functions_under_another_name_of_its_database(tmp_path: Path) -> None:
    """Releases are read by `attach`, on connections that have other databases and other functions."""
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
    """What the macro makes of each row of arguments."""
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
