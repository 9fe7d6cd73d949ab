"""Corrupt one thing in a copy of a sound marts file; the audit must name the mart and the check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from test_quality_company import build_company

from orchestration.errors import AuditError
from orchestration.quality import AuditReport, Expectation, Suite, audit_marts, load_suites
from orchestration.quality.suites import ROWS_QUERY
from orchestration.settings import PROJECT_DIR

SUITES = load_suites()

Audit = Callable[..., AuditReport]


@pytest.fixture(scope="session")
def sound_marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_company(tmp_path_factory.mktemp("company") / "marts.duckdb")


@pytest.fixture
def audit(sound_marts: Path, tmp_path: Path) -> Audit:
    """Audit a copy of the sound file on which `statements` ran."""

    def run(*statements: str, suites: Mapping[str, Suite] = SUITES) -> AuditReport:
        copy = tmp_path / "marts.duckdb"
        shutil.copy(sound_marts, copy)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{copy}' as corrupted")
            connection.execute("use corrupted")
            for statement in statements:
                connection.execute(statement)
        return audit_marts(copy, suites)

    return run


def only(*marts: str) -> dict[str, Suite]:
    """The suites of some marts; the others then lack one, which tests of single checks do not look at."""
    return {mart: SUITES[mart] for mart in marts}


def failed(report: AuditReport) -> set[tuple[str, str]]:
    return {(result.mart, result.check) for result in report.results if result.outcome == "failed"}


def message(report: AuditReport, mart: str, check: str) -> str:
    return next(result.message for result in report.results if (result.mart, result.check) == (mart, check))


ONE_ACCOUNT = "account_id = 'acc-000004' and month = date '2023-09-01'"
ONE_SLICE = "month = date '2023-09-01' and dimension = 'segment' and dimension_value = 'smb'"
ONE_TOTAL = "month = date '2023-09-01' and dimension = 'all'"
ONE_MOVEMENT = "movement_id = (select min(movement_id) from marts.fct_mrr_movements where {})"
ONE_RESPONSE = "response_id = (select min(response_id) from marts.fct_survey_responses where is_counted)"
ONE_PERIOD = "period_start = date '2023-04-01' and dimension = 'all' and weighting = 'respondent'"


def set_movement(change: str, where: str = "true") -> str:
    return f"update marts.fct_mrr_movements set {change} where {ONE_MOVEMENT.format(where)}"


CORRUPTIONS = [
    # mart, check, statement
    ("dim_accounts", "has_rows", "delete from marts.dim_accounts"),
    ("dim_accounts", "has_contract_columns", "alter table marts.dim_accounts drop owner_name"),
    ("dim_accounts", "account_id_unique", "insert into marts.dim_accounts from marts.dim_accounts limit 1"),
    (
        "dim_accounts",
        "status_known",
        "update marts.dim_accounts set status = 'vip' where account_id = 'acc-000004'",
    ),
    (
        "dim_accounts",
        "status_fits_figures",
        "update marts.dim_accounts set status = 'prospect' where account_id = 'acc-000004'",
    ),
    (
        "dim_accounts",
        "status_fits_figures",
        "update marts.dim_accounts set current_arr = current_arr + 1 where account_id = 'acc-000004'",
    ),
    (
        "dim_accounts",
        "current_mrr_is_latest_closing",
        "update marts.dim_accounts set current_mrr = current_mrr + 1 where account_id = 'acc-000004'",
    ),
    (
        "dim_accounts",
        "no_email_addresses",
        "update marts.dim_accounts set owner_name = 'ada.l@corp.example' where account_id = 'acc-000004'",
    ),
    (
        "dim_months",
        "months_follow_each_other",
        "delete from marts.dim_months where month = date '2023-05-01'",
    ),
    ("dim_months", "only_the_last_month_is_open", "update marts.dim_months set is_complete = true"),
    (
        "fct_account_months",
        "account_id_not_null",
        f"update marts.fct_account_months set account_id = null where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "account_month_unique",
        f"insert into marts.fct_account_months from marts.fct_account_months where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "net_movement_type_known",
        f"update marts.fct_account_months set net_movement_type = 'gift' where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "roll_forward_closes",
        f"update marts.fct_account_months set expansion_mrr = expansion_mrr + 0.01 where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "net_roll_forward_closes",
        f"update marts.fct_account_months set net_new_mrr = null where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "signs_hold",
        "update marts.fct_account_months set contraction_mrr = 5, expansion_mrr = expansion_mrr - 5"
        f" where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "flags_fit_amounts",
        f"update marts.fct_account_months set is_customer_at_close = false where {ONE_ACCOUNT}",
    ),
    ("fct_account_months", "months_connect", f"delete from marts.fct_account_months where {ONE_ACCOUNT}"),
    # Both ends move together, so that each row still adds up and only the neighbours tell.
    (
        "fct_account_months",
        "months_connect",
        "update marts.fct_account_months set opening_mrr = opening_mrr + 7, closing_mrr = closing_mrr + 7"
        f" where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "flags_fit_amounts",
        "update marts.fct_account_months set is_customer_at_close = true where closing_mrr = 0",
    ),
    (
        "fct_account_months",
        "sums_to_mrr_monthly",
        f"update marts.fct_account_months set usage_mrr = usage_mrr + 1 where {ONE_ACCOUNT}",
    ),
    (
        "fct_account_months",
        "accounts_are_known",
        "update marts.fct_account_months set account_id = 'ghost' where account_id = 'acc-000004'",
    ),
    (
        "fct_account_months",
        "sums_to_mrr_monthly",
        f"update marts.mrr_monthly set reactivation_mrr = reactivation_mrr + 1 where {ONE_TOTAL}",
    ),
    (
        "fct_mrr_movements",
        "movement_subtype_known",
        "update marts.fct_mrr_movements set movement_subtype = 'price' where movement_type = 'expansion'",
    ),
    (
        "fct_mrr_movements",
        "type_fits_amounts",
        "update marts.fct_mrr_movements set movement_type = 'opening_balance'"
        " where movement_type = 'expansion'",
    ),
    (
        "fct_mrr_movements",
        "movement_id_unique",
        "insert into marts.fct_mrr_movements from marts.fct_mrr_movements limit 1",
    ),
    ("fct_mrr_movements", "movement_type_known", set_movement("movement_type = 'gift'")),
    ("fct_mrr_movements", "before_and_change_make_after", set_movement("mrr_change = mrr_change + 0.01")),
    (
        "fct_mrr_movements",
        "type_fits_amounts",
        set_movement("movement_type = 'reactivation'", "movement_type = 'expansion'"),
    ),
    ("fct_mrr_movements", "type_fits_amounts", set_movement("churn_kind = null", "movement_type = 'churn'")),
    ("fct_mrr_movements", "month_fits_date", set_movement("occurred_on = occurred_on + 40")),
    (
        "fct_mrr_movements",
        "account_history_connects",
        set_movement("mrr_before = mrr_before + 3, mrr_after = mrr_after + 3"),
    ),
    (
        "fct_mrr_movements",
        "account_history_connects",
        set_movement("movement_type = 'new'", "movement_type = 'reactivation'"),
    ),
    (
        "fct_mrr_movements",
        "movements_sum_to_closing",
        f"delete from marts.fct_mrr_movements where {ONE_MOVEMENT.format('true')}",
    ),
    (
        "fct_mrr_movements",
        "sums_to_mrr_monthly",
        set_movement("movement_type = 'merge'", "movement_type = 'fx_impact'"),
    ),
    (
        "fct_mrr_movement_items",
        "movement_item_unique",
        "insert into marts.fct_mrr_movement_items"
        " from marts.fct_mrr_movement_items where movement_id is not null limit 1",
    ),
    (
        "fct_mrr_movement_items",
        "parts_add_up",
        "update marts.fct_mrr_movement_items set other_mrr = 1 where subscription_id = 'acc-000004-sub'",
    ),
    (
        "fct_mrr_movement_items",
        "items_sum_to_movements",
        "delete from marts.fct_mrr_movement_items where subscription_id = 'acc-000004-sub'",
    ),
    (
        "fct_mrr_movement_items",
        "items_sum_to_movements",
        "delete from marts.fct_mrr_movement_items where item_id = 'old'",
    ),
    (
        "mrr_monthly",
        "month_slice_unique",
        f"insert into marts.mrr_monthly from marts.mrr_monthly where {ONE_SLICE}",
    ),
    (
        "mrr_monthly",
        "roll_forward_closes",
        f"update marts.mrr_monthly set expansion_mrr = expansion_mrr + 1 where {ONE_SLICE}",
    ),
    (
        "mrr_monthly",
        "net_roll_forward_closes",
        f"update marts.mrr_monthly set net_expansion_mrr = net_expansion_mrr + 1 where {ONE_SLICE}",
    ),
    (
        "mrr_monthly",
        "customers_roll_forward",
        f"update marts.mrr_monthly set new_customers = new_customers + 1 where {ONE_SLICE}",
    ),
    (
        "mrr_monthly",
        "closing_opens_next_month",
        f"update marts.mrr_monthly set opening_customers = opening_customers + 1 where {ONE_SLICE}",
    ),
    (
        "mrr_monthly",
        "closing_opens_next_month",
        f"update marts.mrr_monthly set opening_mrr_constant = opening_mrr_constant + 1 where {ONE_SLICE}",
    ),
    ("mrr_monthly", "signs_hold", f"update marts.mrr_monthly set churn_mrr = 1 where {ONE_SLICE}"),
    ("mrr_monthly", "ratios_fit_amounts", f"update marts.mrr_monthly set arpa = arpa + 1 where {ONE_SLICE}"),
    ("mrr_monthly", "months_are_those_of_dim_months", f"delete from marts.mrr_monthly where {ONE_TOTAL}"),
    ("mrr_monthly", "slices_add_up", f"delete from marts.mrr_monthly where {ONE_SLICE}"),
    (
        "churn_monthly",
        "customer_churn_rate_not_negative",
        f"update marts.churn_monthly set customer_churn_rate = -0.1 where {ONE_SLICE}",
    ),
    (
        "churn_monthly",
        "customer_churn_rate_at_most_one",
        f"update marts.churn_monthly set churned_customers = 99 where {ONE_SLICE}",
    ),
    ("churn_monthly", "signs_hold", f"update marts.churn_monthly set voluntary_mrr = 5 where {ONE_SLICE}"),
    (
        "churn_monthly",
        "kinds_add_up",
        f"update marts.churn_monthly set pause_customers = pause_customers + 1 where {ONE_SLICE}",
    ),
    (
        "churn_monthly",
        "rates_fit_amounts",
        f"update marts.churn_monthly set gross_mrr_churn_rate = 0.5 where {ONE_SLICE}",
    ),
    (
        "churn_monthly",
        "rates_fit_amounts",
        "update marts.churn_monthly set customer_churn_rate = 0 where opening_customers = 0",
    ),
    (
        "churn_monthly",
        "equals_mrr_monthly",
        f"update marts.churn_monthly set contraction_mrr = contraction_mrr - 1 where {ONE_SLICE}",
    ),
    ("churn_reasons_monthly", "sums_to_churn_monthly", "delete from marts.churn_reasons_monthly"),
    (
        "churn_reasons_monthly",
        "churn_kind_known",
        "update marts.churn_reasons_monthly set churn_kind = 'boredom'",
    ),
    ("churn_reasons_monthly", "mrr_not_positive", "update marts.churn_reasons_monthly set mrr = -mrr"),
    (
        "retention_monthly",
        "window_months_known",
        "update marts.retention_monthly set window_months = 6 where window_months = 3",
    ),
    (
        "retention_monthly",
        "grr_in_range",
        "update marts.retention_monthly set grr = 1.2 where window_months = 12",
    ),
    (
        "retention_monthly",
        "rates_fit_figures",
        f"update marts.retention_monthly set nrr = grr / 2 where {ONE_SLICE}",
    ),
    (
        "retention_monthly",
        "retained_at_most_starting",
        f"update marts.retention_monthly set retained_customers = 999 where {ONE_SLICE}",
    ),
    (
        "retention_monthly",
        "starts_where_mrr_monthly_closed",
        f"update marts.retention_monthly set starting_mrr = starting_mrr + 1 where {ONE_TOTAL}",
    ),
    ("retention_monthly", "slices_add_up", f"delete from marts.retention_monthly where {ONE_SLICE}"),
    (
        "retention_cohorts",
        "cohort_age_slice_unique",
        "insert into marts.retention_cohorts from marts.retention_cohorts limit 1",
    ),
    (
        "retention_cohorts",
        "gross_mrr_retention_rate_in_range",
        "update marts.retention_cohorts set gross_mrr_retention_rate = 1.1 where months_since = 1",
    ),
    (
        "retention_cohorts",
        "rates_fit_figures",
        "update marts.retention_cohorts set customer_retention_rate = 0 where not is_complete",
    ),
    (
        "retention_cohorts",
        "cohorts_are_those_of_dim_accounts",
        "update marts.retention_cohorts set cohort_customers = cohort_customers + 1 where months_since = 2",
    ),
    (
        "retention_cohorts",
        "slices_add_up",
        "update marts.retention_cohorts set retained_mrr = retained_mrr + 1"
        " where dimension = 'segment' and months_since = 2",
    ),
    (
        "fct_survey_responses",
        "response_id_unique",
        "insert into marts.fct_survey_responses from marts.fct_survey_responses limit 1",
    ),
    (
        "fct_survey_responses",
        "category_fits_score",
        f"update marts.fct_survey_responses set nps_category = 'promoter', score = 3 where {ONE_RESPONSE}",
    ),
    (
        "fct_survey_responses",
        "category_fits_score",
        f"update marts.fct_survey_responses set nps_category = null where {ONE_RESPONSE}",
    ),
    (
        "fct_survey_responses",
        "last_answer_counts_once",
        "update marts.fct_survey_responses set respondent_id = 'same'",
    ),
    (
        "fct_survey_responses",
        "no_email_addresses",
        f"update marts.fct_survey_responses set respondent_id = 'jo@corp.example' where {ONE_RESPONSE}",
    ),
    ("nps_periods", "nps_in_range", f"update marts.nps_periods set nps = 101 where {ONE_PERIOD}"),
    (
        "nps_periods",
        "responses_at_most_invited",
        f"update marts.nps_periods set invited = 0 where {ONE_PERIOD}",
    ),
    (
        "nps_periods",
        "figures_fit",
        f"update marts.nps_periods set promoters = promoters + 1 where {ONE_PERIOD}",
    ),
    ("nps_periods", "figures_fit", f"update marts.nps_periods set nps = nps + 0.5 where {ONE_PERIOD}"),
    (
        "nps_periods",
        "weighting_known",
        "update marts.nps_periods set weighting = 'seat' where weighting = 'mrr'",
    ),
    ("nps_periods", "responses_come_from_surveys", "delete from marts.nps_periods"),
    (
        "nps_periods",
        "slices_add_up",
        "update marts.nps_periods set detractors = detractors + 1, responses = responses + 1"
        f" where {ONE_PERIOD}",
    ),
    ("nps_cohorts", "figures_fit", "update marts.nps_cohorts set nps = 0 where is_suppressed"),
    ("nps_cohorts", "figures_fit", "update marts.nps_cohorts set nps = null where not is_suppressed"),
    ("nps_cohorts", "responses_come_from_surveys", "delete from marts.nps_cohorts"),
    ("_release", "is_one_row", "insert into marts._release from marts._release"),
    (
        "_release",
        "as_of_lies_in_the_last_month",
        "update marts._release set as_of = as_of - interval 40 days",
    ),
    (
        "survival_curve",
        "interval_holds_the_rate",
        "update marts.survival_curve set ci_low = ci_high where tenure_months = 3",
    ),
    ("survival_curve", "counts_are_not_negative", "update marts.survival_curve set censored = -1"),
    (
        "survival_curve",
        "median_is_where_one_half_is_reached",
        "update marts.survival_curve set median_tenure_months = 10",
    ),
    (
        "unit_economics_monthly",
        "every_slice_of_mrr_monthly_is_there",
        f"delete from marts.unit_economics_monthly where {ONE_SLICE}",
    ),
    (
        "unit_economics_monthly",
        "channels_add_up_to_all_costs",
        "insert into marts.unit_economics_monthly by name select month, 'acquisition_channel' as dimension,"
        " 'ads' as dimension_value, acquisition_cost + 1 as acquisition_cost"
        " from marts.unit_economics_monthly where dimension = 'all'",
    ),
    ("unit_economics_monthly", "quotients_fit", "update marts.unit_economics_monthly set cac = cac + 1"),
    ("_overrides", "status_fits_rows_changed", "update marts._overrides set rows_changed = 0"),
    ("_data_quality", "status_follows_figures", "update marts._data_quality set status = 'pass'"),
    ("_data_quality", "every_period_check_is_there", "update marts._data_quality set \"table\" = 'accounts'"),
    ("_restatements", "value_changed", "update marts._restatements set value_before = value_now"),
    (
        "_restatements",
        "release_is_named",
        "update marts._restatements set first_seen_in_release = 'development'",
    ),
    ("_restatements", "value_now_is_published", "update marts._restatements set value_now = value_now + 1"),
    (
        "renewals",
        "outcome_fits_amounts",
        "update marts.renewals set renewed_amount = 1 where outcome = 'lost'",
    ),
    (
        "renewals",
        "open_ones_have_days_to_renewal",
        "update marts.renewals set days_to_renewal = 5 where outcome = 'lost'",
    ),
    (
        "renewals",
        "decided_by_the_release",
        "update marts.renewals set days_to_renewal = days_to_renewal + 9 where outcome = 'open'",
    ),
    (
        "renewals_quarterly",
        "rates_fit_amounts",
        "update marts.renewals_quarterly set lost_contracts = lost_contracts + 1 where dimension = 'all'",
    ),
    ("renewals_quarterly", "adds_up_from_renewals", "delete from marts.renewals where outcome = 'lost'"),
    (
        "renewals_quarterly",
        "slices_add_up",
        "update marts.renewals_quarterly set due = due + 1 where dimension = 'segment'",
    ),
    (
        "_data_quality",
        "check_table_detail_unique",
        "insert into marts._data_quality from marts._data_quality",
    ),
    ("_policies", "policy_unique", "insert into marts._policies from marts._policies"),
    ("_policies", "set_by_known", "update marts._policies set set_by = 'somebody'"),
    ("_policies", "meaning_not_null", "update marts._policies set meaning = null"),
]


@pytest.mark.parametrize(("mart", "check", "statement"), CORRUPTIONS)
def test_a_corruption_is_blamed_on_the_right_check(
    audit: Audit, mart: str, check: str, statement: str
) -> None:
    asked = tuple(expectation for expectation in SUITES[mart].expectations if expectation.name == check)
    report = audit(statement, suites={mart: Suite(mart, asked)})
    assert (mart, check) in failed(report)
    assert message(report, mart, check).startswith(f"marts.{mart}: {check} failed: ")
    assert not report.passed


def test_every_rows_check_is_corrupted_by_some_test() -> None:
    """A query that nothing has ever made fail may be one that cannot fail."""
    warnings_tested_below = {
        ("mrr_monthly", "outlook_not_negative"),
        ("churn_monthly", "gross_mrr_churn_rate_at_most_one"),
        ("_data_quality", "nothing_fails"),
    }
    corrupted = {(mart, check) for mart, check, _ in CORRUPTIONS} | warnings_tested_below
    queries = {
        (suite.mart, expectation.name)
        for suite in SUITES.values()
        for expectation in suite.expectations
        if expectation.type == ROWS_QUERY and expectation.name != "no_email_addresses"
    }
    assert queries - corrupted == set()


def test_messages_hold_figures(audit: Audit) -> None:
    report = audit(
        f"update marts.mrr_monthly set expansion_mrr = expansion_mrr + 1 where {ONE_SLICE} or {ONE_TOTAL}",
        "update marts.retention_monthly set grr = 1.2 where window_months = 12 and grr is not null",
        "insert into marts.dim_accounts from marts.dim_accounts limit 1",
        "alter table marts.dim_months drop year",
        "delete from marts._policies",
        suites=only("mrr_monthly", "retention_monthly", "dim_accounts", "dim_months", "_policies"),
    )
    assert message(report, "mrr_monthly", "roll_forward_closes") == (
        "marts.mrr_monthly: roll_forward_closes failed: 2 rows break it, expected 0 "
        "(opening plus all movements equals closing)"
    )
    rows = message(report, "retention_monthly", "grr_in_range")
    assert rows.endswith("18 of 162 rows break it, expected grr between 0 and 1")
    assert message(report, "dim_accounts", "account_id_unique").endswith(
        "1 key occurs more than once, expected each account_id once"
    )
    assert message(report, "dim_months", "has_contract_columns").endswith(
        "missing: year, expected the 5 columns of the contract"
    )
    assert message(report, "_policies", "has_rows").endswith("0 rows, expected at least 1 rows")


def test_an_email_address_is_found_in_its_column_and_never_repeated(audit: Audit) -> None:
    report = audit(
        "update marts.dim_accounts set owner_name = 'Ada <ada.l@corp.example>'"
        " where account_id = 'acc-000004'",
        suites=only("dim_accounts"),
    )
    text = message(report, "dim_accounts", "no_email_addresses")
    assert "1 row breaks it" in text
    assert text.endswith("look at owner_name")
    assert "corp.example" not in json.dumps(report.to_json())


def test_empty_survey_marts_pass_where_nobody_was_asked(audit: Audit) -> None:
    marts = ("fct_survey_responses", "nps_periods", "nps_cohorts")
    report = audit(*(f"delete from marts.{mart}" for mart in marts), suites=only(*marts))
    assert failed(report) - {(mart, "suite_declared") for mart in SUITES} == set()


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
                f"update marts._policies set policy = 'pause_policy', value_in_force = '{policy}'",
                suites=suites,
            )
        ]
    }
    assert outcomes == {"zero_as_churn": "failed", "zero_as_contraction": "passed"}


def test_a_mart_without_suite_blocks(audit: Audit) -> None:
    report = audit("create table marts.surprise as select 1 as i")
    assert [(result.mart, result.check) for result in report.blocking] == [("surprise", "suite_declared")]


def test_a_suite_without_mart_blocks(audit: Audit) -> None:
    report = audit("drop table marts.nps_cohorts")
    assert [(result.mart, result.check) for result in report.blocking] == [("nps_cohorts", "mart_present")]
    assert report.evaluated == report.declared - len(SUITES["nps_cohorts"].expectations)


def test_a_file_without_marts_blocks(audit: Audit, tmp_path: Path) -> None:
    empty = tmp_path / "marts.duckdb"
    duckdb.connect(str(empty)).close()
    report = audit_marts(empty, {})
    assert [(result.mart, result.check) for result in report.blocking] == [("*", "marts_exported")]


def test_a_suite_that_checks_nothing_blocks(audit: Audit) -> None:
    report = audit(suites={**SUITES, "dim_months": Suite("dim_months", ())})
    assert [(result.mart, result.check) for result in report.blocking] == [("dim_months", "suite_not_empty")]


def test_a_missing_column_raises_which_is_not_bad_data(audit: Audit) -> None:
    report = audit("alter table marts.mrr_monthly drop arpa", suites=only("mrr_monthly"))
    outcomes = {result.check: result.outcome for result in report.results if result.mart == "mrr_monthly"}
    assert outcomes["has_contract_columns"] == "failed"
    assert outcomes["ratios_fit_amounts"] == "raised"
    assert outcomes["roll_forward_closes"] == "passed"
    assert "could not be evaluated" in message(report, "mrr_monthly", "ratios_fit_amounts")
    assert "arpa" in message(report, "mrr_monthly", "ratios_fit_amounts")


def test_a_raised_check_blocks_even_as_a_warning(audit: Audit) -> None:
    missing = Expectation(
        "no_such_column", "expect_column_values_to_not_be_null", {"column": "nope"}, severity="warning"
    )
    report = audit(suites={**SUITES, "dim_months": with_check("dim_months", missing)})
    assert [(result.check, result.outcome) for result in report.blocking] == [("no_such_column", "raised")]


def test_an_error_about_data_does_not_quote_it(audit: Audit) -> None:
    cast = Expectation(
        "casts",
        ROWS_QUERY,
        {"unexpected_rows_query": "select 1 from {batch} where account_name::integer > 0"},
    )
    report = audit(suites={**SUITES, "dim_accounts": with_check("dim_accounts", cast)})
    (result,) = report.blocking
    assert result.outcome == "raised"
    assert "Conversion Error" in result.message
    assert "Company" not in result.message


def test_a_broken_view_raises_for_each_of_its_checks(audit: Audit) -> None:
    report = audit(
        "create table main.base as from marts.dim_months",
        "drop table marts.dim_months",
        "create view marts.dim_months as from corrupted.main.base",
        "drop table main.base",
        suites=only("dim_months"),
    )
    found = [result for result in report.results if result.mart == "dim_months"]
    assert {result.outcome for result in found} == {"raised"}
    assert len(found) == len(SUITES["dim_months"].expectations)


@pytest.mark.parametrize(
    ("mart", "check", "statement"),
    [
        (
            "mrr_monthly",
            "outlook_not_negative",
            f"update marts.mrr_monthly set committed_mrr = -1 where {ONE_SLICE}",
        ),
        (
            "churn_monthly",
            "gross_mrr_churn_rate_at_most_one",
            "update marts.churn_monthly set gross_mrr_churn_rate = 1.02, gross_mrr_churn_rate_events = 1.02"
            f" where {ONE_TOTAL}",
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


def test_blocking_checks_become_one_error_of_bounded_length(audit: Audit, tmp_path: Path) -> None:
    report = audit("delete from marts.mrr_monthly", "update marts.churn_monthly set opening_mrr = -1")
    assert len(report.blocking) > 0
    many = replace(report, results=report.blocking * 20)
    with pytest.raises(AuditError) as caught:
        many.raise_if_blocking(tmp_path / "audit.json")
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 10 + 2
    assert lines[1].strip() == report.blocking[0].message
    assert lines[-2].strip() == f"... and {len(many.blocking) - 10} more."
    assert lines[-1] == f"All results: {tmp_path / 'audit.json'}"


def test_a_sound_report_raises_nothing_and_is_plain_json(audit: Audit) -> None:
    report = audit()
    report.raise_if_blocking()
    record = json.loads(json.dumps(report.to_json()))
    assert record["passed"] is True
    assert record["suite_digests"] == {mart: suite.digest for mart, suite in SUITES.items()}
    assert len(record["results"]) == record["declared"] == record["evaluated"]


def test_the_audit_leaves_the_file_as_it_was_and_lets_go_of_it(sound_marts: Path, tmp_path: Path) -> None:
    copy = tmp_path / "it's marts $1 100%.duckdb"
    shutil.copy(sound_marts, copy)
    copy.chmod(0o444)
    before = copy.read_bytes()
    assert audit_marts(copy, SUITES).passed
    assert copy.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as connection:  # a writer gets in: no handle is left open
        connection.execute("create table main.written as select 1 as i")


@pytest.mark.parametrize("content", [None, b"not a database"])
def test_an_unreadable_file_is_an_error_for_people(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "marts.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AuditError, match=r"marts\.duckdb"):
        audit_marts(path, SUITES)


def test_importing_the_package_does_not_import_great_expectations() -> None:
    code = (
        "import sys, orchestration.quality as q; q.load_suites(); print('great_expectations' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_an_audit_writes_nothing_to_the_terminal(sound_marts: Path) -> None:
    code = (
        "import logging, pathlib, sys, orchestration.quality as q\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "assert q.audit_marts(pathlib.Path(sys.argv[1]), q.load_suites()).passed"
    )
    command = [sys.executable, "-c", code, str(sound_marts)]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def with_check(mart: str, expectation: Expectation) -> Suite:
    suite = SUITES[mart]
    return Suite(mart, (*suite.expectations, expectation))
