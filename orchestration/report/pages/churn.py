"""Churn: who left, how much MRR left, and why."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import SLICE, Block, Figure, PageInfo
from orchestration.report.parts.charts import (
    BLUE,
    BROWN,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    base,
    lines_over_months,
    specification,
    stacked_over_months,
    tip,
)
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(20, "churn", "Churn", "Customers and MRR that were lost, by cause and reason.", (SLICE,))

EARLY_DAYS = 90
"""An account that leaves within so many days of its first payment is an early leaver."""

_COLOURS = {
    "voluntary": ORANGE,
    "involuntary": BLUE,
    "dispute": PURPLE,
    "planned_end": GREEN,
    "pause": BROWN,
    "internal": INK,
    "unknown": GREY,
}
KINDS_CUSTOMERS = {
    kind.replace("_", " ").capitalize(): (f"{kind}_customers", colour) for kind, colour in _COLOURS.items()
}
KINDS_MRR = {
    kind.replace("_", " ").capitalize(): (f"{kind}_mrr", colour) for kind, colour in _COLOURS.items()
}

_MONTHLY = f"""
select
    month, slice, is_complete, customer_churn_rate, gross_mrr_churn_rate, net_mrr_churn_rate,
    {", ".join(f"{kind}_customers" for kind in _COLOURS)}, {", ".join(f"{kind}_mrr" for kind in _COLOURS)}
from churn_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS})
order by slice_order, month
"""

_REASONS = """
select
    churn_kind || ': ' || replace(churn_reason, '_', ' ') as reason,
    sum(customers) as customers,
    -sum(mrr) as lost_mrr
from churn_reasons_monthly
where month > ?::date - to_months(12) and month <= ?::date
group by all
order by lost_mrr desc, reason
limit 15
"""

_EARLY = f"""
select
    fct_mrr_movements.month,
    fct_mrr_movements.month < date_trunc('month', ?::timestamp) as is_complete,
    count(*) filter (where occurred_on <= first_paid_on + {EARLY_DAYS}) as early,
    count(*) filter (where occurred_on > first_paid_on + {EARLY_DAYS}) as later
from fct_mrr_movements
join dim_accounts using (account_id)
where movement_type = 'churn' and fct_mrr_movements.month > ?::date - to_months({MONTHS})
group by all
order by fct_mrr_movements.month
"""


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    monthly = marts.dataset("churn_monthly", _MONTHLY, [facts.month])
    rates = {
        "Customers": ("customer_churn_rate", BLUE),
        "Gross MRR": ("gross_mrr_churn_rate", ORANGE),
        "Net MRR": ("net_mrr_churn_rate", GREEN),
    }
    yield Figure(
        "Monthly churn rates",
        monthly,
        specification(lines_over_months(rates, "Churn rate", "rate")),
        [f"churn_monthly.{column}" for column, _ in rates.values()],
        "Net MRR churn is below zero when expansion exceeds losses.",
    )
    yield Figure(
        "Lost customers by cause",
        monthly,
        specification(stacked_over_months(KINDS_CUSTOMERS, "Customers", "count")),
        ["churn_monthly.churned_customers", *(f"churn_monthly.{kind}_customers" for kind in _COLOURS)],
        "Customers that left, by the cause of their churn.",
    )
    yield Figure(
        "Lost MRR by cause",
        monthly,
        specification(stacked_over_months(KINDS_MRR, f"MRR, {facts.currency}", "money")),
        ["churn_monthly.churned_mrr", *(f"churn_monthly.{kind}_mrr" for kind in _COLOURS)],
        "MRR that left with customers, by the cause of their churn.",
    )
    yield Figure(
        "Reasons in the last 12 months",
        marts.dataset("churn_reasons", _REASONS, [facts.month, facts.month]),
        _reasons(facts.currency),
        ["churn_reasons_monthly.mrr", "churn_reasons_monthly.customers"],
        "The 15 causes and reasons with the largest loss of MRR, over all customers.",
    )
    leavers = {"Within 90 days": ("early", ORANGE), "Later": ("later", GREY)}
    yield Figure(
        "Early leavers",
        marts.dataset("early_leavers", _EARLY, [facts.as_of, facts.month]),
        specification(stacked_over_months(leavers, "Churns", "count")),
        ["fct_mrr_movements.movement_type", "dim_accounts.first_paid_on"],
        f"Churns of all customers, by whether they came within {EARLY_DAYS} days of the first payment.",
    )


@cache
def _reasons(currency: str) -> dict[str, Any]:
    bars = (
        base()
        .mark_bar(color=ORANGE)
        .encode(
            x=alt.X("lost_mrr:Q", title=f"Lost MRR, {currency}", axis=alt.Axis(format="~s", tickCount=5)),
            y=alt.Y("reason:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
            tooltip=[
                tip("reason", "Reason"),
                tip("lost_mrr", "MRR", "money"),
                tip("customers", "Customers", "count"),
            ],
        )
    )
    return specification(bars, height={"step": 24})
