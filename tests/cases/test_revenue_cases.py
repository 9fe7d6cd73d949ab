"""Run every case of `revenue_cases.yml` through the real models, from raw rows to marts, under its policies.

The independent reference must give the same rows.
"""

from __future__ import annotations

import pytest

from tests.cases.reading import Case, read_cases
from tests.cases.running import Runs, rejections
from tests.cases.tables import Row, format_table
from tests.compiled import parsed_nodes
from tests.reference.comparison import check_marts
from tests.reference.models import TARGETS, Company, landing_of
from tests.reference.policies import policies_of, project_variables

pytestmark = pytest.mark.integration

CASES = read_cases()
PASSES = Runs(CASES).passes()


@pytest.fixture(scope="module")
def runs() -> Runs:
    return Runs(CASES, TARGETS)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(runs: Runs, case: Case) -> None:
    seen = runs.seen(case)
    if case.rejected is not None:
        seen |= {"rejected": rejections(case)}
    expected = {**case.expected, **({"rejected": case.rejected} if case.rejected is not None else {})}
    if seen != expected:
        pytest.fail(_described(case, expected, seen), pytrace=False)


@pytest.mark.parametrize("case", PASSES, ids=[case.name for case in PASSES])
def test_reference_agrees(runs: Runs, case: Case) -> None:
    """Runs once for all cases of a pass."""
    company = Company(landing_of(runs.landing(case)), case.as_of)
    check_marts(policies_of(case.policies), company, runs.marts(case))


def test_policies_do_not_change_the_parsed_project() -> None:
    """Runs with different policies share one parsed project."""
    catalog = project_variables()["policy_catalog"]
    other = {
        name: next(value for value in rule["values"] if value != rule["default"])
        for name, rule in catalog.items()
        if name != "preset" and "values" in rule
    }
    other |= {"first_loaded_month": "2024-02", "reactivation_window": 90, "slice_dimensions": []}
    assert parsed_nodes(other) == parsed_nodes()


def test_the_case_file_has_every_edge_case() -> None:
    """The edge cases have the numbers 1 to 52. The worked examples have letters."""
    numbers = {int(case.number) for case in CASES if case.number.isdigit()}
    assert numbers == set(range(1, 53))


def test_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert sorted(set(names)) == sorted(names)


def _described(case: Case, expected: dict[str, list[Row]], seen: dict[str, list[Row]]) -> str:
    """Setup, then the expected and seen rows of every mart that differs, as tables."""
    parts = [f"{case.name}, as of {case.as_of}"]
    parts += [f"{name} landed:\n{format_table(rows)}" for name, rows in case.landing.items()]
    for mart in expected:
        if seen[mart] != expected[mart]:
            parts.append(f"{mart} expected:\n{format_table(expected[mart])}")
            parts.append(f"{mart} seen:\n{format_table(seen[mart])}")
    return "\n\n".join(parts)
