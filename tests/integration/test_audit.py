"""Corrupt one thing in a copy of published marts; the audit must name the mart and the check."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import AuditError
from orchestration.quality import AuditReport, Expectation, Suite, audit_marts, load_suites
from orchestration.quality.suites import ROWS_QUERY
from orchestration.releases.export import MARTS_FILE
from orchestration.settings import PROJECT_DIR, Settings
from orchestration.yamltext import read_yaml

pytestmark = pytest.mark.integration

SUITES = load_suites()

Audit = Callable[..., AuditReport]

AN_ACCOUNT = """(
    select min(account_id) from marts.fct_account_months
    where month = date '2025-06-01' and opening_mrr > 0 and closing_mrr > 0
)"""
WORDS = {
    "an_account": AN_ACCOUNT,
    "a_month": "date '2025-06-01'",
    "one_account_month": f"account_id = {AN_ACCOUNT} and month = date '2025-06-01'",
    "one_slice": "month = date '2025-06-01' and dimension = 'segment' and dimension_value = 'smb'",
    "one_total": "month = date '2025-06-01' and dimension = 'all'",
    "one_response": """response_id = (
        select min(response_id) from marts.fct_survey_responses where nps_category is not null
    )""",
    "one_period": "period_start = date '2025-04-01' and dimension = 'all' and weighting = 'respondent'",
}
CORRUPTIONS = [
    (mart, check, statement)
    for mart, entries in read_yaml(Path(__file__).with_name("corruptions.yml")).items()
    for entry in entries
    for check, statement in entry.items()
]
# What the company has none of.
ADDED = """
    insert into marts._overrides by name
    select 'account:a' as override_id, 'account' as override_kind, 'a' as account_id,
        'is_internal = true' as sets, 'Ann' as author, 'test' as reason,
        'applied' as status, 1 as rows_changed;
    insert into marts._restatements by name
    select month, 'mrr_monthly.closing_mrr' as measure, dimension, dimension_value,
        closing_mrr - 1 as value_before, closing_mrr as value_now, 'data' as cause,
        (select release_id from marts._release) as first_seen_in_release
    from marts.mrr_monthly where {one_total};
    -- Two items that change hands at one instant: no movement of the account, and they cancel out.
    insert into marts.fct_mrr_movement_items by name
    select account_id, 'swap' as subscription_id, item as item_id, currency, month, amount as mrr_change,
        amount as volume_mrr, 0 as price_mrr, 0 as discount_mrr, 0 as other_mrr, source_batch_id
    from (select * from marts.fct_mrr_movement_items order by all limit 1)
    cross join (values ('swapped', -5), ('new', 5)) as swap (item, amount);
"""


@pytest.fixture(scope="module")
def sound_marts(company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A published file in which each rule has something to bite on."""
    path = tmp_path_factory.mktemp("sound") / MARTS_FILE
    shutil.copyfile(company.current / MARTS_FILE, path)
    _change(path, ADDED)
    # Each audit ends with a collection, which need not look again at all that earlier tests have left.
    gc.collect()
    gc.freeze()
    yield path
    gc.unfreeze()


@pytest.fixture
def audit(sound_marts: Path, tmp_path: Path) -> Audit:
    """Audit a copy of the sound file on which `statements` ran."""

    def run(*statements: str, suites: Mapping[str, Suite] = SUITES) -> AuditReport:
        copy = tmp_path / MARTS_FILE
        shutil.copy(sound_marts, copy)
        _change(copy, *statements)
        return audit_marts(copy, suites)

    return run


def _change(path: Path, *statements: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as corrupted")
        connection.execute("use corrupted")
        for statement in statements:
            connection.execute(statement.format(**WORDS))


def only(*marts: str) -> dict[str, Suite]:
    """The suites of some marts; the others then lack one, which tests of single checks do not look at."""
    return {mart: SUITES[mart] for mart in marts}


def failed(report: AuditReport) -> set[tuple[str, str]]:
    return {(result.mart, result.check) for result in report.results if result.outcome == "failed"}


def blocking(report: AuditReport) -> list[tuple[str, str, str]]:
    """Mart, check and outcome of what blocks, but for the marts that a test gives no suite."""
    found = [(result.mart, result.check, result.outcome) for result in report.blocking]
    return [one for one in found if one[1] != "suite_declared"]


def message(report: AuditReport, mart: str, check: str) -> str:
    return next(result.message for result in report.results if (result.mart, result.check) == (mart, check))


@pytest.mark.parametrize(("mart", "check", "statement"), CORRUPTIONS)
def test_a_corruption_is_blamed_on_the_right_check(
    audit: Audit, mart: str, check: str, statement: str
) -> None:
    asked = tuple(expectation for expectation in SUITES[mart].expectations if expectation.name == check)
    report = audit(statement.replace("{mart}", f"marts.{mart}"), suites={mart: Suite(mart, asked)})
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


def test_messages_hold_figures(audit: Audit, sound_marts: Path) -> None:
    with duckdb.connect(str(sound_marts), read_only=True) as connection:
        changed, of_all = connection.execute(
            "select count(*) filter (window_months = 12 and grr is not null), count(*)"
            " from marts.marts.retention_monthly"
        ).fetchone()
    assert changed > 0
    report = audit(
        "update marts.mrr_monthly set expansion_mrr = expansion_mrr + 1 where {one_slice} or {one_total}",
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
    assert rows.endswith(f"{changed} of {of_all} rows break it, expected grr between 0 and 1")
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
        " where account_id = {an_account}",
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
                f"update marts._policies set value_in_force = '{policy}' where policy = 'pause_policy'",
                suites=suites,
            )
        ]
    }
    assert outcomes == {"zero_as_churn": "failed", "zero_as_contraction": "passed"}


def test_a_mart_without_suite_blocks(audit: Audit) -> None:
    report = audit("create table marts.surprise as select 1 as i")
    assert [(result.mart, result.check) for result in report.blocking] == [("surprise", "suite_declared")]


def test_a_suite_without_mart_blocks(audit: Audit) -> None:
    report = audit("drop table marts.nps_cohorts", suites=only("nps_cohorts", "dim_months"))
    assert blocking(report) == [("nps_cohorts", "mart_present", "failed")]
    assert report.evaluated == report.declared - len(SUITES["nps_cohorts"].expectations)


def test_a_suite_that_checks_nothing_blocks(audit: Audit) -> None:
    report = audit(suites={"dim_months": Suite("dim_months", ())})
    assert blocking(report) == [("dim_months", "suite_not_empty", "failed")]


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
    report = audit(suites={"dim_months": with_check("dim_months", missing)})
    assert blocking(report) == [("dim_months", "no_such_column", "raised")]


def test_an_error_about_data_does_not_quote_it(audit: Audit, sound_marts: Path) -> None:
    cast = Expectation(
        "casts",
        ROWS_QUERY,
        {"unexpected_rows_query": "select 1 from {batch} where account_name::integer > 0"},
    )
    report = audit(suites={"dim_accounts": with_check("dim_accounts", cast)})
    assert blocking(report) == [("dim_accounts", "casts", "raised")]
    told = message(report, "dim_accounts", "casts")
    assert "Conversion Error" in told
    with duckdb.connect(str(sound_marts), read_only=True) as connection:
        names = connection.execute("select account_name from marts.marts.dim_accounts").fetchall()
    assert len(names) > 1000
    assert not [name for (name,) in names if name in told]


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
