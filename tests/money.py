"""Money macros, arguments to test them with, and their right answers on every engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from random import Random
from typing import NamedTuple

ROWS = 4000
UNIT = Decimal("0.0001")

Figures = tuple[Decimal, ...]


class Macro(NamedTuple):
    """A macro: argument types, the formula that it rounds half up to 4 decimals, and arguments to test."""

    types: tuple[str, ...]
    exact: Callable[..., Decimal]
    draw: Callable[[Random], Figures]
    known: tuple[tuple[str, ...], ...]


def drawn(draw: Random, places: int) -> Decimal:
    """A positive number up to about 10^9 with at most the given number of decimals, often with few digits."""
    whole = draw.randrange(10 ** draw.randint(0, 9))
    return Decimal(whole) + Decimal(draw.randrange(1, 10**places)).scaleb(-places).quantize(
        Decimal(1).scaleb(-draw.randint(1, places)), ROUND_HALF_UP
    )


def beside_half(draw: Random) -> Figures:
    """A number of either sign that is at, or very close to, half a unit above a whole number of units."""
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


def draw_rows(name: str) -> list[Figures]:
    """Arguments for a macro: hand-picked ones, and random ones with a fixed seed."""
    macro = MACROS[name]
    draw = Random(name)
    places = [int(kind.rstrip(")").split(", ")[1]) if ", " in kind else 0 for kind in macro.types]
    rows = [tuple(Decimal(figure) for figure in row) for row in macro.known]
    for _ in range(ROWS):
        figures = zip(macro.draw(draw), places, strict=True)
        rows.append(tuple(figure.quantize(Decimal(1).scaleb(-digits)) for figure, digits in figures))
    rows = [row for row in rows if row[-1]]
    assert len(rows) > ROWS / 2
    return rows


def wrong_answers(
    name: str, rows: Sequence[Figures], answers: Sequence[Decimal | None]
) -> list[tuple[Decimal | None, ...]]:
    """Arguments, answer and right answer, if the two differ."""
    with localcontext() as context:
        context.prec = 60
        wanted = [MACROS[name].exact(*row).quantize(UNIT, ROUND_HALF_UP) for row in rows]
    return [
        (*row, answer, right)
        for row, answer, right in zip(rows, answers, wanted, strict=True)
        if answer != right
    ]
