"""A tiny company, and the rows that the real models make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from tests import compiled
from tests.compiled import Row, Step
from tests.reference.policies import Policies
from tests.reference.records import Landing

TARGETS = (
    *("fct_mrr_movements", "fct_mrr_movement_items", "fct_account_months"),
    *("mrr_monthly", "churn_monthly", "retention_monthly"),
)
OBJECTS = {"periods": "subscription_periods", "rates": "fx_rates"}


@dataclass(frozen=True, repr=False)
class Company:
    """Landed rows, and the instant of the run."""

    landing: Landing = field(default_factory=Landing)
    as_of: datetime = datetime(2024, 12, 31)  # noqa: DTZ001

    def __repr__(self) -> str:
        # Hypothesis prints this. The notes of the test have the rows.
        return f"<company of {len(self.landing.periods)} periods as of {self.as_of}>"


def landing_of(landed: compiled.Landing) -> Landing:
    """The landed rows that the reference reads."""
    return Landing(**{f.name: tuple(landed.get(OBJECTS.get(f.name, f.name), ())) for f in fields(Landing)})


def compile_models(policies: Policies) -> tuple[Step, ...]:
    """Compile the ancestors of TARGETS under `policies`; in the result, parents come first."""
    return compiled.compile_models(policies.changed(), TARGETS)


def run_models(steps: Sequence[Step], company: Company) -> dict[str, list[Row]]:
    """Run every step on the rows of one company; returns the rows of TARGETS by model name."""
    landing = {OBJECTS.get(f.name, f.name): getattr(company.landing, f.name) for f in fields(company.landing)}
    return compiled.run_models(steps, landing, company.as_of, TARGETS)
