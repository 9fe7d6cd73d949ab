"""The page of one account: everything that it says on one timeline, its health and its alerts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from orchestration.report.parts.blocks import Block, Cell, Column, Dataset, Figure, Page, PageInfo, Table
from orchestration.report.parts.links import account_file, account_label
from orchestration.report.parts.marts import Marts
from orchestration.report.parts.timeline import SOURCES, TIMELINE, timeline

FOLDER = "accounts/"
REVIEWS = "reviews/"
"""The folder of the quarterly reviews."""

EVENTS = 100
"""Events in the table of a page: the latest."""

Rows = Sequence[tuple[Any, ...]]

_ACCOUNTS = """
select
    account_id, account_name, status, current_plan_name, current_mrr, current_arr, first_paid_on, churned_on,
    tenure_months, segment, industry, country, acquisition_channel
from dim_accounts
where list_contains(?, account_id)
"""

_SCORES = """
select account_id, health_score, health_band, trend_30d
from fct_account_health
where not is_complete and health_score is not null and list_contains(?, account_id)
"""

_MEASURES = """
select
    account_id,
    replace(measure, '_', ' ') as measure,
    case
        when raw_value is null then 'unknown'
        when measure in ('csat', 'usage_trend', 'seat_utilisation')
            then printf('%.0f %%', round(100 * raw_value) + 0)
        else printf('%.3g', raw_value)
    end as value,
    score,
    weight,
    contribution,
    greatest(
        100 * weight / sum(weight) filter (where contribution is not null) over (partition by account_id)
        - contribution,
        0
    ) as points_lost
from fct_health_measures
where week = (select max(week) from fct_health_measures) and list_contains(?, account_id)
order by account_id, points_lost desc, contribution desc nulls last, measure
"""

_ALERTS = """
select account_id, replace(signal, '_', ' ') as signal, kind, severity, since, evidence, suggested_play
from cs_alerts
where list_contains(?, account_id)
order by account_id, kind desc, severity, signal
"""

_REVIEWS = """
select account_id, qbr_pack.* exclude (account_id)
from qbr_pack
join dim_accounts using (account_id)
where status = 'active' and list_contains(?, account_id)
qualify row_number() over (partition by account_id order by is_complete desc, quarter desc) = 1
"""
"""The review of the latest complete quarter of a customer, or of the current one without it."""

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


@dataclass(frozen=True)
class Account:
    """What the marts say about an account."""

    row: tuple[Any, ...]
    title: str
    timeline: Dataset
    score: tuple[Any, ...] | None = None
    measures: Rows = field(default=())
    alerts: Rows = field(default=())
    review: Mapping[str, Any] | None = None
    """The row of qbr_pack that the page of its review shows."""


def account_pages(marts: Marts) -> Iterator[Page]:
    """Yield the page of each account that has one."""
    marts.begin_page()
    accounts = read_accounts(marts, list(marts.accounts))
    for account in accounts:
        yield Page(
            PageInfo(0, account_file(account.row[0]), account.title, _lead(account, marts.facts.currency)),
            list(account_blocks(account, marts.facts.currency)),
            FOLDER,
            frozenset(marts.read),
        )


def read_accounts(marts: Marts, ids: list[str]) -> list[Account]:
    """Return what the marts say about each of these accounts."""
    columns, events = marts.grouped(TIMELINE, [marts.facts.as_of, ids])
    scores, measures, alerts = (marts.grouped(sql, [ids])[1] for sql in (_SCORES, _MEASURES, _ALERTS))
    names, reviews = marts.grouped(_REVIEWS, [ids])
    return [
        Account(
            row,
            account_label(marts, row[0], row[1]),
            Dataset("timeline", columns, events[row[0]]),
            next(iter(scores[row[0]]), None),
            measures[row[0]],
            alerts[row[0]],
            next((dict(zip(names, review, strict=True)) for review in reviews[row[0]]), None),
        )
        for row in marts.rows(_ACCOUNTS, [ids])
    ]


def account_blocks(account: Account, currency: str) -> Iterator[Block]:
    """Yield the blocks of the page of an account."""
    yield Table(
        "Open alerts",
        [
            Column("Signal"),
            Column("Kind"),
            Column("Severity"),
            Column("Since", "day"),
            Column("Evidence"),
            Column("Suggested play"),
        ],
        account.alerts,
        ["cs_alerts.signal", "cs_alerts.evidence", "cs_alerts.suggested_play"],
        empty="No signal is on.",
    )
    yield Figure(
        "Timeline",
        account.timeline,
        timeline(currency),
        SOURCES,
        "MRR with its movements above, and below it what the account and its users say and do.",
        note="A bar lasts until its end: weeks without use or with slipping usage, bands of health, and open "
        "alerts. Tickets are counted by week.",
    )
    yield _explanation(account)
    facts = [(fact, account.row[place]) for fact, place in _FACTS.items() if account.row[place] is not None]
    if account.review:
        name = quarter_name(account.review["quarter"])
        facts.append(("Quarterly review", Cell(name, f"../{REVIEWS}{account_file(account.row[0])}.html")))
    yield Table(
        "The account",
        [Column("Fact"), Column("Value")],
        facts,
        sources=["dim_accounts.status"],
    )
    shown = [line for line in account.timeline.rows if line[3] != "balance"]
    yield Table(
        "Events",
        [
            Column("Day", "day"),
            Column("Until", "day"),
            Column("Voice"),
            Column("Event"),
            Column("MRR after", "money"),
            Column("Detail"),
        ],
        [(*line[:4], line[5], line[6]) for line in shown[::-1][:EVENTS]],
        sources=SOURCES,
        note=f"The last {EVENTS}. The table of the timeline has all." if len(shown) > EVENTS else "",
    )


def quarter_name(start: date) -> str:
    """Return a quarter as people call it."""
    return f"Q{(start.month + 2) // 3} {start.year}"


def _lead(account: Account, currency: str) -> str:
    money = f"MRR {account.row[4]:,.0f} {currency}."
    if account.score is None:
        return money
    score, band, trend = account.score
    moved = f", {trend:+.0f} in four weeks".replace("-", "\u2212") if trend is not None else ""
    return f"{money} Health {score:.0f}, {band}{moved}."


def _explanation(account: Account) -> Table:
    title = f"Why the health score is {account.score[0]:.1f}" if account.score else "Health"
    return Table(
        title,
        [
            Column("Measure"),
            Column("Value"),
            Column("Score", "ratio"),
            Column("Weight", "ratio"),
            Column("Points", "ratio"),
            Column("Points lost", "ratio"),
        ],
        account.measures,
        ["fct_health_measures.raw_value", "fct_health_measures.score", "fct_health_measures.contribution"],
        note="The points add up to the score. An unknown measure leaves its weight to the others."
        if account.measures
        else "",
        empty="The account has no score: it is no customer, or none of its measures is known.",
    )
