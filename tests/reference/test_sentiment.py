"""Compares the survey marts with plain Python and SciPy on a random company: every row and figure."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.compiled import Row, compile_models, run_models
from tests.reference import sentiment
from tests.reference.sentiment import Figures, later, read_answers

pytestmark = pytest.mark.integration

ZONE = "America/New_York"
AS_OF = datetime(2026, 3, 20, 15)
FIRST_DAY = datetime(2024, 1, 1)
POLICIES = {"reporting_timezone": ZONE, "slice_dimensions": ["segment", "plan"]}
TARGETS = (
    *("fct_survey_responses", "fct_account_months", "nps_periods", "nps_outcomes", "satisfaction_periods"),
)
KEYS = {
    "satisfaction_periods": (
        *("period_type", "period_start", "survey_type", "survey_kind", "scale_max", "higher_is_better"),
        *("touchpoint", "dimension", "dimension_value"),
    ),
    "nps_periods": (
        *("period_type", "period_start", "survey_kind", "weighting", "dimension", "dimension_value"),
    ),
    "nps_outcomes": ("quarter", "survey_kind", "nps_category"),
}
SCALES = {
    "nps": [(10, True)] * 9 + [(5, True)],
    "csat": [(5, True), (2, True)],
    "ces": [(7, True), (5, False)],
}


def random_landing(rng: random.Random) -> dict[str, list[Row]]:
    """Forty accounts that come, grow, shrink and leave, and 1,500 invitations."""
    accounts = [
        {"account_id": f"a{n}", "segment": rng.choice(["smb", "large", None]), "is_internal": n == 0}
        for n in range(40)
    ]
    periods: list[Row] = []
    for account in accounts:
        start = FIRST_DAY + timedelta(days=rng.randint(0, 300))
        for number in range(rng.randint(0, 4)):
            end = start + timedelta(days=rng.choice([45, 150, 400, 700]))
            periods.append(
                {
                    **{"subscription_id": f"{account['account_id']}-{number}", **account},
                    **{"plan_id": rng.choice(["basic", "pro"]), "currency": "USD", "interval": "month"},
                    "unit_amount": Decimal(rng.randint(100, 900)),
                    **{"period_start": start, "period_end": end},
                }
            )
            start = end + timedelta(days=rng.choice([0, 0, -30, 60]))
    return {
        "accounts": accounts,
        "subscription_periods": periods,
        "survey_responses": [random_response(rng, number) for number in range(1500)],
    }


def random_response(rng: random.Random, number: int) -> Row:
    survey_type = rng.choice(["nps", "nps", "csat", "ces"])
    top, is_high_good = rng.choice(SCALES[survey_type])
    # Some instants are close to the end of a month in New York, which is not the end in UTC.
    sent = FIRST_DAY + timedelta(hours=rng.randint(0, 24 * 815))
    if rng.random() < 0.2:
        sent = datetime(sent.year, sent.month, 1, rng.randint(3, 6), rng.choice([0, 59]))
    touchpoint = rng.choice(["support", "onboarding", "renewal", None])
    # Some scores are off their scale, and most of support are at its top.
    scores = [*range(top + 2), *[top] * (3 * top if touchpoint == "support" else 1)]
    score = None if rng.random() < 0.3 else Decimal(rng.choice(scores))
    account = rng.randint(-2, 39)
    return {
        "response_id": f"r{number:04}",
        "account_id": None if account < 0 else f"a{account}",
        "respondent_id": rng.choice([None, f"p{account}-{rng.randint(0, 2)}", f"p{rng.randint(0, 5)}"]),
        "survey_type": survey_type,
        "survey_kind": rng.choice(["relational", "relational", "transactional"]),
        **{"touchpoint": touchpoint, "score": score, "scale_max": top, "higher_is_better": is_high_good},
        "delivered": rng.random() < 0.9,
        "sent_at": sent if score is None or rng.random() < 0.9 else None,
        "responded_at": None if score is None else sent + timedelta(hours=rng.choice([0, 30, 400])),
    }


@pytest.fixture(scope="module")
def landing() -> dict[str, list[Row]]:
    return random_landing(random.Random(17))


@pytest.fixture(scope="module")
def marts(landing: dict[str, list[Row]]) -> dict[str, list[Row]]:
    # Landing a column of another object is not allowed.
    known = {"subscription_periods": ("segment", "is_internal")}
    rows = {
        name: [{key: value for key, value in row.items() if key not in known.get(name, ())} for row in of]
        for name, of in landing.items()
    }
    return run_models(compile_models(POLICIES, TARGETS), rows, AS_OF, TARGETS)


@pytest.fixture(scope="module")
def answers(landing: dict[str, list[Row]], marts: dict[str, list[Row]]) -> list[sentiment.Answer]:
    published = {row["response_id"]: row for row in marts["fct_survey_responses"]}
    return read_answers(landing["survey_responses"], published, AS_OF, ZONE)


def compare(marts: Mapping[str, list[Row]], mart: str, expected: Figures) -> None:
    """The mart has exactly the expected rows and figures."""
    found = {tuple(row[name] for name in KEYS[mart]): row for row in marts[mart]}
    assert found.keys() == expected.keys()
    for key, figures in expected.items():
        for name, figure in figures.items():
            assert alike(found[key][name], figure), (mart, key, name, found[key][name], figure)


def alike(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and found is not None:
        return abs(float(found) - expected) < 1e-5
    return bool(found == expected)


def test_the_company_has_what_the_rules_are_about(
    landing: dict[str, list[Row]], marts: dict[str, list[Row]]
) -> None:
    assert {row["band"] for row in marts["satisfaction_periods"]} == {"good", "fair", "poor", None}
    assert {row["is_significant_change"] for row in marts["nps_periods"]} == {True, False, None}
    complete = [row for row in marts["nps_outcomes"] if row["is_complete"]]
    assert 0 < len(complete) < len(marts["nps_outcomes"])
    for name in ("expansion_mrr", "contraction_mrr", "churned_mrr", "already_left_accounts"):
        assert any(row[name] for row in complete), name
    # Those of the internal account and those that were sent after as_of are left out.
    assert 1000 < len(marts["fct_survey_responses"]) < len(landing["survey_responses"])


def test_satisfaction_agrees_with_the_reference(
    marts: dict[str, list[Row]], answers: list[sentiment.Answer]
) -> None:
    compare(marts, "satisfaction_periods", sentiment.satisfaction(answers, AS_OF, ZONE))


def test_changes_of_nps_agree_with_the_reference(
    marts: dict[str, list[Row]], answers: list[sentiment.Answer]
) -> None:
    compare(marts, "nps_periods", sentiment.changes(answers))


def test_outcomes_agree_with_the_reference(
    marts: dict[str, list[Row]], answers: list[sentiment.Answer]
) -> None:
    months = {(row["account_id"], row["month"]): row for row in marts["fct_account_months"]}
    compare(marts, "nps_outcomes", sentiment.outcomes(answers, months, date(2026, 3, 1)))


def test_voices_of_account_months_agree_with_the_reference(
    marts: dict[str, list[Row]], answers: list[sentiment.Answer]
) -> None:
    rows = marts["fct_account_months"]
    for row in rows:
        for name, figure in sentiment.voices(answers, row["account_id"], row["month"]).items():
            assert alike(row[name], figure), (row["account_id"], row["month"], name, row[name], figure)
    assert any(row["nps_score_latest"] is None for row in rows)
    assert any(row["csat_rate"] for row in rows)
    # No voice adds or removes a month.
    keys = {(row["account_id"], row["month"]) for row in rows}
    assert len(keys) == len(rows)
    for account_id in {account_id for account_id, _ in keys}:
        months = sorted(month for account, month in keys if account == account_id)
        assert months == [later(months[0], ahead) for ahead in range(len(months))]
        assert months[-1] == date(2026, 3, 1)
