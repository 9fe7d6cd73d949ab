"""A tiny company, and the rows of the real models on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orchestration.settings import parse_policies
from tests import compiled
from tests.compiled import Row, Step

TARGETS = ("fct_mrr_movements", "fct_mrr_movement_items", "fct_account_months", "mrr_monthly")


@dataclass(frozen=True, repr=False)
class Company:
    """Rows as they land, by column name; what is left out is null."""

    periods: tuple[Mapping[str, Any], ...]
    accounts: tuple[Mapping[str, Any], ...]
    rates: tuple[Mapping[str, Any], ...]
    as_of: datetime

    def __repr__(self) -> str:
        # Hypothesis prints it; the rows themselves stand in the notes of the test.
        return f"<company of {len(self.periods)} periods as of {self.as_of}>"


def compile_models(policies: Iterable[str]) -> tuple[Step, ...]:
    """Compile the ancestors of TARGETS under `policies` (`name=value`); returns them parents first."""
    return compiled.compile_models(parse_policies(policies), TARGETS)


def run_models(steps: Sequence[Step], company: Company) -> dict[str, list[Row]]:
    """Run every step on the rows of one company; returns the rows of TARGETS by model name."""
    landing = {
        "subscription_periods": company.periods,
        "accounts": company.accounts,
        "fx_rates": company.rates,
    }
    return compiled.run_models(steps, landing, company.as_of, TARGETS)
