"""Policy values: a run reports a wrong value before it starts, with the rules and words of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core import policies
from orchestration.core.database import connect
from orchestration.core.errors import SettingsError
from orchestration.core.policies import check_project_policies, parse_policies, policy_catalog, policy_problem
from orchestration.core.settings import load_settings
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing.attributes import has_attributes
from orchestration.refresh import refresh
from tests.compiled import compile_query, project_models

VALUES: list[Any] = [
    *(
        "none",
        "keep",
        "latest",
        "never",
        "unlimited",
        "",
        "x",
        "USD",
        "usd",
        "UTC",
        "Europe/Berlin",
        "Mars/Base",
    ),
    *(
        "2024-01",
        "2024-13",
        "2024-01-31",
        "2024-01-32",
        "52/12",
        "1/0",
        "0",
        "0.0",
        "4.33",
        "-1",
        "1.2",
        "true",
    ),
    *(0, 1, -1, 30, 1.5, 0.0, 12.25, True, False),
    *([], ["plan"], ["plan", "plan"], ["plan", "segment"], ["colour"], {}, {"plan": 1}),
    *(
        ["region", "csm_owner"],
        ["region", "region"],
        ["Region"],
        ["a b"],
        ["_x"],
        [1],
        [None],
        [["x"]],
        "region",
    ),
    *(["region", "order"], ["country", "region"], ["tier_2"]),
]


def test_models_and_python_validate_every_policy_value_alike() -> None:
    pairs = [
        (name, value)
        for name, rule in policy_catalog().items()
        for value in [*VALUES, *rule.get("values", ())]
    ]
    query = (
        f"{{%- for name, value in fromjson({json.dumps(json.dumps(pairs))}) -%}}"
        "{{ policy_problem(var('policy_catalog')[name], value) }}\n{% endfor %}"
    )
    models = compile_query(query).split("\n")[:-1]
    ours = [policy_problem(policy_catalog()[name], value) or "" for name, value in pairs]
    assert len(models) == len(pairs)
    assert [pair for pair, *said in zip(pairs, models, ours, strict=True) if said[0] != said[1]] == []
    assert 0 < sum(not problem for problem in ours) < len(ours) / 2


def test_values_are_read_as_yaml() -> None:
    pairs = [
        "slice_dimensions=[segment, plan]",
        "require_first_payment=false",
        "reporting_currency=EUR",
        "grouping_window=0",
        "fx_fixed_on=2024-01-31",
        "gross_margin=0.8",
    ]
    assert parse_policies("--policy", pairs) == {
        "slice_dimensions": ["segment", "plan"],
        "require_first_payment": False,
        "reporting_currency": "EUR",
        "grouping_window": 0,
        "fx_fixed_on": "2024-01-31",
        "gross_margin": 0.8,
    }


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("=1", "name=value"),
        ("reporting_currncy=EUR", r"no policy 'reporting_currncy'. Did you mean 'reporting_currency'"),
        ("slice_dimensions=[segment", "cannot be '\\[segment': it takes a list of segment, "),
        ("fx_fixed_on=2024-02-31", "cannot be '2024-02-31': it takes a date"),
        ("grouping_window=", "cannot be '': it takes a whole number of at least 0"),
        ("require_first_payment=1", "it takes false, true"),
        ("gross_margin=1.2", "not above 1, or none"),
        ("reporting_timezone=Europe/Berln", "Did you mean 'Europe/Berlin'"),
        ("preset=null", "cannot be 'null'"),
        (
            "slice_dimensions=[region]",
            "plan, each at most once; to slice by another column .* add it to account_",
        ),
        ("account_attributes=[CSM Owner]", "column names in lower case with underscores"),
        ("account_attributes=[x, segment]", "because these are columns of every account already: segment"),
        ("account_attributes=[x, order]", "because these are reserved words of SQL: order"),
    ],
)
def test_a_wrong_policy_causes_an_error_with_a_suggestion(pair: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse_policies("--policy", [pair])


def test_two_values_of_one_policy_are_an_error() -> None:
    assert parse_policies("--policy", ["grouping_window=5"] * 2) == {"grouping_window": 5}
    with pytest.raises(SettingsError, match="sets policy grouping_window twice"):
        parse_policies("--policy", ["grouping_window=5", "grouping_window=6"])


def test_a_wrong_value_in_the_project_is_an_error_before_landing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = policies.PROJECT_FILE.read_text(encoding="utf-8")
    (tmp_path / "dbt_project.yml").write_text(f"{text}    pause_policy: kep\n", encoding="utf-8")
    monkeypatch.setattr(policies, "PROJECT_FILE", tmp_path / "dbt_project.yml")
    with pytest.raises(SettingsError, match=r'dbt_project.yml sets policy pause_policy to "kep": it takes '):
        check_project_policies()
    with pytest.raises(SettingsError, match="pause_policy"):
        refresh(load_settings(tmp_path / "home", environment={}), landing_is_given=False)
    assert not (tmp_path / "home").exists()


def test_a_variable_with_almost_a_policy_name_causes_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    check_project_policies()
    text = policies.PROJECT_FILE.read_text(encoding="utf-8")
    lines = "    pause_polcy: keep\n    warehouse_of_my_own: x\n"
    (tmp_path / "dbt_project.yml").write_text(text + lines, encoding="utf-8")
    monkeypatch.setattr(policies, "PROJECT_FILE", tmp_path / "dbt_project.yml")
    check_project_policies()
    assert caplog.messages == [
        "dbt_project.yml sets pause_polcy, which is not a policy. Did you mean 'pause_policy'?"
    ]


def test_an_attribute_may_be_a_slice_dimension(tmp_path: Path) -> None:
    lists = ["slice_dimensions=[plan, region]", "account_attributes=[region]"]
    assert parse_policies("--policy", lists)["slice_dimensions"] == ["plan", "region"]
    lasting = {"CSW_POLICIES": "account_attributes=[region]"}
    asked = load_settings(tmp_path, policies=lists[:1], environment=lasting)
    assert asked.policies_in_force["account_attributes"] == ["region"]
    both = {"CSW_POLICIES": "account_attributes=[region] slice_dimensions=[region]"}
    with pytest.raises(SettingsError, match=r"policy slice_dimensions cannot be '\[\"region\"\]'"):
        load_settings(tmp_path, policies=["account_attributes=[]"], environment=both)


def test_an_attribute_cannot_have_the_name_of_a_column_that_accounts_have() -> None:
    rule = policy_catalog()["account_attributes"]
    models = project_models()
    columns = {*models["unified_accounts"], *models["dim_accounts"]}
    columns |= {name for one in load_contracts().values() if has_attributes(one) for name in one.column_names}
    columns |= set(policy_catalog()["slice_dimensions"]["items"])
    assert {name for name in columns if not name.startswith("_")} - set(rule["taken"]) == set()


def test_an_attribute_cannot_be_a_word_that_sql_reserves() -> None:
    with connect() as connection:
        words = connection.execute("select distinct keyword_name from duckdb_keywords()").fetchall()
        refused = {word for (word,) in words if not _is_column_name(connection, word)}
    assert len(refused) > 50
    assert refused - set(policy_catalog()["account_attributes"]["reserved"]) == set()


def _is_column_name(connection: duckdb.DuckDBPyConnection, word: str) -> bool:
    try:
        connection.execute(
            f"with accounts as (select 'x' as {word}) "
            f"select accounts.{word}, {word} from accounts group by {word}, accounts.{word}"
        )
    except duckdb.Error:
        return False
    return True
