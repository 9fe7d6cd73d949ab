"""SQL that turns numbers into export values: codes into words, numbers into ids, cents into money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from simulator import wording as w
from simulator.clock import DAY_SECONDS

ORDER = "row_number"


def create(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, NDArray[Any]],
    select: str,
    first: int = 0,
) -> int:
    """Create `table` from a query on `numbers`, the arrays of `columns` with their `row_number`.

    With `first`, the number of the first row, it adds rows to the table instead. Returns the next number.
    """
    size = len(next(iter(columns.values())))
    # Copy into contiguous memory, because DuckDB reads the array's memory directly.
    data = {name: np.ascontiguousarray(values) for name, values in columns.items()}
    connection.register("numbers", data | {ORDER: np.arange(first, first + size)})
    action = f"insert into {table}" if first else f"create or replace table {table} as"
    connection.execute(f"{action} {select}")
    connection.unregister("numbers")
    return first + size


def account_id(number: str) -> str:
    return f"printf('A-%06d', {number})"


def contact_id(number: str) -> str:
    return f"printf('C-%07d', {number})"


def subscription_id(number: str) -> str:
    """Return SQL of the id of a subscription of the row's account, unique without its hyphens too."""
    # With seven digits of an account and one of a subscription, S-1000001-2 would be like S-100000-12.
    return (
        f"case when account < 1000000 then printf('S-%06d-%d', account, {number}) "
        f"else printf('S-%d-%02d', account, {number}) end"
    )


def domain(is_internal: str, name: str, account: str) -> str:
    first = f"lower(replace(strip_accents({word(w.COMPANY_FIRST, name)}), ' ', ''))"
    return f"case when {is_internal} then 'internal' else {first} end || '-' || {account} || '.example'"


def money(cents: str) -> str:
    return f"({cents}::decimal(16, 0) * 0.01::decimal(2, 2))::decimal(18, 2)"


def instant(seconds: str) -> str:
    return f"case when {seconds} >= 0 then make_timestamp(({seconds}) * 1000000) end"


def date_of(day: str) -> str:
    return f"make_timestamp(({day}) * {DAY_SECONDS} * 1000000)::date"


def code(words: Sequence[str], code: str) -> str:
    return f"{array(words)}[{code} + 1]"


def word(words: Sequence[str], draw: str) -> str:
    return f"{array(words)}[({draw}) % {len(words)} + 1]"


def array(values: Sequence[object]) -> str:
    return "[" + ", ".join(_literal(value) for value in values) + "]"


def _literal(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return array(value)
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
