"""CSAT and CES over time and by touchpoint, and what customers did after an NPS survey."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import altair as alt

from orchestration.report.parts.blocks import SLICE, Block, Choice, Figure, PageInfo
from orchestration.report.parts.charts import (
    GREEN,
    GREY,
    ORANGE,
    heatmap,
    line_with_interval,
    lines_over_months,
    specification,
    tip,
)
from orchestration.report.parts.marts import Marts

INFO = PageInfo(
    55, "satisfaction", "Satisfaction", "Whether customers are satisfied, and what they do next.", (SLICE,)
)

QUARTERS = 20
"""Quarters that the charts go back."""

_SURVEYS = f"""
select
    period_start as month,
    year(period_start) || ' Q' || quarter(period_start) as quarter,
    slice,
    upper(survey_type) || ', ' || survey_kind || ', scale of ' || scale_max
        || if(higher_is_better, '', ', low is good') as survey,
    is_mature as is_complete, touchpoint, responses, invited, response_rate, satisfied,
    satisfaction_rate, satisfaction_ci_low, satisfaction_ci_high, mean_score, band
from satisfaction_periods
join slices using (dimension, dimension_value)
where period_type = 'quarter'
    and period_start > ?::date - to_months({QUARTERS * 3})
    and (touchpoint = 'all') = ?
order by
    survey_type desc, survey_kind desc, scale_max, higher_is_better, slice_order, period_start, touchpoint
"""

_OUTCOMES = f"""
select
    quarter as month, survey_kind as survey, figure, is_complete,
    max(rate) filter (nps_category = 'promoter') as promoters,
    max(rate) filter (nps_category = 'passive') as passives,
    max(rate) filter (nps_category = 'detractor') as detractors,
    max(accounts) filter (nps_category = 'promoter') as promoter_accounts,
    max(accounts) filter (nps_category = 'passive') as passive_accounts,
    max(accounts) filter (nps_category = 'detractor') as detractor_accounts
from (
    select
        quarter, survey_kind, nps_category, is_complete, accounts,
        unnest(['NRR', 'GRR', 'Customers kept', 'Expansion']) as figure,
        unnest([nrr, grr, customer_retention_rate, expansion_rate]) as rate
    from nps_outcomes
    where is_complete and quarter > ?::date - to_months({QUARTERS * 3})
)
group by all
order by survey_kind, figure, quarter
"""

_SURVEY = Choice("survey", "Surveys")


def blocks(marts: Marts) -> Iterator[Block]:
    month = marts.facts.month
    yield Figure(
        "Satisfied answers by quarter",
        marts.dataset("satisfaction_periods", _SURVEYS, [month, True]),
        _over_time(),
        [
            "satisfaction_periods.satisfaction_rate",
            "satisfaction_periods.satisfaction_ci_low",
            "satisfaction_periods.satisfaction_ci_high",
            "satisfaction_periods.responses",
            "satisfaction_periods.mean_score",
        ],
        "The band is the 95 % interval. A hollow point is a quarter whose answers still come in.",
        [_SURVEY],
        "CSAT counts the top two of five, CES the top three of seven. Scales and kinds of survey never mix.",
    )
    minimum = marts.record("select value_in_force from _policies where policy = 'nps_min_responses'")
    yield Figure(
        "Satisfied answers by touchpoint",
        marts.dataset("satisfaction_touchpoints", _SURVEYS, [month, False]),
        _by_touchpoint(),
        [
            "satisfaction_periods.satisfaction_rate",
            "satisfaction_periods.responses",
            "satisfaction_periods.band",
        ],
        "Rows are the stages of the customer lifecycle at which the surveys were sent.",
        [_SURVEY],
        f"A cell with n= has fewer than {minimum['value_in_force']} answers, so it has no band.",
    )
    categories = {
        "Promoters": ("promoters", GREEN),
        "Passives": ("passives", GREY),
        "Detractors": ("detractors", ORANGE),
    }
    yield Figure(
        "The 12 months after an NPS survey",
        marts.dataset("nps_outcomes", _OUTCOMES, [month]),
        specification(lines_over_months(categories, "Share of the start", "rate")),
        [
            "nps_outcomes.nrr",
            "nps_outcomes.grr",
            "nps_outcomes.customer_retention_rate",
            "nps_outcomes.expansion_rate",
        ],
        "Accounts by the mean of their answers in a quarter. All customers at its close.",
        [Choice("survey", "Surveys", "relational"), Choice("figure", "Figure", "NRR")],
        "The table has the number of accounts. Few accounts make large swings.",
    )


@cache
def _over_time() -> dict[str, Any]:
    tooltip = [
        tip("month", "Quarter from", "month"),
        *_tips(),
        tip("response_rate", "Response rate", "rate"),
        tip("mean_score", "Mean score", "ratio"),
    ]
    ends = ("satisfaction_ci_low", "satisfaction_ci_high")
    return specification(line_with_interval("satisfaction_rate", ends, "Satisfied answers", "rate", tooltip))


def _tips() -> list[alt.Tooltip]:
    return [
        tip("satisfaction_rate", "Satisfied", "rate"),
        tip("satisfaction_ci_low", "Low", "rate"),
        tip("satisfaction_ci_high", "High", "rate"),
        tip("responses", "Answers", "count"),
        tip("band", "Band"),
    ]


@cache
def _by_touchpoint() -> dict[str, Any]:
    chart = heatmap(
        alt.X("quarter:O", title=None, axis=alt.Axis(labelAngle=-45, orient="top")),
        alt.Y("touchpoint:O", title=None),
        [0.5, 0.6, 0.7, 0.75, 0.8, 0.9],
        "label",
        [alt.Tooltip("touchpoint:N", title="Touchpoint"), tip("quarter", "Quarter"), *_tips()],
    ).transform_calculate(
        value="isValid(datum.band) ? datum.satisfaction_rate : null",
        label="isValid(datum.band) ? format(datum.satisfaction_rate, '.0%') : 'n=' + datum.responses",
    )
    return specification(chart, height={"step": 28})
