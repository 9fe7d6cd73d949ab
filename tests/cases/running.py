"""Runs cases through the real models, as many as possible in one pass.

Cases with the same policies, `as_of` and tables without accounts share a pass. The ids of each case begin
with its own prefix, and its accounts form a segment of their own. The slice of that segment in every metric
table equals the total that the case would have alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from orchestration.core.database import connect
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.binding import bind
from orchestration.landing.reading.tables import RAW
from orchestration.landing.values.casting import cast_rows
from tests.cases.reading import Case
from tests.cases.tables import Row, show
from tests.compiled import Landing, Step, compile_models, contracts, run_models

LISTS: Mapping[str, tuple[str, ...]] = {
    "fct_mrr_movements": ("account_id", "movement_number"),
    "fct_mrr_movement_items": ("occurred_at", "account_id", "subscription_id", "item_id", "currency"),
}
"""Marts for which a case lists all of its rows, in this order."""

KEYS: Mapping[str, tuple[str, ...]] = {
    "dim_accounts": ("account_id",),
    "fct_account_months": ("account_id", "month"),
    "mrr_monthly": ("month", "dimension", "dimension_value"),
    "churn_monthly": ("month", "dimension", "dimension_value"),
    "unit_economics_monthly": ("month", "dimension", "dimension_value"),
    "retention_monthly": ("month", "dimension", "dimension_value", "window_months"),
    "retention_cohorts": ("cohort_month", "months_since", "dimension", "dimension_value"),
    "survival_curve": ("tenure_months", "dimension", "dimension_value"),
    "renewals": ("contract_id",),
    "renewals_quarterly": ("quarter", "dimension", "dimension_value"),
}
"""Marts for which a case lists some rows, identified by these columns."""

KEY_DEFAULTS = {"account_id": "a", "window_months": "12"}
NO_ROW = "(no row)"

Marts = dict[str, list[dict[str, Any]]]


class Runs:
    """The marts of all cases, each built when the first case asks for it."""

    def __init__(self, cases: Sequence[Case], always: Sequence[str] = ()) -> None:
        """`always` names marts that every pass builds, besides those for which its cases expect rows."""
        self._mates: dict[Any, dict[str, Case]] = {}
        self._targets: dict[str, set[str]] = {}
        self._steps: dict[str, Sequence[Step]] = {}
        for case in cases:
            self._targets.setdefault(_policies(case), set(always)).update(case.expected)
            mates = self._mates.setdefault(_pass_key(case), {})
            mates[f"{len(mates) + 1:03}"] = case
        self._landings: dict[Any, Landing] = {}
        self._marts: dict[Any, Marts | Exception] = {}

    def seen(self, case: Case) -> dict[str, list[Row]]:
        """The rows, by mart, at the keys that the case expects, in the notation of the case file."""
        marts = self.marts(case)
        prefix = next(prefix for prefix, mate in self._mates[_pass_key(case)].items() if mate is case)
        return {mart: _seen(mart, expected, marts[mart], prefix) for mart, expected in case.expected.items()}

    def marts(self, case: Case) -> Marts:
        """All rows of the pass that contains a case."""
        key = _pass_key(case)
        if key not in self._marts:
            try:
                self._marts[key] = self._run(case)
            except Exception as error:
                # Every case of the pass raises this error, and none builds the pass again.
                self._marts[key] = error
        marts = self._marts[key]
        if isinstance(marts, Exception):
            raise marts
        return marts

    def passes(self) -> list[Case]:
        """One case of each pass."""
        return [next(iter(mates.values())) for mates in self._mates.values()]

    def landing(self, case: Case) -> Landing:
        """The landing rows of the pass that contains a case."""
        key = _pass_key(case)
        if key not in self._landings:
            self._landings[key] = _landing(self._mates[key])
        return self._landings[key]

    def _run(self, case: Case) -> Marts:
        policies = _policies(case)
        targets = sorted(self._targets[policies])
        if policies not in self._steps:
            self._steps[policies] = compile_models(case.policies, targets)
        return run_models(self._steps[policies], self.landing(case), case.as_of, targets)


def rejections(case: Case) -> list[Row]:
    """Rows of a case that break the landing contract, with the first reason."""
    found = []
    with connect() as connection:
        for name, rows in case.landing.items():
            for number, _, problem in _land(connection, contracts()["generic", name], rows):
                if problem:
                    column, reason = problem
                    found.append({"object": name, "row": str(number), "column": column, "reason": reason})
    return found


# -------------------------------------------------------------------------------------------------- one pass
def _pass_key(case: Case) -> Any:
    common = {name: rows for name, rows in case.landing.items() if not _is_of_accounts(rows)}
    return _policies(case), case.as_of, json.dumps(common, sort_keys=True)


def _policies(case: Case) -> str:
    return json.dumps(case.policies, sort_keys=True)


def _is_of_accounts(rows: Sequence[Row]) -> bool:
    return any("account_id" in row for row in rows)


def _landing(mates: Mapping[str, Case]) -> Landing:
    """Typed rows of all cases together, without the rows that the contract rejects."""
    landing: dict[str, list[Row]] = {}
    for prefix, case in mates.items():
        for name, rows in _with_accounts(case.landing).items():
            if _is_of_accounts(rows):
                landing.setdefault(name, []).extend(_prefixed(row, name, prefix) for row in rows)
            else:
                landing[name] = rows
    with connect() as connection:
        return {
            name: [
                row
                for _, row, problem in _land(connection, contracts()["generic", name], rows)
                if not problem
            ]
            for name, rows in landing.items()
        }


def _with_accounts(landing: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """The landing with a row for every account that the case only mentions, unless the CRM is empty."""
    if landing.get("accounts") == []:
        return dict(landing)
    known = {row["account_id"] for row in landing.get("accounts", ())}
    mentioned = {row["account_id"] for rows in landing.values() for row in rows if "account_id" in row}
    accounts = [*landing.get("accounts", ()), *({"account_id": name} for name in sorted(mentioned - known))]
    return {**landing, "accounts": accounts}


def _prefixed(row: Row, name: str, prefix: str) -> Row:
    cells = {
        column: f"{prefix}.{cell}" if column.endswith("_id") and column != "item_id" else cell
        for column, cell in row.items()
    }
    return {"segment": prefix, **cells} if name == "accounts" else cells


def _land(
    connection: duckdb.DuckDBPyConnection, contract: LandingObject, rows: Sequence[Mapping[str, str]]
) -> Iterator[tuple[int, dict[str, Any], tuple[str, str] | None]]:
    """Number, typed cells and problem of every row, by the code that reads real files."""
    if not rows:
        return
    # The file lacks the columns that no row has.
    columns = [name for name in contract.column_names if any(name in row for row in rows)]
    cast = cast_rows(contract, bind(contract, columns))
    cells = [
        [number, number + 1, *(row.get(name) for name in columns)] for number, row in enumerate(rows, start=1)
    ]
    names = ", ".join(f"c{place} varchar" for place in range(len(columns)))
    connection.execute(f"create or replace temp table {RAW} (record bigint, line bigint, {names})")
    marks = f"({', '.join('?' * (len(columns) + 2))})"
    connection.execute(
        f"insert into {RAW} values {', '.join([marks] * len(cells))}",
        [cell for row in cells for cell in row],
    )
    places = [contract.column_names.index(name) for name in columns]
    values = ", ".join(f"v{place}" for place in places)
    query = f"select record, problem, {values} from ({cast.query}) order by record"
    for number, code, *typed in connection.execute(query).fetchall():
        problem = None if code is None else (cast.problems[code].column, cast.problems[code].reason)
        yield number, dict(zip(columns, typed, strict=True)), problem


# ------------------------------------------------------------------------------------------ what a case sees
def _seen(mart: str, expected: Sequence[Row], rows: list[dict[str, Any]], prefix: str) -> list[Row]:
    if mart in LISTS:
        own = [row for row in rows if str(row["account_id"]).startswith(f"{prefix}.")]
        own.sort(key=lambda row: tuple(row[name] for name in LISTS[mart]))
        columns = list(expected[0]) if expected else _columns(mart)
        return [
            {name: show(_own(row[name], prefix), wanted.get(name, "")) for name in columns}
            for row, wanted in zip(own, [*expected, *[{}] * len(own)], strict=False)
        ]
    defaults = {**KEY_DEFAULTS, "dimension": "segment", "dimension_value": prefix}
    if not expected:
        keys = {name: defaults[name] for name in KEYS[mart] if name.startswith("dimension")}
        return [
            {name: show(_own(row[name], prefix), "") for name in KEYS[mart]}
            for row in rows
            if (_is_own(row, prefix) if "account_id" in row else _matches(row, keys, prefix))
        ]
    return [_cells(mart, wanted, rows, defaults, prefix) for wanted in expected]


def _cells(
    mart: str, wanted: Row, rows: list[dict[str, Any]], defaults: Mapping[str, str], prefix: str
) -> Row:
    keys = {name: wanted.get(name) or defaults[name] for name in KEYS[mart]}
    found = [row for row in rows if _matches(row, keys, prefix)]
    assert len(found) <= 1, f"{mart} has {len(found)} rows of {keys}"
    if not found:
        return {name: cell if name in keys else NO_ROW for name, cell in wanted.items()}
    return {name: show(_own(found[0][name], prefix), cell) for name, cell in wanted.items()}


def _matches(row: Mapping[str, Any], keys: Mapping[str, str], prefix: str) -> bool:
    return all(
        str(row[name]) == f"{prefix}.{cell}"
        if name.endswith("_id")
        else show(row[name] if row[name] == cell else _own(row[name], prefix), cell) == cell
        for name, cell in keys.items()
    )


def _is_own(row: Mapping[str, Any], prefix: str) -> bool:
    return str(row["account_id"]).startswith(f"{prefix}.")


def _own(value: Any, prefix: str) -> Any:
    """A value as the case wrote it, without the prefix that separates it from other cases."""
    return value.removeprefix(f"{prefix}.") if isinstance(value, str) else value


def _columns(mart: str) -> list[str]:
    shown = {
        "fct_mrr_movements": ["occurred_at", "account_id", "movement_type", "mrr_change"],
        "fct_mrr_movement_items": ["occurred_at", "account_id", "subscription_id", "mrr_change"],
    }
    return shown[mart]
