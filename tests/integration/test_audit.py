"""The audit of sound marts, of missing marts, and of checks that cannot be evaluated."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import AuditError
from orchestration.core.settings import PROJECT_DIR
from orchestration.quality import Expectation, Suite, audit_marts
from orchestration.quality.expectations import ROWS_QUERY
from tests.integration.corrupted import Audit, blocking, message, only
from tests.shared import declared_suites, parsed_home

pytestmark = pytest.mark.integration


def test_messages_hold_figures(audit: Audit, sound_marts: Path) -> None:
    with duckdb.connect(str(sound_marts), read_only=True) as connection:
        [(changed, of_all)] = connection.execute(
            "select count(*) filter (window_months = 12 and grr is not null), count(*)"
            " from marts.marts.retention_monthly"
        ).fetchall()
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
        "(opening + movements = closing)"
    )
    rows = message(report, "retention_monthly", "grr_accepted_range")
    assert rows.endswith(f"{changed} of {of_all} rows break it, expected grr between 0 and 1")
    assert message(report, "dim_accounts", "account_id_unique_key").endswith(
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


def test_a_mart_without_suite_blocks(audit: Audit) -> None:
    report = audit("create table marts.surprise as select 1 as i")
    assert [(result.mart, result.check) for result in report.blocking] == [("surprise", "suite_declared")]


def test_a_suite_without_mart_blocks(audit: Audit) -> None:
    report = audit("drop table marts.nps_cohorts", suites=only("nps_cohorts", "dim_months"))
    assert blocking(report) == [("nps_cohorts", "mart_present", "failed")]
    assert report.evaluated == report.declared - len(declared_suites()["nps_cohorts"].expectations)


def test_a_suite_that_checks_nothing_blocks(audit: Audit) -> None:
    report = audit(suites={"dim_months": Suite("dim_months", ())})
    assert blocking(report) == [("dim_months", "suite_not_empty", "failed")]


def test_a_missing_column_is_an_error_which_is_not_bad_data(audit: Audit) -> None:
    report = audit("alter table marts.mrr_monthly drop arpa", suites=only("mrr_monthly"))
    outcomes = {result.check: result.outcome for result in report.results if result.mart == "mrr_monthly"}
    assert outcomes["has_contract_columns"] == "failed"
    assert outcomes["ratios_fit_amounts"] == "error"
    assert outcomes["roll_forward_closes"] == "passed"
    assert "could not be evaluated" in message(report, "mrr_monthly", "ratios_fit_amounts")
    assert "arpa" in message(report, "mrr_monthly", "ratios_fit_amounts")


def test_a_check_with_an_error_blocks_even_as_a_warning(audit: Audit) -> None:
    missing = Expectation(
        "no_such_column", "expect_column_values_to_not_be_null", {"column": "nope"}, severity="warning"
    )
    report = audit(suites={"dim_months": with_check("dim_months", missing)})
    assert blocking(report) == [("dim_months", "no_such_column", "error")]


def test_an_error_about_data_does_not_quote_it(audit: Audit, sound_marts: Path) -> None:
    cast = Expectation(
        "casts",
        ROWS_QUERY,
        {"unexpected_rows_query": "select 1 from {batch} where account_name::integer > 0"},
    )
    report = audit(suites={"dim_accounts": with_check("dim_accounts", cast)})
    assert blocking(report) == [("dim_accounts", "casts", "error")]
    told = message(report, "dim_accounts", "casts")
    assert "Conversion Error" in told
    with duckdb.connect(str(sound_marts), read_only=True) as connection:
        names = connection.execute("select account_name from marts.marts.dim_accounts").fetchall()
    assert len(names) > 1000
    assert not [name for (name,) in names if name in told]


def test_a_broken_view_is_an_error_of_each_of_its_checks(audit: Audit) -> None:
    report = audit(
        "create table main.base as from marts.dim_months",
        "drop table marts.dim_months",
        "create view marts.dim_months as from corrupted.main.base",
        "drop table main.base",
        suites=only("dim_months"),
    )
    found = [result for result in report.results if result.mart == "dim_months"]
    # The audit knows its columns without reading it.
    assert {result.check for result in found if result.outcome != "error"} == {"has_contract_columns"}
    assert len(found) == len(declared_suites()["dim_months"].expectations)


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
    assert record["suite_digests"] == {mart: suite.digest for mart, suite in declared_suites().items()}
    assert len(record["results"]) == record["declared"] == record["evaluated"]


def test_the_audit_leaves_the_file_as_it_was_and_lets_go_of_it(sound_marts: Path, tmp_path: Path) -> None:
    copy = tmp_path / "it's marts $1 100%.duckdb"
    shutil.copy(sound_marts, copy)
    copy.chmod(0o444)
    before = copy.read_bytes()
    assert audit_marts(copy, declared_suites()).passed
    assert copy.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]
    copy.chmod(0o644)
    with duckdb.connect(str(copy)) as connection:  # the audit left no handle open
        connection.execute("create table main.written as select 1 as i")


def test_an_audit_writes_nothing_to_the_terminal(sound_marts: Path) -> None:
    code = (
        "import logging, pathlib, sys, orchestration.quality as q\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "from orchestration.core.settings import load_settings\n"
        "from orchestration.dbt_runner.mart_contract import load_mart_contracts\n"
        "suites = q.load_suites(load_mart_contracts(load_settings(sys.argv[2])))\n"
        "assert q.audit_marts(pathlib.Path(sys.argv[1]), suites).passed"
    )
    command = [sys.executable, "-c", code, str(sound_marts), str(parsed_home().home)]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def with_check(mart: str, expectation: Expectation) -> Suite:
    suite = declared_suites()[mart]
    return Suite(mart, (*suite.expectations, expectation))
