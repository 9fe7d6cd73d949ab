"""The help desk: how fast it answers and solves, and what waits."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.report.parts.blocks import SLICE, Block, Choice, Column, Figure, PageInfo, Table, Text
from orchestration.report.parts.charts import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    lines_over_months,
    specification,
)
from orchestration.report.parts.links import account_cell
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(
    57, "support", "Support", "How fast the help desk answers and solves, and what waits.", (SLICE,)
)

RECENT_DAYS = 90
"""Days that the table of accounts goes back."""

_MONTHS = f"""
select
    month, slice, is_complete, tickets_opened, tickets_solved, backlog_at_close, tickets_per_100_customers,
    resolution_rate, reopen_rate, one_touch_rate, escalation_rate
from support_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS}) and month <= ?
order by slice_order, month
"""

_HOURS = """
select
    month, slice, is_complete, '{label}' as time,
    {median}_first_reply{kind}_minutes / 60 as first_reply,
    {median}_first_resolution{kind}_minutes / 60 as first_resolution,
    {median}_full_resolution{kind}_minutes / 60 as full_resolution,
    slice_order
from support_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({months}) and month <= ?
"""

_TIMES = {
    "median, business hours": ("median", "_business"),
    "90th percentile, business hours": ("p90", "_business"),
    "median, all hours": ("median", ""),
    "90th percentile, all hours": ("p90", ""),
}

_ACCOUNTS = f"""
select
    account_id, account_name, current_mrr, count(*) as tickets, count(*) filter (is_open) as open_tickets,
    median(first_reply_minutes) / 60 as first_reply
from fct_tickets
join dim_accounts using (account_id)
where created_at > ?::timestamp - to_days({RECENT_DAYS})
group by all
order by tickets desc, current_mrr desc, account_id
limit 20
"""

_OPEN = """
select ticket_id, account_id, account_name, priority, category, fct_tickets.status, open_days
from fct_tickets
left join dim_accounts using (account_id)
where is_open
order by open_days desc, ticket_id
limit 20
"""


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    monthly = marts.dataset("support_monthly", _MONTHS, [facts.month, facts.month])
    if not monthly.rows:
        yield Text("There are no tickets: none were delivered (tickets).", tone="warning")
    counts = {
        "Opened": ("tickets_opened", ORANGE),
        "Solved": ("tickets_solved", GREEN),
        "Open at the close": ("backlog_at_close", BLUE),
    }
    yield Figure(
        "Tickets by month",
        monthly,
        specification(lines_over_months(counts, "Tickets", "count")),
        [f"support_monthly.{column}" for column, _ in counts.values()],
        "Tickets opened and solved in the month, and those that were open at its close.",
    )
    yield Figure(
        "Tickets per 100 customers",
        monthly,
        specification(
            lines_over_months({"Tickets": ("tickets_per_100_customers", BLUE)}, "Per 100 customers", "ratio")
        ),
        ["support_monthly.tickets_per_100_customers"],
        "Tickets opened in the month, for every 100 customers at its close.",
    )
    union = " union all ".join(
        _HOURS.format(label=label, median=median, kind=kind, months=MONTHS)
        for label, (median, kind) in _TIMES.items()
    )
    schedule = marts.record("select value_in_force from _policies where policy = 'support_schedule'")
    hours = {
        "First reply": ("first_reply", BLUE),
        "First resolution": ("first_resolution", PURPLE),
        "Full resolution": ("full_resolution", GREEN),
    }
    yield Figure(
        "Hours to the first reply and to the solve",
        marts.dataset(
            "support_hours",
            f"select * exclude (slice_order) from ({union}) order by time desc, slice_order, month",
            [facts.month] * 2 * len(_TIMES),
        ),
        specification(lines_over_months(hours, "Hours", "ratio")),
        [
            f"support_monthly.{median}_{name}{kind}_minutes"
            for median, kind in _TIMES.values()
            for name, _ in hours.values()
        ],
        "A reply counts in the month of the ticket, and a solve in its own.",
        [Choice("time", "Time", next(iter(_TIMES)))],
        f"Business hours are those of the schedule {schedule['value_in_force']}.",
    )
    shares = {
        "Solved by now": ("resolution_rate", GREEN),
        "Solved at one touch": ("one_touch_rate", BLUE),
        "Reopened": ("reopen_rate", ORANGE),
        "Escalated": ("escalation_rate", GREY),
    }
    yield Figure(
        "Shares of tickets",
        monthly,
        specification(lines_over_months(shares, "Share", "rate")),
        [f"support_monthly.{column}" for column, _ in shares.values()],
        "Solved and escalated shares are of tickets opened in the month, the others of tickets solved in it.",
    )
    yield Table(
        f"Accounts with most tickets in the last {RECENT_DAYS} days",
        [
            Column("Account"),
            Column("MRR", "money"),
            Column("Tickets", "count"),
            Column("Open now", "count"),
            Column("Median hours to the first reply", "ratio"),
        ],
        [(account_cell(marts, row[0], row[1]), *row[2:]) for row in marts.rows(_ACCOUNTS, [facts.as_of])],
        ["fct_tickets.first_reply_minutes", "dim_accounts.current_mrr"],
        empty="No ticket was created.",
    )
    yield Table(
        "Oldest open tickets",
        [
            Column("Ticket"),
            Column("Account"),
            Column("Priority"),
            Column("Category"),
            Column("Status"),
            Column("Days open", "count"),
        ],
        [
            (row[0], account_cell(marts, row[1], row[2]) if row[1] else None, *row[3:])
            for row in marts.rows(_OPEN)
        ],
        ["fct_tickets.open_days"],
        note="The 20 that have waited longest.",
        empty="No ticket is open.",
    )
