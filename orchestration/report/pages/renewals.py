"""Renewals: what was due, what was renewed, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.report.parts.blocks import SLICE, Block, Column, Figure, PageInfo, Table
from orchestration.report.parts.charts import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    lines_over_months,
    specification,
    stacked_over_months,
)
from orchestration.report.parts.links import account_cell
from orchestration.report.parts.marts import Marts

INFO = PageInfo(40, "renewals", "Renewals", "What was due, what was renewed, and what comes next.", (SLICE,))

AHEAD_DAYS = 90
"""Days ahead of the table of coming renewals."""

_QUARTERS = """
select
    quarter as month, slice, is_complete, gross_renewal_rate, net_renewal_rate, customer_renewal_rate,
    renewed_contracts, upsold_contracts, downsold_contracts, lost_contracts, open_contracts
from renewals_quarterly
join slices using (dimension, dimension_value)
where quarter <= ?
order by slice_order, quarter
"""

_SAME = "datum.renewed_contracts - datum.upsold_contracts - datum.downsold_contracts"

_COMING = f"""
select due_on, account_id, account_name, contract_id, due_amount, auto_renew, outcome
from renewals
left join dim_accounts using (account_id)
where outcome = 'open' and due_on < ?::date + {AHEAD_DAYS}
order by due_on, due_amount desc, contract_id
limit 30
"""

_LOST = """
select due_on, account_id, account_name, contract_id, due_amount
from renewals
left join dim_accounts using (account_id)
where outcome = 'lost' and due_on > ?::date - to_months(12)
order by due_amount desc, contract_id
limit 20
"""


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    quarters = marts.dataset("renewals_quarterly", _QUARTERS, [facts.as_of])
    rates = {
        "Gross": ("gross_renewal_rate", BLUE),
        "Net": ("net_renewal_rate", GREEN),
        "Customers": ("customer_renewal_rate", PURPLE),
    }
    yield Figure(
        "Renewal rates by quarter",
        quarters,
        specification(lines_over_months(rates, "Renewal rate", "rate")),
        [f"renewals_quarterly.{column}" for column, _ in rates.values()],
        "Net includes the uplift of renewed contracts. A hollow point is a quarter that is not complete.",
    )
    outcomes = {
        "Upsold": ("upsold_contracts", GREEN),
        "Renewed at the same value": ("same_contracts", BLUE),
        "Downsold": ("downsold_contracts", PURPLE),
        "Lost": ("lost_contracts", ORANGE),
        "Open": ("open_contracts", GREY),
    }
    yield Figure(
        "Contracts due, by outcome",
        quarters,
        specification(
            stacked_over_months(
                outcomes,
                "Contracts",
                "count",
                calculate={"same_contracts": _SAME},
            )
        ),
        [
            "renewals_quarterly.renewed_contracts",
            "renewals_quarterly.upsold_contracts",
            "renewals_quarterly.downsold_contracts",
            "renewals_quarterly.lost_contracts",
            "renewals_quarterly.open_contracts",
        ],
        "An early or late renewal counts in the quarter in which it was due.",
    )
    coming = marts.rows(_COMING, [facts.as_of])
    yield Table(
        f"Open renewals until {AHEAD_DAYS} days after the data",
        [
            Column("Due", "day"),
            Column("Account"),
            Column("Contract"),
            Column("Amount", "money"),
            Column("Renews automatically"),
        ],
        [(row[0], account_cell(marts, row[1], row[2]), *row[3:6]) for row in coming],
        ["renewals.due_amount", "renewals.outcome"],
        note="The next 30 by due date.",
        empty="No open contract is due.",
    )
    lost = marts.rows(_LOST, [facts.as_of])
    yield Table(
        "Largest lost renewals of the last 12 months",
        [Column("Due", "day"), Column("Account"), Column("Contract"), Column("Amount", "money")],
        [(row[0], account_cell(marts, row[1], row[2]), *row[3:]) for row in lost],
        ["renewals.due_amount", "renewals.outcome"],
        empty="No contract was lost.",
    )
