"""The graph that Dagster shows: from raw objects to the release, with groups, owners, checks and triggers."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import SettingsError
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.dbt_runner.mart_contract import audited_tests
from orchestration.quality.gate import FAMILIES
from tests.shared import declared_contracts
from tests.unit.release_case import make_report

LOAD = """
import json, sys
from orchestration.dagster_defs.definitions import defs
definitions = defs()
repository = definitions.get_repository_def()
graph = repository.asset_graph
print(json.dumps({
    "great_expectations": "great_expectations" in sys.modules,
    "parents": {key.to_user_string(): [one.to_user_string() for one in graph.get(key).parent_keys]
                for key in graph.get_all_asset_keys()},
    "executable": sorted(key.to_user_string() for key in graph.executable_asset_keys),
    "groups": {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()},
    "owners": {key.to_user_string(): graph.get(key).owners for key in graph.get_all_asset_keys()},
    "descriptions": {key.to_user_string(): graph.get(key).description for key in graph.get_all_asset_keys()},
    "check_descriptions": {key.name: graph.get_check_spec(key).description for key in graph.asset_check_keys},
    "checks": [[key.asset_key.to_user_string(), key.name, graph.get(key).blocking]
               for key in graph.asset_check_keys],
    "pools": sorted({pool for one in repository.assets_defs_by_key.values()
                     for pool in [one.op.pool] if one.is_executable}),
    "jobs": [job.name for job in repository.get_all_jobs()],
    "schedules": [[one.name, one.cron_schedule, one.execution_timezone] for one in repository.schedule_defs],
    "sensors": sorted(one.name for one in repository.sensor_defs),
    "switched_on": sorted(one.name for one in [*repository.schedule_defs, *repository.sensor_defs]
                          if one.default_status.value == "RUNNING"),
}))
"""


@pytest.fixture(scope="module")
def loaded(home: Path) -> dict[str, Any]:
    """The code location as a separate process loads it, like Dagster's."""
    process = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=PROJECT_DIR,
        env={"CSW_HOME": str(home), "PATH": "/usr/bin:/bin", "DAGSTER_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return found


def ancestors(parents: dict[str, list[str]], key: str) -> set[str]:
    found: set[str] = set()
    todo = [key]
    while todo:
        for parent in parents[todo.pop()]:
            if parent not in found:
                found.add(parent)
                todo.append(parent)
    return found


def manifest_of(home: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((home / "dbt" / "target" / "manifest.json").read_text())
    return manifest


def test_it_loads_without_great_expectations_which_takes_seconds(loaded: dict[str, Any]) -> None:
    assert not loaded["great_expectations"]


def test_every_raw_object_every_model_and_the_release_are_one_graph(
    loaded: dict[str, Any], home: Path
) -> None:
    upstream = ancestors(loaded["parents"], "release")
    assert upstream | {"release"} == set(loaded["parents"]) == set(loaded["executable"])
    assert {f"{source}/{name}" for source, name in generic_contracts()} <= upstream
    models = [node for node in manifest_of(home)["nodes"].values() if node["resource_type"] == "model"]
    assert {f"{model['schema']}/{model['name']}" for model in models} <= upstream


def test_raw_objects_feed_staging_and_every_mart_feeds_the_release(loaded: dict[str, Any]) -> None:
    for source, name in generic_contracts():
        children = [key for key, parents in loaded["parents"].items() if f"{source}/{name}" in parents]
        assert children
        assert all(child.startswith("staging/") for child in children)
    marts = {key for key in loaded["parents"] if key.startswith("marts/")}
    assert marts <= set(loaded["parents"]["release"])
    assert {mart.removeprefix("marts/") for mart in marts} == set(declared_contracts())


def test_every_mart_every_family_of_the_gate_and_every_dbt_test_of_a_run_is_a_check(
    loaded: dict[str, Any], home: Path
) -> None:
    checks = {(key, name): blocking for key, name, blocking in loaded["checks"]}
    by_audit = {key: blocking for (key, name), blocking in checks.items() if name == "audit"}
    assert by_audit == {f"marts/{mart}": True for mart in declared_contracts()}
    by_gate = {name: key for key, name in checks if name.startswith("gate_")}
    assert by_gate == {f"gate_{family}": "marts/_release" for family in FAMILIES}
    # dbt lists the tests of connectors that are off, but never runs them.
    nodes = [node for node in manifest_of(home)["nodes"].values() if node["config"]["enabled"]]
    tests = [node for node in nodes if node["resource_type"] == "test"]
    audited = audited_tests(declared_contracts())
    by_dbt = {name for _, name in checks if name != "audit" and not name.startswith("gate_")}
    assert by_dbt == {test["name"] for test in tests if "grain" not in test["tags"]} - set(audited)
    assert audited


def test_the_check_of_a_mart_names_the_expectations_that_fail() -> None:
    import dagster as dg

    from orchestration.dagster_defs.checks import audit_result

    mart = "mrr_monthly"
    report = make_report(mart)
    warning = next(one for one in report.results if one.mart == mart and one.severity == "warning")
    only = replace(report, results=(replace(warning, outcome="failed"),))
    key = dg.AssetKey(["marts", mart])
    failed, warned, passed = (audit_result(one, mart, key) for one in (report, only, make_report()))
    assert [(one.passed, one.severity) for one in (failed, warned)] == [
        (False, dg.AssetCheckSeverity.ERROR),
        (False, dg.AssetCheckSeverity.WARN),
    ]
    assert passed.passed
    assert str(failed.description).startswith("mrr_monthly.has_rows: expected 0 rows")
    assert "roll_forward_closes: failed" in str(failed.metadata["failing"].value)
    assert warned.metadata["failing"].value == [f"{warning.check}: warning"]
    # A mart without any result has not been audited.
    assert not audit_result(replace(report, results=()), mart, key).passed


def test_names_of_job_triggers_and_pool_stay(loaded: dict[str, Any]) -> None:
    assert "refresh" in loaded["jobs"]
    assert loaded["schedules"] == [["daily", "0 5 * * *", "UTC"]]
    assert loaded["sensors"] == ["alert_on_failure", "new_landing_files"]
    assert loaded["pools"] == ["warehouse"]


def test_groups_are_layers_and_their_topics(loaded: dict[str, Any]) -> None:
    groups = loaded["groups"]
    topics = {
        f"{prefix}_{folder.name}"
        for layer, prefix in (("intermediate", "int"), ("marts", "marts"))
        for folder in (PROJECT_DIR / "models" / layer).iterdir()
        if folder.is_dir()
    }
    assert set(groups.values()) == topics | {"landing", "seeds", "staging", "unified", "release"}
    assert groups["marts/mrr_monthly"] == "marts_revenue"
    inner = {key: group for key, group in groups.items() if key.startswith("intermediate/")}
    assert all(key.startswith(f"intermediate/{group}__") for key, group in inner.items())


def test_marts_and_the_release_have_the_owner_of_the_dbt_project(loaded: dict[str, Any]) -> None:
    owned = {key for key, owners in loaded["owners"].items() if owners == ["team:customer-success"]}
    assert owned == {key for key in loaded["owners"] if key.startswith("marts/")} | {"release"}


@pytest.mark.parametrize(
    ("owner", "shown"),
    [
        ("ann@example.com", "ann@example.com"),
        ("team:finance", "team:finance"),
        ("Sales & CS", "team:sales-cs"),
    ],
)
def test_an_owner_in_meta_is_a_person_or_a_team(owner: str, shown: str) -> None:
    from orchestration.dagster_defs.translator import ProjectTranslator

    assert ProjectTranslator().get_owners({"meta": {"owner": owner}}) == [shown]


def test_every_asset_and_check_has_its_description(loaded: dict[str, Any]) -> None:
    described, checks = loaded["descriptions"], loaded["check_descriptions"]
    for (source, name), contract in generic_contracts().items():
        assert described[f"{source}/{name}"] == contract.description
    assert all(described.values())
    assert "Raw SQL" not in described["seeds/fx_rates"]
    assert all(checks.values())
    gate = {name.removeprefix("gate_"): text for name, text in checks.items() if name.startswith("gate_")}
    assert gate == FAMILIES
    assert (
        checks["churn_kinds_add_up"]
        == "The kinds of churn add up to churn, in the slices and in the reasons."
    )
    unique = next(name for name in checks if name.startswith("unique_key_unified_accounts"))
    assert checks[unique] == "No two rows share the key; nulls are equal."


def test_no_run_starts_by_itself_unless_the_environment_says_so(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    import dagster as dg

    from orchestration.dagster_defs.triggers import build_triggers

    assert loaded["switched_on"] == ["alert_on_failure"]
    job: Any = dg.define_asset_job("refresh")
    monkeypatch.setenv("CSW_AUTOMATIC_RUNS", "on")
    triggers = build_triggers(job)
    assert [one.default_status for one in triggers.schedules] == [dg.DefaultScheduleStatus.RUNNING]
    assert [one.default_status for one in triggers.sensors] == [dg.DefaultSensorStatus.RUNNING] * 2
    monkeypatch.setenv("CSW_AUTOMATIC_RUNS", "yes")
    with pytest.raises(SettingsError, match="neither on nor off"):
        build_triggers(job)
