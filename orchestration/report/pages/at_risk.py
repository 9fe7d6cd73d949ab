"""Accounts at risk: the open alerts by MRR at stake, and the accounts that could grow."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import (
    SLICE,
    Block,
    Column,
    Figure,
    PageInfo,
    Table,
    Text,
    Tile,
    Tiles,
)
from orchestration.report.parts.charts import BLUE, GREEN, ORANGE, base, colours, specification, tip
from orchestration.report.parts.links import account_cell
from orchestration.report.parts.marts import ALERTED, Marts

INFO = PageInfo(
    5, "at_risk", "Accounts at risk", "Who needs a call now, why, and how much MRR is at stake.", (SLICE,)
)

_HEADLINE = """
select
    count(*) as customers,
    count(*) filter (where risks > 0) as customers_at_risk,
    count(*) filter (where high_risks > 0) as customers_at_high_risk,
    coalesce(sum(current_mrr) filter (where risks > 0), 0) as mrr_at_stake,
    coalesce(sum(current_mrr) filter (where high_risks > 0), 0) as mrr_at_high_stake,
    coalesce(sum(current_mrr) filter (where chances > 0), 0) as mrr_to_grow,
    count(*) filter (where chances > 0) as customers_to_grow,
    sum(current_mrr) as mrr
from dim_accounts
left join (
    select
        account_id,
        count(*) filter (where kind = 'risk') as risks,
        count(*) filter (where kind = 'risk' and severity = 'high') as high_risks,
        count(*) filter (where kind = 'expansion') as chances
    from cs_alerts
    group by account_id
) as alerts using (account_id)
where status = 'active'
"""

_BY_SIGNAL = """
select
    slice, replace(signal, '_', ' ') as signal, severity, sum(mrr_at_stake) as mrr, count(*) as accounts
from cs_alerts
join account_slices using (account_id)
where kind = ?
group by slice, slice_order, signal, severity
order by slice_order, mrr desc, signal
"""

_ALERTS = """
select
    account_id, account_name, mrr_at_stake, replace(signal, '_', ' '), severity, since, evidence,
    suggested_play
from cs_alerts
join dim_accounts using (account_id)
where kind = ?
qualify dense_rank() over (order by mrr_at_stake desc, account_id) <= ?
order by mrr_at_stake desc, account_id, severity, signal
"""

_SEVERITIES = {"high": ORANGE, "medium": BLUE, "opportunity": GREEN}


def blocks(marts: Marts) -> Iterator[Block]:
    headline = marts.record(_HEADLINE)
    risks = marts.dataset("risks_by_signal", _BY_SIGNAL, ["risk"])
    chances = marts.dataset("chances_by_signal", _BY_SIGNAL, ["expansion"])
    yield Tiles("At stake now", list(_tiles(headline)))
    if not (risks.rows or chances.rows):
        yield Text("No signal is on for any customer.")
    if risks.rows:
        yield Figure(
            "MRR at stake by signal",
            risks,
            _by_signal(marts.facts.currency),
            ["cs_alerts.mrr_at_stake", "cs_alerts.signal", "cs_alerts.severity"],
            "The MRR of the accounts with the signal. The number is that of the accounts.",
            note="An account with several signals stands in several bars, so the bars do not add up.",
        )
    yield _list(marts, "risk", "Accounts at risk", "No customer is at risk.")
    if chances.rows:
        yield Figure(
            "MRR of accounts that could grow, by signal",
            chances,
            _by_signal(marts.facts.currency),
            ["cs_alerts.mrr_at_stake", "cs_alerts.signal"],
            "The MRR that the accounts with the signal pay now. The number is that of the accounts.",
        )
    yield _list(marts, "expansion", "Chances to grow", "No customer shows a chance to grow.")


def _tiles(headline: dict[str, Any]) -> Iterator[Tile]:
    share = headline["mrr_at_stake"] / headline["mrr"] if headline["mrr"] else 0
    yield Tile(
        "MRR at stake",
        headline["mrr_at_stake"],
        "money",
        "cs_alerts.mrr_at_stake",
        note=f"{share:.1%} of MRR. Each account counts once.",
    )
    yield Tile(
        "MRR at stake, severity high",
        headline["mrr_at_high_stake"],
        "money",
        "cs_alerts.mrr_at_stake",
        note=f"{headline['customers_at_high_risk']:,d} customers.",
    )
    yield Tile(
        "Customers at risk",
        headline["customers_at_risk"],
        "count",
        "cs_alerts.signal",
        note=f"Of {headline['customers']:,d} customers.",
    )
    yield Tile(
        "MRR that could grow",
        headline["mrr_to_grow"],
        "money",
        "cs_alerts.mrr_at_stake",
        note=f"{headline['customers_to_grow']:,d} customers with a chance to grow.",
    )


def _list(marts: Marts, kind: str, title: str, empty: str) -> Table:
    return Table(
        title,
        [
            Column("Account"),
            Column("MRR", "money"),
            Column("Signal"),
            Column("Severity"),
            Column("Since", "day"),
            Column("Evidence"),
            Column("Suggested play"),
        ],
        [(account_cell(marts, row[0], row[1]), *row[2:]) for row in marts.rows(_ALERTS, [kind, ALERTED])],
        ["cs_alerts.signal", "cs_alerts.since", "cs_alerts.evidence", "cs_alerts.suggested_play"],
        note=f"The {ALERTED} accounts with most MRR. The mart cs_alerts and csw alerts have all.",
        empty=empty,
    )


@cache
def _by_signal(currency: str) -> dict[str, Any]:
    shown = base().encode(y=alt.Y("signal:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)))
    bars = shown.mark_bar().encode(
        x=alt.X("mrr:Q", title=f"MRR, {currency}", axis=alt.Axis(format="~s", tickCount=5)),
        color=alt.Color("severity:N", scale=colours(_SEVERITIES), legend=None),
        tooltip=[
            tip("signal", "Signal"),
            tip("severity", "Severity"),
            tip("mrr", "MRR", "money"),
            tip("accounts", "Accounts", "count"),
        ],
    )
    texts = shown.mark_text(align="left", dx=4).encode(x=alt.X("mrr:Q"), text=alt.Text("accounts:Q"))
    return specification(bars + texts, height={"step": 26})
