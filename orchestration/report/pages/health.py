"""Health: how the customers do, what pulls their scores down, and whether the score foretells churn."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import (
    SLICE,
    Block,
    Change,
    Choice,
    Column,
    Dataset,
    Figure,
    Format,
    PageInfo,
    Table,
    Text,
    Tile,
    Tiles,
)
from orchestration.report.parts.charts import (
    BLUE,
    BROWN,
    GREEN,
    GREY,
    ORANGE,
    base,
    colours,
    lines_over_months,
    specification,
    stacked_over_months,
    tip,
)
from orchestration.report.parts.marts import MONTHS, Marts

INFO = PageInfo(
    6,
    "health",
    "Health",
    "How the customers do, what pulls their scores down, and whether the score foretells churn.",
    (SLICE,),
)

_COLOURS = {"Red": ORANGE, "Yellow": BROWN, "Green": GREEN}

_TILES: tuple[tuple[str, str, Format], ...] = (
    ("Customers in red", "red_customers", "count"),
    ("MRR in red", "red_mrr", "money"),
    ("MRR at stake", "mrr_at_stake", "money"),
)

_MONTHLY = f"""
select
    month, slice, is_complete, average_health_score, red_customers, yellow_customers, green_customers,
    customers - scored_customers as unknown_customers, red_mrr, yellow_mrr, green_mrr, mrr_at_stake
from health_monthly
join slices using (dimension, dimension_value)
where month > ?::date - to_months({MONTHS})
order by slice_order, month
"""

_NOW = """
select average_health_score, scored_customers, customers, red_customers, red_mrr, mrr_at_stake
from health_monthly
where dimension = 'all' and month = (select max(month) from health_monthly) - to_months(?)
"""

_KNOWN = """
select avg(measures_present) as measures
from fct_account_health
where week = (select max(week) from fct_account_health) - 7 * ?
"""

_DISTRIBUTION = """
select
    slice,
    least(floor(health_score / 5) * 5, 95)::int as score_from,
    least(floor(health_score / 5) * 5, 95)::int + 5 as score_to,
    case health_band when 'red' then 'Red' when 'yellow' then 'Yellow' else 'Green' end as band,
    count(*) as customers,
    sum(current_mrr) as mrr
from fct_account_health
join dim_accounts using (account_id)
join account_slices using (account_id)
where not fct_account_health.is_complete and health_score is not null and status = 'active'
group by all
order by any_value(slice_order), score_from, band
"""

_MEASURES = """
select
    slice,
    replace(measure, '_', ' ') as measure,
    avg(coalesce(100 * weight / counted_weight - contribution, 0)) as points_lost,
    avg(score) as average_score,
    count(score) as customers
from (
    select
        *,
        sum(weight) filter (where contribution is not null) over (partition by account_id) as counted_weight
    from fct_health_measures
    where week = (select max(week) from fct_health_measures)
)
join dim_accounts using (account_id)
join account_slices using (account_id)
where counted_weight > 0 and status = 'active'
group by slice, slice_order, measure
having count(score) > 0
order by slice_order, points_lost desc, measure
"""

_RULES = """
select
    case rule_name
        when 'red' then 'Health is red'
        when 'red_or_yellow' then 'Health is red or yellow'
        when 'no_login_30d' then 'No login for 30 days'
        else 'Last NPS answer is 0 to 6'
    end as rule,
    horizon_days || ' days' as horizon, scored_accounts, flagged_accounts, churned_accounts, true_positives,
    recall_rate, precision_rate, base_rate, lift
from health_backtest
where period_type = 'all'
order by
    horizon_days,
    list_position(['red', 'red_or_yellow', 'no_login_30d', 'last_nps_detractor'], rule_name)
"""

_RULE_FIGURES = f"""
select
    rule, horizon, figure, case figure when 'Recall' then recall_rate when 'Precision' then precision_rate
        else lift end as value,
    scored_accounts, flagged_accounts, churned_accounts, true_positives
from ({_RULES})
cross join (values (1, 'Lift'), (2, 'Recall'), (3, 'Precision')) as figures (place, figure)
order by place, horizon, rule
"""

_RULE_COLOURS = {
    "Health is red": ORANGE,
    "Health is red or yellow": BROWN,
    "No login for 30 days": GREY,
    "Last NPS answer is 0 to 6": BLUE,
}


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    monthly = marts.dataset("health_monthly", _MONTHLY, [facts.month])
    if not monthly.rows:
        yield Text(
            "There is no health: the seeds of the score cards are empty, or nobody is a customer.",
            tone="warning",
        )
        return
    yield Tiles("Now", list(_tiles(marts)))
    yield from _over_time(monthly, facts.currency)
    yield Figure(
        "Customers by score",
        marts.dataset("health_scores", _DISTRIBUTION),
        _distribution(),
        ["fct_account_health.health_score", "fct_account_health.health_band"],
        "Customers now, in steps of five points.",
    )
    yield Figure(
        "What pulls the scores down",
        marts.dataset("health_measures", _MEASURES),
        _measures(),
        ["fct_health_measures.score", "fct_health_measures.weight"],
        "Points that each measure costs a customer on average, in the current week.",
        note="A measure that is unknown costs nothing. The table has the mean score of those that know it.",
    )
    yield from _backtest(marts)


def _tiles(marts: Marts) -> Iterator[Tile]:
    now, before = marts.record(_NOW, [0]), marts.record(_NOW, [1])
    known, known_before = (marts.record(_KNOWN, [weeks])["measures"] for weeks in (0, 4))
    yield Tile(
        "Average score",
        now["average_health_score"],
        "ratio",
        "health_monthly.average_health_score",
        [Change("on the last month", before["average_health_score"], "score")],
        f"{now['scored_customers']:,d} of {now['customers']:,d} customers have a score. It rests on "
        f"{known:.1f} known measures on average"
        + (f", {known_before:.1f} four weeks ago." if known_before else "."),
    )
    for label, name, format_ in _TILES:
        change = Change("on the last month", before[name], format_)
        yield Tile(label, now[name], format_, f"health_monthly.{name}", [change])


def _over_time(monthly: Dataset, currency: str) -> Iterator[Figure]:
    customers = {label: (f"{label.lower()}_customers", colour) for label, colour in _COLOURS.items()}
    customers["Unknown"] = ("unknown_customers", GREY)
    mrr = {label: (f"{label.lower()}_mrr", colour) for label, colour in _COLOURS.items()}
    yield Figure(
        "Customers by band",
        monthly,
        specification(stacked_over_months(customers, "Customers", "count")),
        [*(f"health_monthly.{name}" for name, _ in list(customers.values())[:3]), "health_monthly.customers"],
        "Customers at the close of each month, by the band of the last week that ends in it.",
    )
    yield Figure(
        "MRR by band",
        monthly,
        specification(stacked_over_months(mrr, f"MRR, {currency}", "money")),
        [f"health_monthly.{name}" for name, _ in mrr.values()],
        "MRR at the close of each month, by the band of its customer. A pale bar is the current month.",
    )
    yield Figure(
        "Average score",
        monthly,
        specification(
            lines_over_months(
                {"Score": ("average_health_score", BLUE)}, "Score, 0 to 100", "ratio", zero=False
            )
        ),
        ["health_monthly.average_health_score"],
        "Every customer counts the same. A hollow point is the current month.",
    )


def _backtest(marts: Marts) -> Iterator[Block]:
    rules = marts.rows(_RULES)
    if not rules:
        yield Text("Nothing can be said yet about how well the score foretells churn.", "Back-test")
        return
    yield Figure(
        "Does the score foretell churn?",
        marts.dataset("health_backtest", _RULE_FIGURES),
        _rules(),
        ["health_backtest.recall_rate", "health_backtest.precision_rate", "health_backtest.lift"],
        "Red and yellow health beside two rules that need no score, 30, 60 and 90 days ahead.",
        [Choice("figure", "Figure")],
        "Recall is the share of the leavers that were flagged, precision the share of the flagged that left. "
        "A lift of 1 is no better than chance.",
    )
    ((first, last),) = marts.rows(
        "select min(period_start), max(period_start) from health_backtest"
        " where period_type = 'month' and is_complete"
    )
    yield Table(
        "The back-test in figures",
        [
            Column("Rule"),
            Column("Ahead"),
            Column("Scored", "count"),
            Column("Flagged", "count"),
            Column("Left", "count"),
            Column("Flagged and left", "count"),
            Column("Recall", "rate"),
            Column("Precision", "rate"),
            Column("Share that left", "rate"),
            Column("Lift", "ratio"),
        ],
        rules,
        ["health_backtest.recall_rate", "health_backtest.precision_rate", "health_backtest.lift"],
        note=f"All customers, scored at the close of each month from {first:%B %Y} to {last:%B %Y}. "
        "An account counts once in every month.",
    )


@cache
def _distribution() -> dict[str, Any]:
    bars = (
        base()
        .mark_bar()
        .encode(
            x=alt.X(
                "score_from:Q",
                bin="binned",
                title="Health score",
                scale=alt.Scale(domain=[0, 100]),
                axis=alt.Axis(values=list(range(0, 101, 10))),
            ),
            x2="score_to:Q",
            y=alt.Y("customers:Q", title="Customers", axis=alt.Axis(tickMinStep=1, tickCount=5)),
            color=alt.Color("band:N", scale=colours(_COLOURS), legend=alt.Legend()),
            tooltip=[
                tip("score_from", "From", "count"),
                tip("score_to", "To", "count"),
                tip("band", "Band"),
                tip("customers", "Customers", "count"),
                tip("mrr", "MRR", "money"),
            ],
        )
    )
    return specification(bars)


@cache
def _measures() -> dict[str, Any]:
    bars = (
        base()
        .mark_bar(color=ORANGE)
        .encode(
            x=alt.X("points_lost:Q", title="Points lost", axis=alt.Axis(format=".1f", tickCount=5)),
            y=alt.Y("measure:N", title=None, sort=None, axis=alt.Axis(labelLimit=170)),
            tooltip=[
                tip("measure", "Measure"),
                tip("points_lost", "Points lost", "ratio"),
                tip("average_score", "Mean score", "ratio"),
                tip("customers", "Customers that know it", "count"),
            ],
        )
    )
    return specification(bars, height={"step": 24})


@cache
def _rules() -> dict[str, Any]:
    names = list(_RULE_COLOURS)
    bars = (
        base()
        .transform_filter("isValid(datum.value)")
        .mark_bar()
        .encode(
            x=alt.X("horizon:N", title="Churn within", sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("rule:N", sort=names),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5)),
            color=alt.Color("rule:N", scale=colours(_RULE_COLOURS), legend=alt.Legend()),
            tooltip=[
                tip("rule", "Rule"),
                tip("horizon", "Within"),
                tip("figure", "Figure"),
                alt.Tooltip("value:Q", title="Value", format=".2f"),
                tip("flagged_accounts", "Flagged", "count"),
                tip("true_positives", "Flagged and left", "count"),
            ],
        )
    )
    return specification(bars)
