"""Retention: how much of each cohort stays, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import SLICE, Block, Choice, Figure, PageInfo
from orchestration.report.parts.charts import (
    BLUE,
    GREEN,
    base,
    heatmap,
    lines_over_months,
    specification,
    tip,
    value_axis,
)
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(30, "retention", "Retention", "How much of the customers and their MRR stays.", (SLICE,))

COHORTS = 24
"""Cohorts and months of the heatmap. The mart has all."""

_WINDOWS = f"""
select
    month, slice, is_complete,
    window_months || case window_months when 1 then ' month' else ' months' end as over,
    customer_retention_rate, nrr, grr
from retention_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS})
order by slice_order, window_months desc, month
"""

_COHORTS = f"""
select
    cohort_month, months_since, slice, cohort_customers,
    round(net_mrr_retention_rate, 4) as net, round(gross_mrr_retention_rate, 4) as gross,
    round(customer_retention_rate, 4) as customers
from retention_cohorts
join slices using (dimension, dimension_value)
where months_since between 0 and {COHORTS}
    and cohort_month > ?::date - to_months({COHORTS})
order by slice_order, cohort_month, months_since
"""

_SURVIVAL = """
select tenure_months, slice, at_risk, churned, censored, survival_rate, ci_low, ci_high
from survival_curve
join slices using (dimension, dimension_value)
order by slice_order, tenure_months
"""


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    rates = {"Net revenue": ("nrr", BLUE), "Gross revenue": ("grr", GREEN)}
    windows = marts.dataset("retention_windows", _WINDOWS, [facts.month])
    yield Figure(
        "Revenue retention",
        windows,
        specification(lines_over_months(rates, "Retention", "rate", zero=False)),
        ["retention_monthly.nrr", "retention_monthly.grr"],
        "MRR that remains of the customers who paid at the start of the window.",
        choices=[Choice("over", "Over", "12 months")],
    )
    cohorts = marts.dataset("retention_cohorts", _COHORTS, [facts.month])
    for title, column, mart_column in (
        ("Customers that stay, by cohort", "customers", "customer_retention_rate"),
        ("Net MRR that stays, by cohort", "net", "net_mrr_retention_rate"),
        ("Gross MRR that stays, by cohort", "gross", "gross_mrr_retention_rate"),
    ):
        yield Figure(
            title,
            cohorts,
            _cohorts(column),
            [f"retention_cohorts.{mart_column}"],
            f"Rows are the {COHORTS} latest months of a first payment, columns the months since then.",
            note="An outlined empty cell has no figure: its month is not complete, or the cohort has no MRR.",
        )
    yield Figure(
        "Survival",
        marts.dataset("survival", _SURVIVAL),
        _survival(),
        ["survival_curve.survival_rate", "survival_curve.ci_low", "survival_curve.ci_high"],
        "Share of customers still there after so many months. The band is the 95 % interval.",
    )


@cache
def _cohorts(column: str) -> dict[str, Any]:
    label = f"isValid(datum.{column}) ? format(datum.{column}, '.0%') : ''"
    tooltip = [
        alt.Tooltip("cohort_month:T", title="Cohort", format="%B %Y"),
        alt.Tooltip("months_since:O", title="Months since"),
        tip("value", "Stays", "rate"),
        tip("cohort_customers", "Customers in the cohort", "count"),
    ]
    chart = heatmap(
        alt.X(
            "months_since:O",
            title="Months since the first payment",
            axis=alt.Axis(labelAngle=0, orient="top"),
        ),
        alt.Y("cohort_month:O", timeUnit="yearmonth", title=None, axis=alt.Axis(format="%b %Y")),
        [0.4, 0.6, 0.75, 0.85, 0.95, 1.05],
        "label",
        tooltip,
    ).transform_calculate(value=f"datum.{column}", label=label)
    return specification(chart, height={"step": 20})


@cache
def _survival() -> dict[str, Any]:
    x = alt.X(
        "tenure_months:Q", title="Months since the first payment", axis=alt.Axis(grid=False, tickMinStep=1)
    )
    tooltip = [
        alt.Tooltip("tenure_months:Q", title="Months"),
        tip("survival_rate", "Still there", "rate"),
        tip("ci_low", "Low", "rate"),
        tip("ci_high", "High", "rate"),
        tip("at_risk", "Customers at risk", "count"),
    ]
    band = (
        base()
        .transform_filter("isValid(datum.ci_low)")
        .mark_area(interpolate="step-after")
        .encode(x=x, y=alt.Y("ci_low:Q"), y2="ci_high:Q")
    )
    line = (
        base()
        .mark_line(interpolate="step-after")
        .encode(x=x, y=value_axis("survival_rate", "Customers still there", "rate").scale(domain=[0, 1]))
    )
    points = base().mark_point(size=25).encode(x=x, y="survival_rate:Q", tooltip=tooltip)
    return specification(band + line + points)
