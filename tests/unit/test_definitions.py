"""Dagster's definitions: one connected graph from raw objects to the release, with every check."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.lock import hold_lock
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.landing_contract import load_contracts
from orchestration.dbt_runner.mart_contract import audited_tests
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.landing import accepted_batches, land
from orchestration.quality.gate import FAMILIES
from orchestration.releases import current_release_id
from orchestration.releases.fingerprint import code_version, run_fingerprint
from tests.shared import declared_contracts, spare_parsing
from tests.unit.release_case import make_candidate, make_release, make_report

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
    "checks": [[key.asset_key.to_user_string(), key.name, graph.get(key).blocking]
               for key in graph.asset_check_keys],
    "pools": sorted({pool for one in repository.assets_defs_by_key.values()
                     for pool in [one.op.pool] if one.is_executable}),
    "jobs": [job.name for job in repository.get_all_jobs()],
    "schedules": [[one.name, one.cron_schedule, one.execution_timezone] for one in repository.schedule_defs],
    "sensors": sorted(one.name for one in repository.sensor_defs),
}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with only the parsed dbt project and the key of its pseudonyms."""
    home = tmp_path_factory.mktemp("warehouse")
    spare_parsing(load_settings(home, environment={}))
    load_hash_key(home, environment={})
    return home


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


@pytest.fixture
def settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CSW_HOME", str(home))
    settings = load_settings()
    settings.landing.mkdir(exist_ok=True)
    return settings


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
    assert {f"{source}/{name}" for source, name in load_contracts()} <= upstream
    models = [node for node in manifest_of(home)["nodes"].values() if node["resource_type"] == "model"]
    assert {f"{model['schema']}/{model['name']}" for model in models} <= upstream


def test_raw_objects_feed_staging_and_every_mart_feeds_the_release(loaded: dict[str, Any]) -> None:
    for source, name in load_contracts():
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
    tests = [node for node in manifest_of(home)["nodes"].values() if node["resource_type"] == "test"]
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
    assert {loaded["groups"][key] for key in loaded["groups"]} >= {"landing", "staging", "marts", "release"}


def test_the_release_alone_is_refused(settings: Settings) -> None:
    import dagster as dg

    from orchestration.dagster_defs.definitions import JOB, build_definitions

    job = build_definitions(settings).resolve_job_def(JOB)
    result = job.execute_in_process(asset_selection=[dg.AssetKey("release")], raise_on_error=False)
    assert not result.success
    failure = result.failure_data_for_node("release")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "has not completed the earlier steps" in str(failure.user_failure_data.description)
    assert not settings.current.is_symlink()


@pytest.mark.parametrize("passes", [True, False])
def test_a_repeated_publishing_judges_the_audit_of_the_run_that_it_repeats(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passes: bool
) -> None:
    """`Re-execute from failure` of Dagster's UI runs only the last step, on the first run's candidate."""
    import dagster as dg
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run

    from orchestration.dagster_defs.definitions import JOB, build_definitions

    # Copy the parsed project, because parsing takes a while.
    shutil.copytree(home / "dbt", tmp_path / "dbt")
    monkeypatch.setenv("CSW_HOME", str(tmp_path))
    settings = load_settings()
    job = build_definitions(settings).resolve_job_def(JOB)
    release = job.get_subset(asset_selection={dg.AssetKey("release")})
    with dg.DagsterInstance.ephemeral() as instance:
        first = instance.create_run_for_job(job).run_id
        report = None if passes else make_report("mrr_monthly")
        make_candidate(settings, "1-one", report=report, run_id=first)
        again = instance.create_run_for_job(release, parent_run_id=first, root_run_id=first)
        result = execute_run(InMemoryJob(release), again, instance)
        logged = instance.all_logs(again.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        failures = [entry.get_dagster_event().step_failure_data.user_failure_data for entry in logged]
    assert result.success == passes
    assert current_release_id(settings) == ("1-one" if passes else None)
    told = [str(failure.description) for failure in failures if failure]
    assert [text.startswith("The marts did not pass their audit") for text in told] == [True] * (not passes)


def test_a_run_takes_the_lock_of_the_warehouse(settings: Settings) -> None:
    from orchestration.dagster_defs.definitions import JOB, build_definitions

    job = build_definitions(settings).resolve_job_def(JOB)
    with hold_lock(settings.lock_file, "csw run"):
        result = job.execute_in_process(raise_on_error=False)
    assert not result.success
    assert not any(event.is_step_start for event in result.all_events)


def test_the_sensor_starts_one_run_per_set_of_new_files(settings: Settings) -> None:
    import dagster as dg

    from orchestration.dagster_defs.definitions import build_definitions

    sensor = build_definitions(settings).resolve_sensor_def("new_landing_files")

    def look() -> Any:
        with dg.build_sensor_context() as context:
            return sensor(context)

    nothing = look()
    assert isinstance(nothing, dg.SkipReason)
    assert "no complete new files" in str(nothing.skip_message)
    file = settings.landing / "generic" / "plans" / "plans.csv"
    file.parent.mkdir(parents=True)
    file.write_text("plan_id,plan_name\np1,Basic\n")
    first, again = look(), look()
    assert isinstance(first, dg.RunRequest)
    assert first.run_key == again.run_key
    (file.parent / "more.csv").write_text("plan_id,plan_name\np2,Pro\n")
    assert look().run_key != first.run_key
    with hold_lock(settings.lock_file, "csw run"):
        busy = look()
    assert isinstance(busy, dg.SkipReason)
    assert "in use by csw run" in str(busy.skip_message)
    for path in file.parent.iterdir():
        path.unlink()


def test_a_refused_file_alone_builds_nothing(settings: Settings) -> None:
    from orchestration.refresh import refresh

    folder = settings.landing / "generic"
    for name, text in {
        "accounts": "account_id\na1\n",
        "subscription_periods": "subscription_id,account_id,currency,unit_amount,interval,period_start\n"
        "s1,a1,USD,10,month,2024-01-01\n",
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "file.csv").write_text(text)
    land(settings)
    ids = [batch.batch_id for batch in accepted_batches(settings)]
    assert len(ids) == 2
    fingerprint = run_fingerprint(settings, code_version(), ids)
    make_release(settings, "1-one", fingerprint=fingerprint)
    (folder / "accounts" / "empty.csv").write_text("")
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id is None
    assert outcome.message.startswith("nothing new since release 1-one")
    assert not list(settings.runs.iterdir())
    assert len(list(settings.releases.iterdir())) == 1


def test_dagster_accepts_the_instance_settings(settings: Settings) -> None:
    from orchestration.dagster_defs.instance import open_instance

    with open_instance(settings) as instance:
        assert not instance.telemetry_enabled
        assert instance.run_monitoring_enabled
        pools = instance.get_settings("concurrency")["pools"]
    assert pools == {"default_limit": 1, "granularity": "run"}
