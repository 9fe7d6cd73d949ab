"""An analyst adds marts with only SQL and YAML. A run builds, audits by contract and publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.dbt_runner.mart_contract import parsed_mart_contracts
from orchestration.quality import load_suites
from orchestration.releases import current_release_id
from orchestration.releases.history import current_manifest
from orchestration.releases.query import query_current
from tests.conftest import copy_home
from tests.shared import copy_project, run_project

pytestmark = pytest.mark.integration

COUNTRIES = """\
-- one row per country
select
    coalesce(country, 'unknown') as country,
    min(account_id) as first_account_id,
    count(*) as accounts
from {{ ref('dim_accounts') }}
group by all
"""
# The file of a model may have any name.
DECLARED = """\
version: 2
models:
  - name: accounts_by_country
    description: "Accounts by country."
    data_tests:
      - unique_key: {arguments: {columns: [country]}}
    columns:
      - name: country
        data_type: text
        description: "Country."
        constraints: [{type: not_null}]
        data_tests:
          - accepted_values: {arguments: {values: [Atlantis]}, config: {severity: warn}}
      - name: first_account_id
        data_type: varchar
        description: "First account."
        data_tests:
          - relationships: {arguments: {to: ref('dim_accounts'), field: account_id}}
      - name: accounts
        data_type: bigint
        description: "Number of accounts."
        data_tests:
          - accepted_range: {arguments: {min_value: 1}}
"""
SCRATCH = """\
-- one row per account
{{ config(meta={'published': false}, contract={'enforced': false}) }}
select account_id from {{ ref('dim_accounts') }}
"""


@pytest.fixture(scope="module")
def published(small_company: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str]:
    """A warehouse after a run of the changed project, and what the run printed."""
    folder = tmp_path_factory.mktemp("new")
    settings = copy_home(small_company, folder / "home")
    project = copy_project(folder)
    (project / "models" / "marts" / "sales").mkdir()
    for name, text in {
        "accounts_by_country.sql": COUNTRIES,
        "declared.yml": DECLARED,
        "scratch.sql": SCRATCH,
    }.items():
        (project / "models" / "marts" / "sales" / name).write_text(text, encoding="utf-8")
    before = current_release_id(settings)
    ended = run_project(project, settings)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert current_release_id(settings) != before
    return settings, ended.stdout + ended.stderr


def results_of(settings: Settings, mart: str) -> dict[str, dict[str, Any]]:
    manifest = current_manifest(settings)
    assert manifest is not None
    return {one["check"]: one for one in manifest["audit"]["results"] if one["mart"] == mart}


def test_a_mart_of_sql_and_yaml_is_audited_by_its_contract_and_published(
    published: tuple[Settings, str],
) -> None:
    settings, told = published
    results = results_of(settings, "accounts_by_country")
    assert {check: one["outcome"] for check, one in results.items()} == {
        "has_rows": "passed",
        "has_contract_columns": "passed",
        "country_not_null": "passed",
        "country_accepted_values": "failed",
        "accounts_accepted_range": "passed",
        "first_account_id_relationships_dim_accounts": "passed",
        "country_unique_key": "passed",
        "no_email_addresses": "passed",
    }
    warning = "marts.accounts_by_country: country_accepted_values failed (warning only): "
    assert warning in told
    assert query_current(settings, "select sum(accounts) > 0 from accounts_by_country").rows == [(True,)]
    assert (settings.current / "parquet" / "accounts_by_country.parquet").is_file()


def test_its_tests_run_once_and_all_others_in_the_build(published: tuple[Settings, str]) -> None:
    settings, _ = published
    suites = load_suites(parsed_mart_contracts(settings))
    manifest = current_manifest(settings)
    assert manifest is not None
    assert manifest["audit"]["suite_digests"] == {mart: suite.digest for mart, suite in suites.items()}
    log = (settings.dbt / "logs" / "dbt.log").read_text(encoding="utf-8")
    assert "accounts_by_country" in log
    assert "unique_key_accounts_by_country" not in log


def test_a_mart_that_is_not_published_is_built_only(published: tuple[Settings, str]) -> None:
    settings, _ = published
    assert results_of(settings, "scratch") == {}
    manifest = current_manifest(settings)
    assert manifest is not None
    assert "scratch" not in manifest["tables"]
    assert not (settings.current / "parquet" / "scratch.parquet").exists()
    assert Path(settings.current / "warehouse.duckdb").is_file()
