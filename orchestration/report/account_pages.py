"""The page of one account: its movements, contracts and surveys on one timeline."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import Column, Dataset, Figure, Page, PageInfo, Table
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
    months,
    specification,
    tip,
)
from orchestration.report.parts.links import account_file, account_label
from orchestration.report.parts.marts import Marts

FOLDER = "accounts/"

_ACCOUNTS = """
select
    account_id, account_name, status, current_plan_name, current_mrr, current_arr, first_paid_on, churned_on,
    tenure_months, segment, industry, country, acquisition_channel
from dim_accounts
where list_contains(?, account_id)
"""

_TIMELINE = """
with balances as (
    select account_id, occurred_on as day, 'MRR' as kind, mrr_after as mrr, '' as text
    from fct_mrr_movements
    union all
    select account_id, ?::date, 'MRR', current_mrr, ''
    from dim_accounts
),

movements as (
    select
        account_id, occurred_on as day, movement_type as kind, mrr_after as mrr,
        printf('%+.0f', mrr_change::double) || coalesce(' ' || movement_subtype, '') as text
    from fct_mrr_movements
),

due as (
    select account_id, due_on as day, 'renewal' as kind, null as mrr, outcome as text
    from renewals
    where due_on <= ?::date + 90
),

answers as (
    select
        account_id, responded_at::date as day, 'survey' as kind, null as mrr,
        survey_type || printf(' %g of %d', score::double, scale_max) as text
    from fct_survey_responses
    where is_counted
)

select account_id, day, kind, mrr, text
from (
    from balances
    union all by name
    from movements
    union all by name
    from due
    union all by name
    from answers
)
where list_contains(?, account_id)
order by account_id, day, kind, text
"""

_FACTS = {
    "Status": 2,
    "Plan": 3,
    "First paid": 6,
    "Churned": 7,
    "Months as a customer": 8,
    "Segment": 9,
    "Industry": 10,
    "Country": 11,
    "Channel": 12,
}


def account_pages(marts: Marts) -> Iterator[Page]:
    """Yield the page of each account that has one."""
    ids = list(marts.accounts)
    marts.begin_page()
    header, lines = marts.grouped(_TIMELINE, [marts.facts.as_of, marts.facts.as_of, ids])
    for account in marts.rows(_ACCOUNTS, [ids]):
        account_id, name = account[0], account[1]
        title = account_label(marts, account_id, name)
        timeline = Dataset("timeline", header, lines[account_id])
        events = [line for line in lines[account_id] if line[1] != "MRR"]
        yield Page(
            PageInfo(0, account_file(account_id), title, f"MRR {_money(account[4])} {marts.facts.currency}."),
            [
                Figure(
                    "Timeline",
                    timeline,
                    _timeline(marts.facts.currency),
                    [
                        "fct_mrr_movements.mrr_after",
                        "dim_accounts.current_mrr",
                        "renewals.outcome",
                        "fct_survey_responses.score",
                    ],
                    "MRR with its movements. Contracts that were due and survey answers are at the bottom.",
                ),
                Table(
                    "The account",
                    [Column("Fact"), Column("Value")],
                    [(fact, account[place]) for fact, place in _FACTS.items() if account[place] is not None],
                    sources=["dim_accounts.status"],
                ),
                Table(
                    "Events",
                    [Column("Day", "day"), Column("Event"), Column("MRR after", "money"), Column("Detail")],
                    events[::-1],
                    sources=[
                        "fct_mrr_movements.movement_type",
                        "renewals.outcome",
                        "fct_survey_responses.score",
                    ],
                ),
            ],
            FOLDER,
            frozenset(marts.read),
        )


def _money(value: Any) -> str:
    return f"{value:,.0f}"


@cache
def _timeline(currency: str) -> dict[str, Any]:
    kinds = {
        "new": BLUE,
        "expansion": GREEN,
        "reactivation": PURPLE,
        "contraction": BROWN,
        "churn": ORANGE,
        "renewal": GREY,
        "survey": INK,
    }
    x = months("day")
    line = (
        base()
        .transform_filter("datum.kind === 'MRR'")
        .mark_line(interpolate="step-after", color=GREY)
        .encode(x=x, y=alt.Y("mrr:Q", title=f"MRR, {currency}", axis=alt.Axis(format="~s", tickCount=5)))
    )
    points = (
        base()
        .transform_filter("datum.kind !== 'MRR' && datum.kind !== 'fx_impact'")
        .transform_calculate(height="isValid(datum.mrr) ? datum.mrr : 0")
        .mark_point(size=70)
        .encode(
            x=x,
            y="height:Q",
            color=alt.Color("kind:N", scale=colours(kinds), legend=alt.Legend()),
            shape=alt.Shape("kind:N", legend=None),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%Y-%m-%d"),
                tip("kind", "Event"),
                tip("text", "Detail"),
            ],
        )
    )
    return specification(line + points)
