"""Compares the dbt models with the reference: every movement, account-month and total, to the last digit.

The policy sets cover all pairs of the values that `policy_catalog` lists. CI draws the same companies each
time. CSW_EXPLORE=<number of companies per set> draws others.
"""

from __future__ import annotations

import os
import random
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.reference.companies import companies
from tests.reference.comparison import Compiled, check
from tests.reference.minimal import minimal
from tests.reference.models import Company, compile_models
from tests.reference.policies import Policies, policy_sets, project_variables, working

pytestmark = pytest.mark.integration

EXPLORE = int(os.environ.get("CSW_EXPLORE", "0"))
SETS = policy_sets(working())


@cache
def compiled(number: int) -> Compiled:
    """The models, compiled under one set of policies."""
    return SETS[number], compile_models(SETS[number])


@pytest.mark.parametrize("number", range(len(SETS)))
def test_models_agree_with_the_reference(number: int) -> None:
    policies = SETS[number]
    different: list[Company] = []

    @seed(random.randrange(10**9) if EXPLORE else number)
    @settings(
        max_examples=EXPLORE or 2,
        deadline=None,
        database=None,
        # Hypothesis would try thousands of smaller companies. `minimal` removes whole rows instead.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(company=companies(policies))
    def agree(company: Company) -> None:
        if not different and difference(number, company):
            different.append(company)

    agree()
    if different:
        smaller = minimal(different[0], lambda candidate: difference(number, candidate) is not None)
        pytest.fail(described(number, smaller), pytrace=False)


def difference(number: int, company: Company) -> str | None:
    """The difference between the models and the reference, if there is one."""
    try:
        check(compiled(number), company)
    except AssertionError as error:
        return str(error) or "an assertion"
    return None


def described(number: int, company: Company) -> str:
    """Policies and rows, then the difference."""
    rows = [
        f"{name} { ({key: str(value) for key, value in row.items() if value is not None}) }"
        for name, of_name in vars(company.landing).items()
        for row in of_name
    ]
    head = f"policies {SETS[number].changed()}, as_of {company.as_of}"
    return "\n".join([head, *rows, str(difference(number, company))])


def test_reference_has_the_defaults_of_the_project() -> None:
    catalog = project_variables()["policy_catalog"]
    for name, value in vars(Policies()).items():
        assert catalog[name]["default"] == value, name


def test_every_value_of_the_catalog_is_drawn() -> None:
    values = working()
    for name, rule in project_variables()["policy_catalog"].items():
        if name in values and "values" in rule:
            assert set(values[name]) == set(rule["values"]), name
