"""NPS over time, by cohort and by tenure, with its interval."""

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
    base,
    heatmap,
    line_with_interval,
    specification,
    stacked_over_months,
    tip,
)
from orchestration.report.parts.marts import Marts

INFO = PageInfo(50, "nps", "NPS", "Whether customers would recommend us, and how sure that is.", (SLICE,))

QUARTERS = 20
"""Quarters that the charts go back."""

_PERIODS = f"""
select
    period_start as month, slice, survey_kind as survey, 'one vote per ' || weighting as weighting,
    is_mature as is_complete, nps, nps_ci_low, nps_ci_high, responses, invited, response_rate,
    promoters, passives, detractors, nps_change, is_significant_change
from nps_periods
join slices using (dimension, dimension_value)
where period_type = 'quarter' and period_start > ?::date - to_months({QUARTERS * 3})
order by survey_kind, case weighting when 'respondent' then 0 else 1 end, weighting, slice_order, period_start
"""

_COHORTS = """
select
    year(cohort_month) || ' Q' || quarter(cohort_month) as cohort,
    strftime(cohort_month, '%Y-%m') as cohort_month,
    tenure_quarter, survey_kind as survey, responses, nps, nps_ci_low, nps_ci_high, is_suppressed
from nps_cohorts
where cohort_month > ?::date - to_months(24)
order by survey_kind, cohort_month, tenure_quarter
"""

_TENURE = """
select
    tenure_quarter, survey_kind as survey, sum(responses) as responses,
    sum(promoters) as promoters, sum(passives) as passives, sum(detractors) as detractors
from nps_cohorts
group by tenure_quarter, survey_kind
order by survey_kind, tenure_quarter
"""

_SURVEY = Choice("survey", "Surveys", "relational")


def blocks(marts: Marts) -> Iterator[Block]:
    facts = marts.facts
    periods = marts.dataset("nps_periods", _PERIODS, [facts.month])
    choices = [_SURVEY, Choice("weighting", "Weighting", "one vote per respondent")]
    yield Figure(
        "NPS by quarter",
        periods,
        _over_time(),
        [
            *(
                "nps_periods.nps",
                "nps_periods.nps_ci_low",
                "nps_periods.nps_ci_high",
                "nps_periods.responses",
            ),
            *("nps_periods.nps_change", "nps_periods.is_significant_change"),
        ],
        "The band is the 95 % interval. A hollow point is a quarter whose answers still come in.",
        choices,
    )
    votes = {
        "Promoters": ("promoters", GREEN),
        "Passives": ("passives", GREY),
        "Detractors": ("detractors", ORANGE),
    }
    yield Figure(
        "Answers by quarter",
        periods,
        specification(stacked_over_months(votes, "Votes", "count")),
        ["nps_periods.promoters", "nps_periods.passives", "nps_periods.detractors"],
        "Promoters gave 9 or 10, detractors 6 or less.",
        choices,
    )
    minimum = marts.record("select value_in_force from _policies where policy = 'nps_min_responses'")
    yield Figure(
        "NPS by cohort and tenure",
        marts.dataset("nps_cohorts", _COHORTS, [facts.month]),
        _cohorts(),
        ["nps_cohorts.nps", "nps_cohorts.responses", "nps_cohorts.is_suppressed"],
        "Rows are months of a first payment, columns the quarters since then. All customers.",
        [_SURVEY],
        f"A cell with n= has fewer than {minimum['value_in_force']} answers, so its NPS is suppressed.",
    )
    yield Figure(
        "Answers by tenure",
        marts.dataset("nps_tenure", _TENURE),
        _tenure(),
        ["nps_cohorts.promoters", "nps_cohorts.passives", "nps_cohorts.detractors"],
        "Votes of all cohorts, by the quarters since the first payment.",
        [_SURVEY],
    )


@cache
def _over_time() -> dict[str, Any]:
    tooltip = [
        tip("month", "Quarter from", "month"),
        tip("nps", "NPS", "score"),
        tip("nps_ci_low", "Low", "score"),
        tip("nps_ci_high", "High", "score"),
        tip("responses", "Answers", "count"),
        tip("response_rate", "Response rate", "rate"),
        tip("nps_change", "Change from the quarter before", "score"),
        tip("is_significant_change", "Change is significant"),
    ]
    return specification(line_with_interval("nps", ("nps_ci_low", "nps_ci_high"), "NPS", "score", tooltip))


@cache
def _cohorts() -> dict[str, Any]:
    tooltip = [
        alt.Tooltip("cohort_month:N", title="Cohort"),
        alt.Tooltip("tenure_quarter:O", title="Quarters since"),
        tip("nps", "NPS", "score"),
        tip("nps_ci_low", "Low", "score"),
        tip("nps_ci_high", "High", "score"),
        tip("responses", "Answers", "count"),
    ]
    chart = heatmap(
        alt.X(
            "tenure_quarter:O",
            title="Quarters since the first payment",
            axis=alt.Axis(labelAngle=0, orient="top"),
        ),
        alt.Y("cohort_month:O", title=None),
        [-40, -10, 10, 30, 50, 70],
        "label",
        tooltip,
    ).transform_calculate(
        value="datum.nps", label="isValid(datum.nps) ? format(datum.nps, '+.0f') : 'n=' + datum.responses"
    )
    return specification(chart, height={"step": 22})


@cache
def _tenure() -> dict[str, Any]:
    columns = {"promoters": GREEN, "passives": GREY, "detractors": ORANGE}
    bars = (
        base()
        .transform_fold(list(columns), as_=["vote", "votes"])
        .mark_bar()
        .encode(
            x=alt.X(
                "tenure_quarter:O", title="Quarters since the first payment", axis=alt.Axis(labelAngle=0)
            ),
            y=alt.Y("votes:Q", stack="normalize", title="Share of votes", axis=alt.Axis(format=".0%")),
            color=alt.Color(
                "vote:N",
                scale=alt.Scale(domain=list(columns), range=list(columns.values())),
                legend=alt.Legend(),
            ),
            tooltip=[
                alt.Tooltip("tenure_quarter:O", title="Quarters since"),
                tip("vote", "Vote"),
                tip("votes", "Votes", "count"),
                tip("responses", "Answers", "count"),
            ],
        )
    )
    return specification(bars)
