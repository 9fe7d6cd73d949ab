"""The worked cases of `tests/cases`, which hold the models to figures, hold the reference as well."""

from __future__ import annotations

from functools import cache

import pytest

from tests import compiled
from tests.cases.reading import Case, read_cases
from tests.cases.running import Runs
from tests.compiled import Landing as Landed
from tests.compiled import Step
from tests.reference.comparison import check
from tests.reference.models import TARGETS, Company, landing_of
from tests.reference.policies import policies_of

pytestmark = pytest.mark.integration

PASSES = list(Runs(read_cases()).landings())


@cache
def steps(policies: str) -> tuple[Step, ...]:
    """Compiled once per set of policies."""
    case = next(case for case, _ in PASSES if str(case.policies) == policies)
    return compiled.compile_models(case.policies, TARGETS)


@pytest.mark.parametrize(("case", "landed"), PASSES, ids=[case.name for case, _ in PASSES])
def test_reference_agrees_on_the_cases(case: Case, landed: Landed) -> None:
    check((policies_of(case.policies), steps(str(case.policies))), Company(landing_of(landed), case.as_of))
