"""Contracts of the marts in dbt's manifest: tests that the audit evaluates, and tests that only dbt runs."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from orchestration.core.errors import BuildError
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.mart_contract import MartColumn, audited_tests, read_contracts
from orchestration.dbt_runner.parsing import MANIFEST_FILE
from tests.shared import parsed_home

STATUS = "accepted_values_dim_accounts_status"
ACCOUNT = "relationships_fct_account_months_account_id"


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    path = parsed_home().dbt / "target" / MANIFEST_FILE
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


@pytest.fixture
def manifest(parsed: dict[str, Any]) -> dict[str, Any]:
    """A copy of the project's manifest that a test can change."""
    return copy.deepcopy({"nodes": parsed["nodes"]})


def node(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """The node whose name begins with a prefix."""
    (found,) = [one for one in manifest["nodes"].values() if one["name"].startswith(name)]
    assert isinstance(found, dict)
    return found


def names(manifest: dict[str, Any]) -> list[str]:
    return audited_tests(read_contracts(manifest))


def test_every_mart_is_read_with_its_columns_in_order(manifest: dict[str, Any]) -> None:
    contracts = read_contracts(manifest)
    files = (PROJECT_DIR / "models" / "marts").rglob("*.sql")
    assert list(contracts) == [path.stem for path in sorted(files)]
    months = contracts["dim_months"]
    assert list(months.columns)[:2] == ["month", "month_end_on"]
    assert months.columns["month"].data_type == "date"
    assert months.columns["month"].is_not_null
    assert contracts["dim_accounts"].columns["owner_name"].pii == "name"
    assert contracts["renewals"].may_be_empty
    assert not months.may_be_empty
    key = [test for test in contracts["_data_quality"].tests if test.kind == "unique_key"]
    assert [test.columns for test in key] == [("check_name", "table_name", "detail")]


def test_tests_of_marts_alone_are_audited(manifest: dict[str, Any]) -> None:
    audited = set(names(manifest))
    generic = {
        one["name"]: one["fqn"][1]
        for one in manifest["nodes"].values()
        if one["resource_type"] == "test" and one.get("test_metadata")
    }
    assert audited == {name for name, layer in generic.items() if layer == "marts"}


@pytest.mark.parametrize(
    ("test", "config"),
    [
        (STATUS, {"where": "created_on is not null"}),
        (STATUS, {"error_if": ">10"}),
        (STATUS, {"fail_calc": "sum(n_records)"}),
        (STATUS, {"limit": 5}),
        (ACCOUNT, {"where": "month > date '2024-01-01'"}),
    ],
)
def test_a_test_with_settings_of_its_own_is_left_to_dbt(
    manifest: dict[str, Any], test: str, config: dict[str, Any]
) -> None:
    changed = node(manifest, test)
    assert changed["name"] in names(manifest)
    changed["config"] |= config
    assert changed["name"] not in names(manifest)


def test_a_key_of_some_rows_and_a_warning_are_audited_as_such(manifest: dict[str, Any]) -> None:
    node(manifest, STATUS)["config"]["severity"] = "WARN"
    node(manifest, "unique_key_dim_months")["config"]["where"] = "is_complete"
    contracts = read_contracts(manifest)
    assert [
        test.is_warning for test in contracts["dim_accounts"].tests if test.kind == "accepted_values"
    ] == [True]
    assert [test.where for test in contracts["dim_months"].tests] == ["is_complete"]


@pytest.mark.parametrize(
    ("test", "metadata"),
    [
        (STATUS, {"name": "not_constant"}),
        (STATUS, {"namespace": "dbt_utils"}),
        (STATUS, {"kwargs": {"column_name": "status", "model": "", "values": ["1"], "quote": False}}),
        (STATUS, {"kwargs": {"column_name": "status", "model": "", "values": ["a"], "to": "b"}}),
    ],
)
def test_a_test_that_no_expectation_says_is_left_to_dbt(
    manifest: dict[str, Any], test: str, metadata: dict[str, Any]
) -> None:
    changed = node(manifest, test)
    changed["test_metadata"] |= metadata
    assert changed["name"] not in names(manifest)


def test_a_mart_that_is_not_published_is_left_to_dbt(manifest: dict[str, Any]) -> None:
    node(manifest, "dim_accounts")["config"]["meta"] = {"published": False}
    contracts = read_contracts(manifest)
    assert "dim_accounts" not in contracts
    # A published mart cannot refer to it in the served file either.
    audited = audited_tests(contracts)
    assert not [name for name in audited if name.startswith((STATUS, ACCOUNT))]
    assert audited


def test_a_mart_of_which_nothing_is_declared_is_named_with_the_lines_to_add(manifest: dict[str, Any]) -> None:
    mart = node(manifest, "dim_months")
    mart["columns"] = {}
    assert "dim_months" in read_contracts(manifest), "its key is declared"
    test = node(manifest, "unique_key_dim_months")
    del manifest["nodes"][test["unique_id"]]
    with pytest.raises(BuildError) as caught:
        read_contracts(manifest)
    told = str(caught.value)
    assert told.startswith("models/marts/core/dim_months.sql: ")
    assert (
        "in models/marts/core/dim_months.yml, such as:\n  version: 2\n  models:\n    - name: dim_months\n"
        in told
    )
    assert "unique_key" in told
    assert "'published': false" in told


def test_a_mart_without_an_enforced_contract_is_audited_by_its_tests(manifest: dict[str, Any]) -> None:
    node(manifest, "dim_months")["config"]["contract"]["enforced"] = False
    contract = read_contracts(manifest)["dim_months"]
    assert not contract.has_all_columns
    assert contract.tests


def test_attributes_of_a_policy_are_columns_of_the_contract(manifest: dict[str, Any]) -> None:
    plain, extended = read_contracts(manifest), read_contracts(manifest, ["region", "csm_owner"])
    assert list(extended["dim_accounts"].columns)[-3:] == ["is_deleted", "region", "csm_owner"]
    assert extended["dim_accounts"].columns["region"] == MartColumn("string")
    assert [mart for mart in plain if plain[mart] != extended[mart]] == ["dim_accounts"]
