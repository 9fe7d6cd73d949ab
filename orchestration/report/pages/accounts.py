"""Accounts: those with most MRR."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.report.parts.blocks import Block, Column, PageInfo, Table
from orchestration.report.parts.links import account_cell
from orchestration.report.parts.marts import ACCOUNTS, Marts

INFO = PageInfo(70, "accounts", "Accounts", f"The {ACCOUNTS} accounts with most MRR.")

_ACCOUNTS = """
select
    account_id, account_name, status, current_plan_name, segment, country, current_mrr,
    first_paid_on, tenure_months
from dim_accounts
order by current_mrr desc, account_id
limit ?
"""


def blocks(marts: Marts) -> Iterator[Block]:
    yield Table(
        "Accounts by MRR",
        [
            Column("Account"),
            Column("Status"),
            Column("Plan"),
            Column("Segment"),
            Column("Country"),
            Column("MRR", "money"),
            Column("First paid", "day"),
            Column("Months", "count"),
        ],
        [(account_cell(marts, row[0], row[1]), *row[2:]) for row in marts.rows(_ACCOUNTS, [ACCOUNTS])],
        ["dim_accounts.current_mrr", "dim_accounts.status"],
    )
