"""The project's own rules: commands, layers, documentation, repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.policies import policy_problem, project_policies
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR


def test_ci_calls_the_commands_of_the_readme() -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^(make \w+)", readme, flags=re.MULTILINE)
    assert {"make run", "make test"} <= set(commands)
    ci = (PROJECT_DIR / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make lint$", ci, flags=re.MULTILINE)
    assert re.search(r"^make test$", ci, flags=re.MULTILINE)
    assert re.search(r"^make test-spark$", ci, flags=re.MULTILINE)
    workflow = read_yaml(PROJECT_DIR / ".github/workflows/ci.yml")
    steps = workflow["jobs"]["ci"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]


def test_every_policy_is_a_variable_with_a_meaning() -> None:
    project = read_yaml(PROJECT_DIR / "dbt_project.yml")
    catalog = project["vars"]["csw"]["policy_catalog"]
    for rule in catalog.values():
        assert rule["meaning"].endswith(".")
        assert ("values" in rule) != ("type" in rule)
        assert policy_problem(rule, rule["default"]) is None
    assert set(project_policies()) == set(catalog)
    assert project_policies()["churn_recognition"] == "service_end"


def _declared(kind: str, layer: str = "") -> Iterator[dict[str, Any]]:
    """The models or unit tests of a layer, or of all, as their YAML declares them."""
    for path in sorted((PROJECT_DIR / "models" / layer).rglob("*.yml")):
        yield from read_yaml(path).get(kind, ())


def test_presets_use_existing_policies_and_valid_values() -> None:
    variables = read_yaml(PROJECT_DIR / "dbt_project.yml")["vars"]["csw"]
    catalog, presets = variables["policy_catalog"], variables["policy_presets"]
    assert ["none", *presets] == catalog["preset"]["values"]
    for preset, answers in presets.items():
        for name, value in answers.items():
            assert name in set(catalog) - {"preset"}, f"{preset}: {name}"
            assert policy_problem(catalog[name], value) is None, f"{preset}: {name}: {value}"
            assert value != catalog[name]["default"], f"{preset}: {name} is the default"


def test_every_policy_value_is_shown_by_a_unit_test() -> None:
    """dbt unit tests set every named value except the default, and some value of every other policy."""
    variables = read_yaml(PROJECT_DIR / "dbt_project.yml")["vars"]["csw"]
    shown: dict[str, set[str]] = {}
    for test in _declared("unit_tests"):
        for name, value in test.get("overrides", {}).get("vars", {}).items():
            shown.setdefault(name, set()).add(str(value))
    for name, rule in variables["policy_catalog"].items():
        # test_project and the unit tests of _policies cover presets. The loader detects ends before any model
        # runs, and tests/unit/test_landing_ends.py covers that. Only the report reads report_show_names.
        if name in ("preset", "period_end_convention", "report_show_names"):
            continue
        wanted = {str(value) for value in rule.get("values", ()) if value != rule["default"]}
        assert shown.get(name, set()) >= wanted, name
        assert name in shown, name


def test_every_intermediate_model_and_mart_has_a_unit_test() -> None:
    tested = {test["model"] for test in _declared("unit_tests")}
    models = {
        path.stem
        for layer in ("intermediate", "marts")
        for path in (PROJECT_DIR / "models" / layer).rglob("*.sql")
    }
    assert models - tested == set()


@pytest.mark.parametrize("layer", ["unified", "marts"])
def test_every_column_is_described(layer: str) -> None:
    described = {model["name"]: model for model in _declared("models", layer)}
    models = {path.stem for path in (PROJECT_DIR / "models" / layer).rglob("*.sql")}
    assert set(described) == models
    for model in described.values():
        assert model["description"]
        for column in model["columns"]:
            assert column["description"], f"{model['name']}.{column['name']}"
            assert column["data_type"]


def test_no_published_column_is_a_reserved_word() -> None:
    """Nobody has to quote a column in a query."""
    question = "select keyword_name from duckdb_keywords() where keyword_category = 'reserved'"
    with duckdb.connect() as connection:
        reserved = {name for (name,) in connection.execute(question).fetchall()}
    assert {"check", "table"} <= reserved
    for model in _declared("models", "marts"):
        assert reserved.isdisjoint(column["name"].lower() for column in model["columns"]), model["name"]


def test_no_mart_key_contains_an_amount_or_rate() -> None:
    """Published rows are sorted by all other columns."""
    for model in _declared("models", "marts"):
        types = {column["name"]: column["data_type"] for column in model["columns"]}
        for test in model.get("data_tests", ()):
            for name in test.get("unique_key", {}).get("arguments", {}).get("columns", ()):
                assert not types[name].startswith(("decimal", "double")), model["name"]


def test_every_model_has_its_yaml_beside_it() -> None:
    """The file with a model's name has its description, grain and unit tests."""
    for path in (PROJECT_DIR / "models").rglob("*.sql"):
        beside = path.with_suffix(".yml")
        content = read_yaml(beside) if beside.exists() else {}
        assert [model["name"] for model in content.get("models", ())] == [path.stem], beside.name
        assert {test["model"] for test in content.get("unit_tests", ())} <= {path.stem}, beside.name


@pytest.mark.parametrize("layer", ["staging", "intermediate"])
def test_every_inner_model_is_described_and_has_a_tested_key(layer: str) -> None:
    """The description must add to the grain, which is the first comment of the SQL."""
    described = {model["name"]: model for model in _declared("models", layer)}
    for path in (PROJECT_DIR / "models" / layer).rglob("*.sql"):
        grain, model = _words(path.read_text(encoding="utf-8").splitlines()[0]), described[path.stem]
        assert len(_words(model["description"]) - grain) >= 5, f"{path.stem} repeats its grain"
        assert any("unique_key" in test for test in model.get("data_tests", ())), path.stem


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


SEEDS = (
    "ignored_users",
    "fx_rates",
    "overrides_",
    "survey_",
    "free_mail_domains",
    "currency_units",
    "support_",
    "active_events",
    "meeting_",
)
RULES = ("health_", "alert_plays")
"""Seeds with what a business user decides about a metric, read where the metric is."""


SHARED_MARTS = ("mrr_monthly", "churn_monthly", "renewals", "cs_alerts")
"""Marts, beside facts and dimensions, whose figures other marts repeat."""


def test_models_read_only_allowed_layers() -> None:
    allowed: dict[str, tuple[str, ...]] = {
        "staging": (),
        "unified": ("stg_", "unified_", *SEEDS),
        # Records of the loader have no customer data, and the previous release passed all layers.
        "intermediate": ("unified_", "int_", "stg_landing__", "stg_previous__", *RULES),
        "marts": ("int_", "unified_", "dim_", "fct_", *SHARED_MARTS, *RULES),
    }
    # Marts about the release may read records of the previous release.
    meta = (*allowed["marts"], "_policies", "stg_previous__")
    for layer, prefixes in allowed.items():
        for path in (PROJECT_DIR / "models" / layer).rglob("*.sql"):
            text = path.read_text(encoding="utf-8")
            assert layer == "staging" or "source(" not in text, path.name
            known = meta if path.parent.name == "meta" else prefixes
            if layer == "staging":
                # A vendor's models read only objects of that vendor.
                known = (f"stg_{path.parent.name}__",)
            for name in re.findall(r"ref\('(\w+)'\)", text):
                assert name.startswith(known), f"{path.name} reads {name}"


def test_models_never_read_the_clock() -> None:
    for path in (PROJECT_DIR / "models").rglob("*.sql"):
        text = path.read_text(encoding="utf-8").lower()
        assert not re.search(r"current_timestamp|current_date|\bnow\(|\btoday\(", text), path.name


def test_first_line_of_a_model_is_its_grain() -> None:
    for path in (PROJECT_DIR / "models").rglob("*.sql"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("-- one row"), path.name


def _pins(lock: str) -> dict[str, str]:
    """The pinned packages of a lock file, with version and marker."""
    text = (PROJECT_DIR / lock).read_text(encoding="utf-8")
    return {pin: pin.partition("==")[0] for pin in re.findall(r"^(\S+==.*?) \\$", text, flags=re.MULTILINE)}


def test_setup_installs_what_the_product_imports_and_setup_dev_adds_to_it() -> None:
    runs, develops = _pins("requirements.lock"), _pins("requirements-dev.lock")
    extracts = _pins("requirements-extract.lock")
    assert runs.items() < extracts.items() < develops.items()
    origins = packages_distributions()
    extract = PROJECT_DIR / "orchestration" / "extract"
    needed: dict[bool, set[str]] = {True: set(), False: set()}
    for folder in ("orchestration", "simulator"):
        for path in (PROJECT_DIR / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            for name in re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE):
                found = {origin.lower().replace("_", "-") for origin in origins.get(name, ())}
                needed[path.is_relative_to(extract)] |= found - {"customer-success-warehouse"}
    assert {"duckdb", "dagster", "great-expectations"} <= needed[False] <= set(runs.values())
    assert {"dlt", "requests"} <= needed[True] <= set(extracts.values())


def test_a_failed_set_up_shows_what_pip_said(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    process = subprocess.run(
        [sys.executable, PROJECT_DIR / "tools" / "install.py", lock],
        env=os.environ | {"PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "No matching distribution found for no-such-package==1.0" in process.stderr


def test_nothing_generated_is_committed() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    unwanted = [
        name for name in files if re.search(r"\.(duckdb|parquet|csv\.gz|pyc)$|^data/|^target/|\.venv", name)
    ]
    assert unwanted == []
    for path in PROJECT_DIR.glob("requirements*.lock"):
        lock = path.read_text(encoding="utf-8")
        assert "--hash=sha256:" in lock
        assert "http" not in re.sub(r"^http[a-z-]*==.*$|httptools", "", lock, flags=re.MULTILINE)


def test_every_folder_of_tests_runs() -> None:
    """Either pytest finds it without arguments, or a make target names it."""
    settings = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))
    makefile = (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
    run = {
        *settings["tool"]["pytest"]["ini_options"]["testpaths"],
        *re.findall(r"pytest (tests/\w+)", makefile),
    }
    folders = {path.parent.relative_to(PROJECT_DIR) for path in (PROJECT_DIR / "tests").rglob("test_*.py")}
    assert {folder.as_posix() for folder in folders} == run
