"""Movements: how MRR came from its opening to its close."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import SLICE, Block, Choice, Column, Figure, PageInfo, Table
from orchestration.report.parts.charts import (
    BLUE,
    BROWN,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    base,
    colours,
    specification,
    stacked_over_months,
    tip,
    value_axis,
)
from orchestration.report.parts.links import account_cell
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(10, "movements", "Movements", "What made MRR grow and shrink.", (SLICE,))

KINDS = {
    "New": ("new_mrr", BLUE),
    "Expansion": ("expansion_mrr", GREEN),
    "Reactivation": ("reactivation_mrr", PURPLE),
    "Contraction": ("contraction_mrr", BROWN),
    "Churn": ("churn_mrr", ORANGE),
    "Exchange rates": ("fx_impact_mrr", GREY),
    "Transfers": ("transfer_mrr", INK),
}

_MONTHLY = f"""
select
    month, strftime(month, '%B %Y') as month_name, slice, is_complete,
    opening_mrr, {", ".join(column for column, _ in KINDS.values())}, closing_mrr
from mrr_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS})
order by slice_order, month desc
"""

_LARGEST = """
select
    occurred_on, account_id, account_name, movement_type, movement_subtype, churn_kind, mrr_change, mrr_after
from fct_mrr_movements
left join dim_accounts using (account_id)
where fct_mrr_movements.month >= ?
order by abs(mrr_change) desc, movement_id
limit 20
"""


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    monthly = marts.dataset("mrr_movements", _MONTHLY, [facts.month])
    columns = [f"mrr_monthly.{column}" for column, _ in KINDS.values()]
    month = Choice("month_name", "Month", f"{facts.month:%B %Y}")
    yield Figure(
        "From opening to closing MRR",
        monthly,
        _waterfall(facts.currency),
        ["mrr_monthly.opening_mrr", *columns, "mrr_monthly.closing_mrr"],
        "Each bar is one kind of movement and starts where the bar before it ends. The lines are totals.",
        choices=[month],
    )
    yield Figure(
        "MRR by kind of movement",
        monthly,
        specification(stacked_over_months(KINDS, f"MRR, {facts.currency}", "money"), height=320),
        columns,
        "Gains are above zero and losses below. A pale bar is a month that is not complete.",
    )
    yield Table(
        f"Largest movements since {facts.month:%B %Y}",
        [
            Column("Day", "day"),
            Column("Account"),
            Column("Movement"),
            Column("Subtype"),
            Column("Cause of churn"),
            Column("Change", "money"),
            Column("MRR after", "money"),
        ],
        [
            (row[0], account_cell(marts, row[1], row[2]), *row[3:])
            for row in marts.rows(_LARGEST, [facts.month])
        ],
        ["fct_mrr_movements.movement_type", "fct_mrr_movements.movement_subtype"],
    )


@cache
def _waterfall(currency: str) -> dict[str, Any]:
    columns = {"Opening": ("opening_mrr", INK), **KINDS, "Closing": ("closing_mrr", INK)}
    names = ", ".join(f"'{column}': '{label}'" for label, (column, _) in columns.items())
    order: list[Any] = [column for column, _ in columns.values()]
    is_total = "indexof(['opening_mrr', 'closing_mrr'], datum.column) >= 0"
    steps = (
        base()
        .transform_fold(order, as_=["column", "value"])
        .transform_calculate(
            label=f"{{{names}}}[datum.column]",
            rank=f"indexof({order}, datum.column)",
            is_total=is_total,
            step="datum.is_total ? 0 : datum.value",
        )
        .transform_filter("datum.value != 0 || datum.is_total")
        .transform_window(end="sum(step)", sort=[alt.SortField("rank")], frame=[None, 0])
        .transform_calculate(start="datum.end - datum.step", top="max(datum.end, datum.end - datum.step)")
    )
    narrow = alt.expr("width < 560 ? -40 : 0")
    x = alt.X(
        "label:N",
        title=None,
        sort=list(columns),
        axis=alt.Axis(
            labelAngle=narrow,
            labelAlign=alt.expr("width < 560 ? 'right' : 'center'"),
            labelOverlap=False,
            grid=False,
        ),
    )
    scale = colours({label: colour for label, (_, colour) in columns.items()})
    tooltip = [tip("label", "Movement"), tip("value", "MRR", "money")]
    bars = (
        steps.transform_filter("!datum.is_total")
        .mark_bar()
        .encode(
            x=x,
            y=value_axis("start", f"Change since the opening, {currency}", "money"),
            y2="end:Q",
            color=alt.Color("label:N", scale=scale, legend=None),
            tooltip=tooltip,
        )
    )
    totals = (
        steps.transform_filter("datum.is_total")
        .mark_tick(color=INK, thickness=3, bandSize=60)
        .encode(x=x, y="end:Q", tooltip=tooltip)
    )
    texts = steps.mark_text(dy=-6, baseline="bottom").encode(
        x=x, y="top:Q", text=alt.Text("value:Q", format=".3~s")
    )
    return specification(bars + totals + texts, height=320)
