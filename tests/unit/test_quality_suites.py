"""Suite files: what they must declare, and what is wrong with those that cannot work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.core.errors import AuditError
from orchestration.quality import Suite, declared_checks, load_suites
from orchestration.quality.suites import UNIQUENESS

SUITES = load_suites()
MAY_BE_EMPTY = {
    "_overrides",
    "_restatements",
    "churn_reasons_monthly",
    "fct_survey_responses",
    "nps_periods",
    "nps_cohorts",
    "renewals",
    "renewals_quarterly",
    "survival_curve",
}

SOUND = """
marts:
  m:
    - name: has_rows
      type: expect_table_row_count_to_be_between
      kwargs: {min_value: 1}
"""


def load(folder: Path, text: str) -> dict[str, Suite]:
    (folder / "one.yml").write_text(text, encoding="utf-8")
    return load_suites(folder)


def test_every_mart_has_a_floor_a_grain_and_its_columns() -> None:
    for mart, suite in SUITES.items():
        types = {expectation.type for expectation in suite.expectations}
        floors = {"expect_table_row_count_to_be_between", "expect_table_row_count_to_equal"}
        assert bool(types & floors) == (mart not in MAY_BE_EMPTY), mart
        assert "expect_table_columns_to_match_set" in types, mart
        # A check of the data may have no detail; a query looks at its grain.
        assert types & set(UNIQUENESS) or mart in ("_release", "_data_quality"), mart
        assert "no_email_addresses" in suite.names, mart


def test_every_key_column_is_checked_for_nulls() -> None:
    # Items that cancel each other out belong to no movement.
    optional = {("fct_mrr_movement_items", "movement_id")}
    for mart, suite in SUITES.items():
        known = {
            expectation.kwargs["column"]
            for expectation in suite.expectations
            if expectation.type == "expect_column_values_to_not_be_null"
        }
        for expectation in suite.expectations:
            if expectation.type in UNIQUENESS:
                kwargs = expectation.kwargs
                keys = set(kwargs.get("column_list") or [kwargs["column"]])
                assert {key for key in keys - known if (mart, key) not in optional} == set(), mart


def test_declared_checks_list_every_check_once() -> None:
    checks = declared_checks(SUITES)
    assert len(checks) == len({(mart, name) for mart, name, _ in checks})
    assert ("mrr_monthly", "roll_forward_closes", "error") in checks
    assert ("mrr_monthly", "outlook_not_negative", "warning") in checks
    assert ("dim_accounts", "no_email_addresses", "error") in checks


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    suite = load(tmp_path, SOUND)["m"]
    assert load(tmp_path, SOUND + "      severity: error\n")["m"].digest == suite.digest
    assert load(tmp_path, SOUND.replace("1}", "2}"))["m"].digest != suite.digest
    assert load(tmp_path, SOUND + "      severity: warning\n")["m"].digest != suite.digest
    assert replace(suite, expectations=suite.expectations[:1]).digest != suite.digest


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("marts: {m: []}", "m declares no expectation"),
        ("marts: {m: {name: x}}", "m: expected a list"),
        ("mart: {}", "expected one key `marts`"),
        ("marts: [", "not readable YAML"),
        ("marts: {m: [{type: expect_table_row_count_to_equal}]}", "needs a `name`"),
        (SOUND + "      severty: error\n", "m.has_rows: unknown keys severty"),
        (SOUND + "      severity: fatal\n", "m.has_rows: severity 'fatal'"),
        (SOUND.replace("has_rows", "Has Rows"), "a name is lower case"),
        (SOUND.replace("expect_table_row_count_to_be_between", "expect_rows"), "unknown type 'expect_rows'"),
        (SOUND.replace("min_value", "min"), "m.has_rows: unknown keys min"),
        (SOUND.replace("{min_value: 1}", "{}"), "needs a bound"),
        (SOUND + SOUND.split("m:\n")[1], "two checks have one name: has_rows"),
        (SOUND.replace("has_rows", "no_email_addresses"), "two checks have one name: no_email_addresses"),
        (
            "marts: {m: [{name: x, type: expect_column_values_to_be_in_set, kwargs: {column: c}}]}",
            "m.x: expect_column_values_to_be_in_set also needs value_set",
        ),
        (
            "marts: {m: [{name: x, type: unexpected_rows_expectation,"
            " kwargs: {unexpected_rows_query: select 1}}]}",
            "m.x: the query never reads {batch}",
        ),
    ],
)
def test_a_suite_that_cannot_work_names_file_mart_and_check(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(AuditError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith("one.yml")
    assert complaint in str(caught.value)


def test_a_mart_belongs_to_one_file(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(AuditError, match="declared in two suite files"):
        load(tmp_path, SOUND)


def test_no_suite_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="No suite"):
        load_suites(tmp_path)
