"""This month: the headline figures against last month and last year, and what to know about the data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestration.report.parts.blocks import (
    SLICE,
    Block,
    Change,
    Column,
    Figure,
    PageInfo,
    Table,
    Text,
    Tile,
    Tiles,
)
from orchestration.report.parts.charts import BLUE, lines_over_months, specification
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(0, "index", "This month", "Revenue, churn, retention and NPS of the latest complete month.")

_MONTH = """
select
    mrr_monthly.closing_mrr,
    mrr_monthly.closing_mrr - mrr_monthly.opening_mrr as net_new,
    mrr_monthly.closing_customers,
    churn_monthly.customer_churn_rate,
    churn_monthly.gross_mrr_churn_rate,
    retention_monthly.nrr,
    retention_monthly.grr
from mrr_monthly
left join churn_monthly using (month, dimension, dimension_value)
left join retention_monthly
    on retention_monthly.month = mrr_monthly.month
    and retention_monthly.dimension = 'all'
    and retention_monthly.window_months = 12
where mrr_monthly.dimension = 'all' and mrr_monthly.month = ?::date - to_months(?)
"""

_NPS = """
select nps, nps_ci_low, nps_ci_high, responses, period_start
from nps_periods
where period_type = 'quarter' and survey_kind = 'relational' and weighting = 'respondent'
    and dimension = 'all' and responses > 0 and period_start <= ?::date - to_months(?)
    and (? = 0 or period_start = ?::date - to_months(?))
order by is_mature desc, period_start desc
limit 1
"""

_OVER_TIME = f"""
select month, slice, is_complete, closing_mrr
from mrr_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS})
order by slice_order, month
"""


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    if not facts.is_complete:
        yield Text(
            f"No month is complete yet. The figures are those of {facts.month:%B %Y} so far.", tone="warning"
        )
    yield Tiles(f"{facts.month:%B %Y}", list(_tiles(marts)))
    yield Figure(
        "Monthly recurring revenue",
        marts.dataset("mrr_over_time", _OVER_TIME, [facts.month]),
        specification(lines_over_months({"MRR": ("closing_mrr", BLUE)}, f"MRR, {facts.currency}", "money")),
        ["mrr_monthly.closing_mrr"],
        "MRR at the close of each month. A hollow point is a month that is not complete.",
        [SLICE],
    )
    yield _age(marts)
    yield _checks(marts)
    yield _restated(marts)
    yield _merged(marts)


def _tiles(marts: Marts) -> Iterator[Tile]:
    month = marts.facts.month
    now, last_month, last_year = (marts.record(_MONTH, [month, back]) for back in (0, 1, 12))

    def tile(label: str, name: str, format_: Any, column: str, note: str = "") -> Tile:
        changes = [
            Change("on last month", last_month[name], format_),
            Change("on last year", last_year[name], format_),
        ]
        return Tile(label, now[name], format_, column, changes, note)

    yield tile("MRR", "closing_mrr", "money", "mrr_monthly.closing_mrr")
    net_new = now["net_new"]
    yield Tile(
        "Net new MRR",
        net_new,
        "money",
        "mrr_monthly.closing_mrr",
        note=(
            "Closing less opening MRR. "
            f"Last month {_money(last_month['net_new'])}, last year {_money(last_year['net_new'])}."
        ),
    )
    yield tile("Customers", "closing_customers", "count", "mrr_monthly.closing_customers")
    yield tile("Net revenue retention", "nrr", "rate", "retention_monthly.nrr", "Over 12 months.")
    yield tile("Gross revenue retention", "grr", "rate", "retention_monthly.grr", "Over 12 months.")
    yield tile("Customer churn", "customer_churn_rate", "rate", "churn_monthly.customer_churn_rate")
    yield tile("Gross MRR churn", "gross_mrr_churn_rate", "rate", "churn_monthly.gross_mrr_churn_rate")
    yield _nps(marts)


def _nps(marts: Marts) -> Tile:
    found = marts.record(_NPS, [marts.facts.month, 0, 0, marts.facts.month, 0])
    if found["nps"] is None:
        return Tile("NPS", None, "score", "nps_periods.nps", note="No answers to relational surveys.")
    start = found["period_start"]
    last_quarter, last_year = (marts.record(_NPS, [start, back, 1, start, back]) for back in (3, 12))
    quarter = f"Q{(start.month + 2) // 3} {start.year}"
    interval = (
        f"95 % interval {found['nps_ci_low']:+.0f} to {found['nps_ci_high']:+.0f}, "
        if found["nps_ci_low"] is not None
        else ""
    )
    return Tile(
        f"NPS, {quarter}",
        found["nps"],
        "score",
        "nps_periods.nps",
        [
            Change("on last quarter", last_quarter["nps"], "score"),
            Change("on last year", last_year["nps"], "score"),
        ],
        f"{interval}{found['responses']:,d} answers.".replace("-", "\u2212"),
    )


def _age(marts: Marts) -> Table:
    sql = """
        select 'Movement of MRR', max(occurred_at) from fct_mrr_movements
        union all
        select 'Answer to a survey', max(responded_at) from fct_survey_responses
        union all
        select 'Account in the CRM', max(created_on)::timestamp from dim_accounts
    """
    return Table(
        "Age of the data",
        [Column("Newest"), Column("Time", "time")],
        [("Delivery or figure that counts", marts.facts.as_of), *marts.rows(sql)],
        ["_release.as_of", "fct_mrr_movements.occurred_at", "fct_survey_responses.responded_at"],
    )


def _checks(marts: Marts) -> Table:
    counts = marts.record(
        "select count(*) as checks, count(*) filter (where status <> 'pass') as found from _data_quality"
    )
    sql = (
        "select check_name, detail, status, observed, affected_mrr, description from _data_quality"
        " where status <> 'pass' order by abs(coalesce(affected_mrr, 0)) desc, check_name, detail limit 20"
    )
    return Table(
        "What the checks say",
        [
            Column("Check"),
            Column("Where"),
            Column("Status"),
            Column("Observed"),
            Column("MRR", "money"),
            Column("Meaning"),
        ],
        marts.rows(sql),
        ["_data_quality.status"],
        note=(
            f"{marts.facts.checks_passed:,d} tests passed while the marts were built. "
            f"{counts['found']:,d} of {counts['checks']:,d} checks of the data found something."
        ),
        empty="All checks of the data passed.",
    )


def _restated(marts: Marts) -> Table:
    sql = (
        "select month, measure, value_before, value_now, value_now - value_before, cause from _restatements"
        " where first_seen_in_release = (select release_id from _release) and dimension = 'all'"
        " order by month desc, measure limit 20"
    )
    return Table(
        "Restated months",
        [
            Column("Month", "month"),
            Column("Measure"),
            Column("Before", "ratio"),
            Column("Now", "ratio"),
            Column("Change", "ratio"),
            Column("Cause"),
        ],
        marts.rows(sql),
        ["_restatements.value_now"],
        empty="This release changed no figure of an earlier month.",
    )


def _merged(marts: Marts) -> Table:
    sql = (
        "select previous_account_id, outcome, account_id, mrr_before from _account_merges"
        " where first_seen_in_release = (select release_id from _release)"
        " order by mrr_before desc nulls last, previous_account_id limit 20"
    )
    return Table(
        "Accounts that changed their id",
        [Column("Before"), Column("What happened"), Column("Now"), Column("MRR before", "money")],
        marts.rows(sql),
        ["_account_merges.outcome"],
        empty="Every account has the id that it had in the release before.",
    )


def _money(value: Any) -> str:
    return "–" if value is None else f"{value:+,.0f}".replace("-", "\u2212")
