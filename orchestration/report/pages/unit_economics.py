"""Unit economics: what a customer brings and what winning one costs."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.report.parts.blocks import SLICE, Block, Figure, PageInfo, Text
from orchestration.report.parts.charts import BLUE, GREEN, ORANGE, lines_over_months, specification
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(
    60, "unit_economics", "Unit economics", "What a customer brings and what winning one costs.", (SLICE,)
)

_MONTHLY = f"""
select
    month, slice, is_complete, arpa, average_sale_price, trailing_customer_churn_rate,
    ltv_revenue, ltv_margin, cac, cac_payback_months, ltv_to_cac
from unit_economics_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS})
order by slice_order, month
"""

_KNOWN = """
select
    count(cac) as cac, count(cac_payback_months) as cac_payback_months, count(ltv_to_cac) as ltv_to_cac
from unit_economics_monthly
where dimension = 'all'
"""


def blocks(marts: Marts) -> Iterator[Block]:
    currency = marts.facts.currency
    monthly = marts.dataset("unit_economics", _MONTHLY, [marts.facts.month])
    known = marts.record(_KNOWN)
    yield Figure(
        "Revenue per account",
        monthly,
        specification(
            lines_over_months(
                {
                    "Revenue per paying account (ARPA)": ("arpa", BLUE),
                    "Average sale price": ("average_sale_price", GREEN),
                },
                f"{currency} a month",
                "money",
            )
        ),
        ["unit_economics_monthly.arpa", "unit_economics_monthly.average_sale_price"],
        "ARPA is of all paying accounts, the sale price of those that the month won.",
    )
    yield Figure(
        "Lifetime value",
        monthly,
        specification(
            lines_over_months(
                {"From revenue": ("ltv_revenue", BLUE), "From margin": ("ltv_margin", GREEN)},
                currency,
                "money",
            )
        ),
        ["unit_economics_monthly.ltv_revenue", "unit_economics_monthly.ltv_margin"],
        "Revenue per account, divided by the churn rate of the trailing months.",
    )
    if known["cac"]:
        yield Figure(
            "Acquisition cost (CAC)",
            monthly,
            specification(lines_over_months({"CAC": ("cac", ORANGE)}, f"{currency} a customer", "money")),
            ["unit_economics_monthly.cac"],
            "Costs of the month, divided by its new customers.",
        )
    for column, title, format_, summary in (
        (
            "cac_payback_months",
            "Months to pay back the acquisition",
            "months",
            "Months of margin that pay a new customer's CAC.",
        ),
        (
            "ltv_to_cac",
            "Lifetime value to acquisition cost",
            "ratio",
            "Lifetime value, margin, divided by CAC.",
        ),
    ):
        if known[column]:
            yield Figure(
                title,
                monthly,
                specification(lines_over_months({title: (column, BLUE)}, title, format_)),
                [f"unit_economics_monthly.{column}"],
                summary,
            )
    if not known["cac"]:
        yield Text(
            "There is no acquisition cost: no costs were delivered (acquisition_costs).", tone="warning"
        )
    elif not known["ltv_to_cac"]:
        yield Text(
            "Payback and the ratio of lifetime value to cost need the policy gross_margin, which is not set.",
            tone="warning",
        )
