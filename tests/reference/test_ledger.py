"""The dbt models against the reference ledger, every movement and account-month, to the last digit."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, note, settings

from tests.reference.companies import companies
from tests.reference.comparison import Compiled, check
from tests.reference.models import Company, compile_models
from tests.reference.service import Policies

pytestmark = pytest.mark.integration

POLICIES = {
    "defaults": Policies(),
    "bare": Policies(grouping_window=0, past_due_grace_days=0),
    "wide": Policies(grouping_window=1440, past_due_grace_days=45),
}


@pytest.fixture(scope="module", params=POLICIES)
def compiled(request: pytest.FixtureRequest) -> Compiled:
    """The models, compiled under one set of policies."""
    policies = POLICIES[request.param]
    return policies, compile_models(policies.pairs)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(company=companies())
def test_models_agree_with_the_reference(compiled: Compiled, company: Company) -> None:
    for row in company.periods:
        note(str({name: str(value) for name, value in row.items() if value is not None}))
    note(f"accounts {company.accounts}, as_of {company.as_of}")
    for row in company.rates:
        note(f"{row['currency']} {row['rate_on']} {row['rate']}")
    check(compiled, company)
