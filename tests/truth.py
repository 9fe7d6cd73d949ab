"""The marts of a simulated company against its true history, which the pipeline never sees.

Every comparison is one set-based query, so it also holds for a million accounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal

MOVEMENTS = {
    "opening_mrr": "opening_mrr",
    "new_mrr": "net_new_mrr",
    "expansion_mrr": "net_expansion_mrr",
    "contraction_mrr": "net_contraction_mrr",
    "churn_mrr": "net_churn_mrr",
    "reactivation_mrr": "net_reactivation_mrr",
    "fx_impact_mrr": "fx_impact_mrr",
    "closing_mrr": "closing_mrr",
}
"""Column of the truth -> column of the marts."""
CUSTOMERS = (
    "opening_customers",
    "new_customers",
    "reactivated_customers",
    "churned_customers",
    "closing_customers",
)
KINDS = ("voluntary", "involuntary", "dispute", "planned_end", "pause", "unknown")


@dataclass(frozen=True)
class Compared:
    """The result of a comparison."""

    what: str
    rows: int
    figures: int
    """Compared figures in a row."""
    wrong: int
    """Rows in which a figure differs, or which only one side has."""


def open_truth(connection: duckdb.DuckDBPyConnection, landing: Path, account: str = "account_id") -> None:
    """Create the views `true_*` of the truth beside the simulated files in `landing`.

    `account` is SQL of the account's id in the marts, for systems that have ids of their own.
    """
    for name in ("movements", "monthly", "renewals"):
        path = quote_literal(landing / "_truth" / f"{name}.parquet")
        columns = "*" if name == "monthly" else f"* replace ({account} as account_id)"
        connection.execute(f"create or replace temp view true_{name} as select {columns} from {path}")


def compare(connection: duckdb.DuckDBPyConnection, *, has_contract_ids: bool = True) -> Iterator[Compared]:
    """Compare the schema `marts` of the connection with the views of `open_truth`.

    Without `has_contract_ids`, contracts are compared by account and due day alone.
    """
    months = "select * from marts.{mart} where dimension = 'all' and is_complete"
    accounts = """
        select * from marts.fct_account_months
        where is_complete and (opening_mrr <> 0 or closing_mrr <> 0 or fx_impact_mrr <> 0)
    """
    churn = {f"{kind}_{measure}": f"{kind}_{measure}" for kind in KINDS for measure in ("customers", "mrr")}
    totals = {**MOVEMENTS, **{name: name for name in CUSTOMERS}}
    yield _compared(
        connection,
        "movements of an account in a month",
        ("true_movements", f"({accounts})", "t.account_id = m.account_id and t.month = m.month"),
        MOVEMENTS,
    )
    by_month = "t.month = m.month"
    monthly = ("true_monthly", f"({months.format(mart='mrr_monthly')})", by_month)
    yield _compared(connection, "movements and customers of a month", monthly, totals)
    monthly = ("true_monthly", f"({months.format(mart='churn_monthly')})", by_month)
    yield _compared(connection, "churn of a month by kind", monthly, churn)
    outcome = {name: name for name in ("outcome", "due_amount")}
    outcome |= {"contract_id": "contract_id"} if has_contract_ids else {}
    renewals = """(
        select *, case when outcome <> 'open' then coalesce(renewed_amount, 0) end as kept from true_renewals
    )"""
    marts = "(select *, case when outcome <> 'open' then renewed_amount end as kept from marts.renewals)"
    due = "t.account_id = m.account_id and t.due_on = m.due_on"
    yield _compared(connection, "renewal of a contract", (renewals, marts, due), {**outcome, "kept": "kept"})
    rates = {"gross": "gross_renewal_rate", "net": "net_renewal_rate", "customers": "customer_renewal_rate"}
    quarters = "(from marts.renewals_quarterly where dimension = 'all' and due_contracts > 0)"
    yield _compared(
        connection, "renewal rates of a quarter", (_TRUE_RATES, quarters, "t.quarter = m.quarter"), rates
    )


_TRUE_RATES = """(
    select
        date_trunc('quarter', due_on)::date as quarter,
        sum(least(kept, due_amount))::double / sum(due_amount)::double as gross,
        sum(kept)::double / sum(due_amount)::double as net,
        count(renewed_amount) / count(*) as customers
    from (select *, coalesce(renewed_amount, 0) as kept from true_renewals)
    where outcome <> 'open'
    group by 1
)"""


def _compared(
    connection: duckdb.DuckDBPyConnection,
    what: str,
    sides: tuple[str, str, str],
    columns: dict[str, str],
) -> Compared:
    """Compare the columns of two relations, joined on a condition; a row of one side alone is wrong."""
    truth, marts, condition = sides
    differs = " or ".join(f"t.{true} is distinct from m.{ours}" for true, ours in columns.items())
    row = connection.execute(
        f"select count(*), count_if({differs}) from {truth} as t full join {marts} as m on {condition}"
    ).fetchone()
    assert row is not None
    return Compared(what, row[0], len(columns), row[1])
