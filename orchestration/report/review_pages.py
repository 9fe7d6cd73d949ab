"""The quarterly review of one account, made to be printed: its figures beside the median of its segment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from orchestration.report.account_pages import FOLDER as ACCOUNT_FOLDER
from orchestration.report.account_pages import REVIEWS, Account, quarter_name, read_accounts
from orchestration.report.parts.blocks import (
    Block,
    Cell,
    Change,
    Column,
    Dataset,
    Figure,
    Format,
    Page,
    PageInfo,
    Table,
    Tile,
    Tiles,
)
from orchestration.report.parts.links import account_file
from orchestration.report.parts.marts import Facts, Marts
from orchestration.report.parts.timeline import SOURCES, timeline
from orchestration.report.rendering import show

DAYS = 365
"""Days before the close that the timeline goes back."""

_BEFORE = """
select account_id, (quarter + to_months(3))::date as next_quarter, qbr_pack.* exclude (account_id)
from qbr_pack
where list_contains(?, account_id)
"""

_FIGURES: tuple[tuple[str, str, Format], ...] = (
    ("MRR at the close", "closing_mrr", "money"),
    ("MRR kept over twelve months", "mrr_retention_12m", "rate"),
    ("Paid seats", "seats_paid", "count"),
    ("Active users per paid seat", "seat_utilisation", "rate"),
    ("Active users per month", "active_users", "ratio"),
    ("Core features in use", "feature_adoption_rate", "rate"),
    ("Tickets opened", "tickets_opened", "count"),
    ("Tickets reopened", "tickets_reopened", "count"),
    ("Median minutes to the first reply", "median_first_reply_minutes", "count"),
    ("Median minutes to the full resolution", "median_full_resolution_minutes", "count"),
    ("Satisfied answers", "csat_rate", "rate"),
    ("Latest NPS answers, 0 to 10", "nps_score_latest", "ratio"),
    ("Health score", "health_score", "ratio"),
    ("Calls and meetings", "calls", "count"),
)

Review = Mapping[str, Any]


def review_pages(marts: Marts) -> Iterator[Page]:
    """Yield the review of each customer that has a page."""
    marts.begin_page()
    ids = list(marts.accounts)
    columns, rows = marts.grouped(_BEFORE, [ids])
    for account in read_accounts(marts, ids):
        if account.review is None:
            continue
        account_id, quarter = account.row[0], account.review["quarter"]
        earlier = [dict(zip(columns, row, strict=True)) for row in rows[account_id]]
        before = next((one for one in earlier if one["next_quarter"] == quarter), {})
        yield Page(
            PageInfo(
                0,
                account_file(account_id),
                f"{account.title}, review of {quarter_name(quarter)}",
                _lead(account.review),
            ),
            list(review_blocks(account, account.review, before, marts.facts)),
            REVIEWS,
            frozenset(marts.read),
        )


def review_blocks(account: Account, review: Review, before: Review, facts: Facts) -> Iterator[Block]:
    """Yield what fits on a printed page or two: the state, the figures, the plan, and the year before."""
    last = "on the last quarter"
    yield Tiles(
        "At the close",
        [
            Tile(
                "MRR",
                review["closing_mrr"],
                "money",
                "qbr_pack.closing_mrr",
                [Change("in the quarter", review["opening_mrr"], "money")],
            ),
            Tile(
                "Health score",
                review["health_score"],
                "ratio",
                "qbr_pack.health_score",
                [Change(last, before.get("health_score"), "score")],
                f"The band is {review['health_band']}." if review["health_band"] else "The score is unknown.",
            ),
            Tile(
                "Days to the next renewal",
                review["days_to_renewal"],
                "count",
                "qbr_pack.days_to_renewal",
                note=f"Due on {review['next_renewal_on']:%Y-%m-%d}."
                if review["next_renewal_on"]
                else "No due date is known.",
            ),
        ],
    )
    yield Table(
        "The quarter beside the segment",
        [Column("Figure"), Column("This quarter"), Column("Last quarter"), Column("Median of the segment")],
        [
            (
                label,
                show(review[name], format_, facts),
                show(before.get(name), format_, facts),
                show(review.get(f"segment_median_{name}"), "ratio" if format_ == "count" else format_, facts),
            )
            for label, name, format_ in _FIGURES
        ],
        [f"qbr_pack.{name}" for _, name, _ in _FIGURES],
        note=f"The median is that of {review['segment_accounts']:,d} accounts of the segment "
        f"{review['segment'] or 'unknown'} in the same quarter.",
    )
    yield Table(
        "To talk about",
        [Column("Topic"), Column("State")],
        [
            ("Risks at the close", (review["risk_signals"] or "none").replace("_", " ")),
            ("Milestones that are late", show(review["late_milestones"], "count", facts)),
            ("Milestones of the next 90 days", show(review["milestones_ahead_90d"], "count", facts)),
            ("Last quarterly review in the quarter", show(review["qbr_on"], "day", facts)),
            ("Everything else", Cell("the page of the account", f"../{ACCOUNT_FOLDER}{_file(account)}")),
        ],
        ["qbr_pack.risk_signals", "qbr_pack.milestones_ahead_90d", "qbr_pack.late_milestones"],
    )
    yield Figure(
        "The year up to the close",
        _year(account.timeline, review["closed_on"]),
        timeline(facts.currency),
        SOURCES,
        "MRR with its movements above, and below it what the account and its users say and do.",
    )


def _lead(review: Review) -> str:
    until = f"{review['closed_on']:%Y-%m-%d}"
    return f"Closed on {until}." if review["is_complete"] else f"So far, up to {until}."


def _file(account: Account) -> str:
    return f"{account_file(account.row[0])}.html"


def _year(events: Dataset, closed_on: date) -> Dataset:
    """Return the events of the year before the close. What began earlier and lasts begins with the year."""
    start = closed_on - timedelta(days=DAYS)
    rows: list[dict[str, Any]] = []
    balances: list[dict[str, Any]] = []
    for line in events.rows:
        row = dict(zip(events.columns, line, strict=True))
        if row["day"] > closed_on:
            continue
        if row["kind"] == "balance":
            balances = [
                *(kept for kept in balances if kept["day"] > start),
                row | {"day": max(row["day"], start)},
            ]
        elif max(row["day"], row["until"] or row["day"]) > start:
            end = row["until"] and min(row["until"], closed_on)
            rows.append(row | {"day": max(row["day"], start), "until": end})
    last = [balances[-1] | {"day": closed_on}] if balances else []
    return Dataset("timeline", events.columns, [tuple(row.values()) for row in (*balances, *last, *rows)])
