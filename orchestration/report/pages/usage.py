"""Usage and onboarding: who uses the product, whose usage slips, and how new accounts get to value."""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.report.parts.blocks import SLICE, Block, Column, Dataset, Figure, PageInfo, Table, Text
from orchestration.report.parts.charts import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    lines_over_months,
    specification,
)
from orchestration.report.parts.links import account_cell
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(
    58,
    "usage",
    "Usage and onboarding",
    "Who uses the product, whose usage slips, and how new accounts get to value.",
    (SLICE,),
)

_MONTHLY = f"""
select
    month, slice, is_complete, active_users, average_daily_users, stickiness, usage_coverage_rate,
    seat_utilisation
from usage_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS}) and month <= ?
order by slice_order, month
"""

_SLIPPING = """
select
    week as month, is_complete,
    count(*) filter (is_slipping) as slipping,
    count(*) filter (active_days = 0) as without_usage
from fct_usage_weeks
where is_customer and is_complete and week > ?::date - to_months(12)
group by week, is_complete
order by week
"""

_LARGEST = """
select
    fct_usage_weeks.account_id, account_name, current_mrr, usage_trend, active_users_28d, seat_utilisation,
    last_active_on
from fct_usage_weeks
join dim_accounts using (account_id)
where is_slipping and week = (select max(week) from fct_usage_weeks where is_complete)
order by current_mrr desc, account_id
limit 30
"""

_COHORTS = f"""
select
    signup_month as month, slice, matured_accounts = accounts as is_complete, activation_rate,
    median_days_to_value, p75_days_to_value, late_milestone_rate, one_and_done_rate, one_and_done_user_rate,
    activated_accounts, matured_accounts
from onboarding_cohorts
join slices using (dimension, dimension_value)
where signup_month > ?::date - to_months({MONTHS}) and signup_month <= ?
order by slice_order, signup_month
"""


def blocks(marts: Marts) -> Iterator[Block]:
    month = marts.facts.month
    monthly = marts.dataset("usage_monthly", _MONTHLY, [month, month])
    slipping = marts.dataset("slipping_usage", _SLIPPING, [month])
    largest = marts.rows(_LARGEST)
    cohorts = marts.dataset("onboarding_cohorts", _COHORTS, [month, month])
    if monthly.rows:
        users = {"In the month": ("active_users", BLUE), "On an average day": ("average_daily_users", GREEN)}
        yield Figure(
            "Active users",
            monthly,
            specification(lines_over_months(users, "Users", "count")),
            ["usage_monthly.active_users", "usage_monthly.average_daily_users"],
            "Users with an event that counts.",
        )
        rates = {
            "Customers with usage": ("usage_coverage_rate", BLUE),
            "Active users per paid seat": ("seat_utilisation", GREEN),
            "Stickiness": ("stickiness", PURPLE),
        }
        yield Figure(
            "Coverage, seats and stickiness",
            monthly,
            specification(lines_over_months(rates, "Rate", "rate")),
            [
                "usage_monthly.usage_coverage_rate",
                "usage_monthly.seat_utilisation",
                "usage_monthly.stickiness",
            ],
            "Stickiness is the average day against the month.",
        )
    else:
        yield Text("There is no usage: no usage events were delivered (usage_events).", tone="warning")
    if slipping.rows:
        counts = {"Usage slips": ("slipping", ORANGE), "No usage in the week": ("without_usage", PURPLE)}
        yield Figure(
            "Customers at risk by their usage",
            slipping,
            specification(lines_over_months(counts, "Customers", "count")),
            ["fct_usage_weeks.is_slipping", "fct_usage_weeks.active_days"],
            "All customers, by week.",
        )
        yield Table(
            "Customers whose usage slips",
            [
                Column("Account"),
                Column("MRR", "money"),
                Column("Change of usage", "rate"),
                Column("Users in 28 days", "count"),
                Column("Users per seat", "rate"),
                Column("Last used", "day"),
            ],
            [(account_cell(marts, row[0], row[1]), *row[2:]) for row in largest],
            [
                "fct_usage_weeks.usage_trend",
                "fct_usage_weeks.active_users_28d",
                "fct_usage_weeks.last_active_on",
            ],
            note="In the last complete week. The 30 with most MRR.",
            empty="No customer's usage slips.",
        )
    if cohorts.rows:
        yield from _onboarding(marts, cohorts)


def _onboarding(marts: Marts, cohorts: Dataset) -> Iterator[Block]:
    known = marts.record(
        "select count(activation_rate) as rates, sum(milestones_due) as due, sum(seen_accounts) as seen "
        "from onboarding_cohorts where dimension = 'all'"
    )
    if known["rates"]:
        yield Figure(
            "Activation rate",
            cohorts,
            specification(lines_over_months({"Activation": ("activation_rate", BLUE)}, "Accounts", "rate")),
            ["onboarding_cohorts.activation_rate"],
            "By month of sign-up. A hollow point has accounts whose window still runs.",
        )
        days = {
            "Half of the accounts": ("median_days_to_value", BLUE),
            "Three quarters": ("p75_days_to_value", GREEN),
        }
        yield Figure(
            "Days to value",
            cohorts,
            specification(lines_over_months(days, "Days", "count")),
            ["onboarding_cohorts.median_days_to_value", "onboarding_cohorts.p75_days_to_value"],
            "By month of sign-up, by Kaplan and Meier. A month without a point waits for more accounts.",
        )
    else:
        yield Text(
            "Activation is unknown: mark its event in the seed active_events, or deliver milestones.",
            tone="warning",
        )
    rates = {}
    if known["due"]:
        rates["Late milestones"] = ("late_milestone_rate", ORANGE)
    if known["seen"]:
        rates["Accounts that came once"] = ("one_and_done_rate", BLUE)
        rates["Users that came once"] = ("one_and_done_user_rate", GREEN)
    if rates:
        yield Figure(
            "Onboarding that fails",
            cohorts,
            specification(lines_over_months(rates, "Rate", "rate")),
            [f"onboarding_cohorts.{column}" for column, _ in rates.values()],
            "By month of sign-up.",
        )
