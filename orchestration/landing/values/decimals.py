"""Exact numbers from texts, and the reasons why a text is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestration.core.errors import ContractError
from orchestration.dbt_runner.landing_contract import Column
from orchestration.landing.values.times import ProblemCase, matches

_WHOLE_DIGITS = 19


def number_sql(column: Column, text: str) -> str:
    """Return SQL of the number of a column of whole numbers or decimals from a text with a decimal point.

    Raises ContractError for an unsupported type.
    """
    if column.data_type == "bigint":
        return f"try_cast({_decimal(text, _WHOLE_DIGITS, 0)} as bigint)"
    return _decimal(text, *decimal_size(column))


def decimal_size(column: Column) -> tuple[int, int]:
    """Return precision and scale of a decimal column. Raises ContractError for an unsupported type."""
    size = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", column.data_type)
    if size is None:
        raise ContractError(
            f"Column {column.name}: the loader does not support the type {column.data_type}. Use varchar, "
            "bigint, decimal(p, s), boolean, date or timestamp."
        )
    return int(size[1]), int(size[2])


def misread_numbers(column: Column, text: str) -> Iterator[ProblemCase]:
    """Return the possible reasons why a text is not a number of the type."""
    precision, scale = (_WHOLE_DIGITS, 0) if column.data_type == "bigint" else decimal_size(column)
    comma = 'Write 99.90 for 99,90, or set `decimal: ","` in mapping.yml.'
    plain = r"[+-]?(\d+(\.\d*)?|\.\d+)"
    if scale:
        yield (
            matches(text, rf"[+-]?\d+\.\d{{{scale},}}[1-9]\d*0*"),
            (f"has more than {scale} decimals", f"Round it to {scale} decimals.", False, False),
        )
    else:
        yield matches(text, r"[+-]?\d*\.\d*[1-9]\d*"), ("is not a whole number", "", False, False)
    yield (
        matches(text, plain),
        ("is too large", f"At most {precision - scale} digits before the point are allowed.", False, False),
    )
    yield (
        matches(text, r"[+-]?\d+,\d+"),
        ("has a comma instead of a decimal point", comma, False, False),
    )
    yield (
        matches(text, r"[+-]?\d{1,3}([ ,.'" + "\u00a0\u202f\u2019" + r"]\d{2,3})+([.,]\d+)?"),
        (
            "has thousands separators that do not fit the other numbers of the file",
            "Write 1200.50 for 1,200.50, or set `thousands` in mapping.yml.",
            False,
            False,
        ),
    )
    yield (
        matches(text, r"\([$€£¥]?[-+0-9.,]+\)|[0-9.,]+-|[−–][0-9.,]+"),
        ("is a negative number in another format", "Write -5.00 for (5.00) or 5.00-.", False, False),
    )
    yield (
        matches(text, r"([$€£¥]|[A-Z]{3}) ?[-+0-9.,]+|[-+0-9.,]+ ?([$€£¥%]|[A-Z]{3})"),
        (
            "contains a currency or percent sign",
            "Write only the number. Put the currency into its column.",
            False,
            False,
        ),
    )
    yield "true", ("is not a number" if scale else "is not a whole number", "", False, False)


def _decimal(text: str, precision: int, scale: int) -> str:
    """Return SQL of an exact decimal. DuckDB's cast would round extra decimals.

    For a number with an exponent, also reads the value at the finest possible scale. The value is exact if
    both results agree and no digit exceeds that scale.
    """
    finest = 38 - (precision - scale)
    plain = rf"[+-]?(\d+(\.\d{{0,{scale}}}0*)?|\.\d{{0,{scale}}}0*)"
    scientific = r"[+-]?(\d+(\.\d*)?|\.\d+)[eE][+-]?\d{1,3}"
    mantissa = f"regexp_extract({text}, '\\.(\\d*)[eE]', 1)"
    exponent = f"try_cast(regexp_extract({text}, '[eE](.*)$', 1) as integer)"
    coarse = f"try_cast({text} as decimal({precision}, {scale}))"
    fine = f"try_cast({text} as decimal(38, {finest}))"
    return (
        f"case when {matches(text, plain)} then {coarse} "
        f"when {matches(text, scientific)} and length({mantissa}) - {exponent} <= {finest} "
        f"and {coarse} = {fine} then {coarse} end"
    )
