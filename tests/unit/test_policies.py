"""Policy values: a run reports a wrong value before it starts, with the rules and words of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.core import policies
from orchestration.core.errors import SettingsError
from orchestration.core.policies import check_project_policies, parse_policies, policy_catalog, policy_problem
from orchestration.core.settings import load_settings
from orchestration.refresh import refresh
from tests.compiled import compile_query

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
