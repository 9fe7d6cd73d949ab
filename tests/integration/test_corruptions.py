"""Corrupt one thing in a copy of published marts; the audit must name the mart and the check."""

from __future__ import annotations

import pytest

from orchestration.quality import Suite
from orchestration.quality.expectations import EMAIL_CHECK, ROWS_QUERY
from tests.integration.corrupted import CORRUPTIONS, Audit, failed, message, only
from tests.shared import declared_suites

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(("mart", "check", "statement"), CORRUPTIONS)
def test_a_corruption_is_blamed_on_the_right_check(
    audit: Audit, mart: str, check: str, statement: str
) -> None:
    suite = declared_suites()[mart]
    checks = tuple(expectation for expectation in suite.expectations if expectation.name == check)
    report = audit(statement, suites={mart: Suite(mart, checks)})
    assert (mart, check) in failed(report)
    assert message(report, mart, check).startswith(f"marts.{mart}: {check} failed: ")
    assert not report.passed


def test_every_rows_check_is_corrupted_by_some_test() -> None:
    """A query that no test has made fail might be unable to fail."""
    warnings_tested_below = {
        ("mrr_monthly", "committed_and_at_risk_not_negative"),
        ("churn_monthly", "gross_mrr_churn_rate_at_most_one"),
        ("_data_quality", "nothing_fails"),
    }
    corrupted = {(mart, check) for mart, check, _ in CORRUPTIONS} | warnings_tested_below
    queries = {
        (suite.mart, expectation.name)
        for suite in declared_suites().values()
        for expectation in suite.expectations
        if expectation.type == ROWS_QUERY and expectation.name != EMAIL_CHECK
    }
    assert queries - corrupted == set()


def test_empty_survey_marts_pass_where_nobody_was_asked(audit: Audit) -> None:
    marts = ("fct_survey_responses", "nps_periods", "nps_cohorts", "nps_outcomes", "satisfaction_periods")
    report = audit(*(f"delete from marts.{mart}" for mart in marts), suites=only(*marts))
    assert failed(report) - {(mart, "suite_declared") for mart in declared_suites()} == set()


def test_empty_support_marts_pass_where_there_is_no_help_desk(audit: Audit) -> None:
    marts = ("fct_tickets", "support_monthly", "fct_account_months")
    report = audit(
        "delete from marts.fct_tickets",
        "delete from marts.support_monthly",
        "update marts.fct_account_months set tickets_opened = null",
        suites=only(*marts),
    )
    assert failed(report) - {(mart, "suite_declared") for mart in declared_suites()} == set()


def test_empty_churn_reasons_pass_where_nobody_left(audit: Audit) -> None:
    report = audit(
        "delete from marts.churn_reasons_monthly",
        "update marts.churn_monthly set churned_customers = 0, churned_mrr = 0",
        suites=only("churn_reasons_monthly"),
    )
    assert not [
        result for result in report.results if result.mart == "churn_reasons_monthly" and result.is_blocking
    ]


def test_customers_at_zero_pass_where_a_policy_keeps_them(audit: Audit) -> None:
    paused = (
        "update marts.fct_account_months set is_customer_at_close = true"
        " where closing_mrr = 0 and not is_new_and_churned"
    )
    suites = only("fct_account_months", "mrr_monthly", "dim_accounts", "dim_months", "_policies")
    outcomes = {
        policy: {result.check: result.outcome for result in report.results}["flags_fit_amounts"]
        for policy in ("zero_as_churn", "zero_as_contraction")
        for report in [
            audit(
                paused,
                f"update marts._policies set value_in_force = '{policy}' where policy = 'pause_policy'",
                suites=suites,
            )
        ]
    }
    assert outcomes == {"zero_as_churn": "failed", "zero_as_contraction": "passed"}


@pytest.mark.parametrize(
    ("mart", "check", "statement"),
    [
        (
            "mrr_monthly",
            "committed_and_at_risk_not_negative",
            "update marts.mrr_monthly set committed_mrr = -1 where {one_slice}",
        ),
        (
            "churn_monthly",
            "gross_mrr_churn_rate_at_most_one",
            "update marts.churn_monthly set gross_mrr_churn_rate = 1.02, gross_mrr_churn_rate_events = 1.02"
            " where {one_total}",
        ),
        (
            "_data_quality",
            "nothing_fails",
            "update marts._data_quality set status = 'fail' where status = 'warn'",
        ),
    ],
)
def test_a_warning_is_reported_and_does_not_block(
    audit: Audit, mart: str, check: str, statement: str
) -> None:
    report = audit(statement, suites=only(mart))
    assert [(result.mart, result.check) for result in report.warnings] == [(mart, check)]
    assert (mart, check) not in {(result.mart, result.check) for result in report.blocking}
    assert "failed (warning only)" in message(report, mart, check)
