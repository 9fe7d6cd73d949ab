"""docs/metrics.md names the rule and the tests of each metric, and every name there exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

import pytest

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR
from tests.cases.reading import CASES_FILE
from tests.compiled import parsed_nodes, project_models

HEADER = "| metric | column | rule | unit test | case | invariant |"
PAGE = (PROJECT_DIR / "docs" / "metrics.md").read_text(encoding="utf-8")


def rows() -> Iterator[Mapping[str, str]]:
    """The rows with the rule and the tests of a metric."""
    for table in PAGE.split(HEADER)[1:]:
        for line in table.splitlines()[2:]:
            if not line.startswith("|"):
                break
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            yield dict(zip(HEADER.strip("| ").split(" | "), cells, strict=True))


ROWS = list(rows())


@pytest.mark.parametrize("row", ROWS, ids=[row["metric"] for row in ROWS])
def test_every_name_of_a_metric_exists(row: Mapping[str, str]) -> None:
    models = project_models()
    for mart, column in re.findall(r"`(\w+)\.(\w+)`", row["column"]):
        assert column in models[mart]
        assert f"{row['metric']} in docs/metrics.md" in models[mart][column], column
    rules = set(re.findall(r"`(\w+)`", row["rule"]))
    assert rules
    assert rules <= set(models) | macros()
    links = re.findall(r"\[`(\w+)`\]\(\.\./([^)]+\.sql)\)", row["rule"])
    assert {name for name, _ in links} == rules
    assert all((PROJECT_DIR / path).is_file() for _, path in links)
    tests = set(re.findall(r"`(\w+)`", row["unit test"]))
    assert tests
    assert tests <= unit_tests()
    assert set(re.findall(r"\w+", row["case"])) <= cases()
    invariants = set(re.findall(r"`(\w+)`", row["invariant"]))
    assert invariants
    assert invariants <= {path.stem for path in (PROJECT_DIR / "data_tests").rglob("*.sql")}


def test_every_metric_with_a_formula_has_a_rule_and_a_test() -> None:
    """Each mart with a column in a formula has a row in the tables."""
    led = {mart for row in ROWS for mart, _ in re.findall(r"`(\w+)\.(\w+)`", row["column"])}
    formulas = re.findall(r"^\| [^|]+ \| [^|]+ \| `(\w+)\.(\w+)` \|$", PAGE, flags=re.MULTILINE)
    assert len(formulas) > 10
    for mart, column in formulas:
        assert column in project_models()[mart]
        assert mart in led


def test_every_metric_mart_is_led_to_its_rule() -> None:
    folders = ("core", "health", "retention", "revenue", "sentiment", "support")
    marts = {
        path.stem for name in folders for path in (PROJECT_DIR / "models" / "marts" / name).glob("*.sql")
    }
    led = {mart for row in ROWS for mart, _ in re.findall(r"`(\w+)\.(\w+)`", row["column"])}
    assert marts - led == {"dim_months"}


@cache
def macros() -> set[str]:
    return {
        name
        for path in (PROJECT_DIR / "macros").rglob("*.sql")
        for name in re.findall(r"\{%-? macro (\w+)", path.read_text(encoding="utf-8"))
    }


@cache
def unit_tests() -> set[str]:
    return {
        test["name"]
        for path in (PROJECT_DIR / "models").rglob("*.yml")
        for test in read_yaml(path).get("unit_tests", ())
    }


@cache
def cases() -> set[str]:
    found = read_yaml(CASES_FILE)["cases"]
    return {str(case["number"]) for case in found}


def test_dbt_docs_lead_from_closing_mrr_to_a_price() -> None:
    """Every step of the overview reads the step below it."""
    page = (PROJECT_DIR / "models" / "overview.md").read_text(encoding="utf-8")
    steps = re.findall(r"#!/model/model\.csw\.(\w+)", page)
    assert steps[0] == "mrr_monthly"
    assert steps[-1] == "int_subscriptions__price_intervals"
    parents = {name: set(needs.get("nodes", ())) for name, (needs, _) in parsed_nodes().items()}

    def ancestors(name: str) -> set[str]:
        found = parents.get(name, set())
        return found.union(*map(ancestors, found))

    for step, below in pairwise(steps):
        assert f"model.csw.{below}" in ancestors(f"model.csw.{step}"), f"{step} does not come from {below}"
    assert set(re.findall(r"#!/macro/macro\.csw\.(\w+)", page)) <= macros()
