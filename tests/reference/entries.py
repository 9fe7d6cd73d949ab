"""The entries of the ledger: movements, and the months of an account that result from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.reference.policies import Policies
from tests.reference.records import DIGITS, ItemKey

KINDS = ("new", "expansion", "contraction", "churn", "reactivation")
ZERO = Fraction(0)


@dataclass(frozen=True)
class Movement:
    """One movement of an account, as in `fct_mrr_movements`. Without a type, only items moved."""

    account_id: str
    occurred_at: datetime
    occurred_on: date
    month: date
    movement_type: str | None
    movement_subtype: str | None
    churn_kind: str | None
    churn_reason: str | None
    mrr_before: Decimal
    mrr_change: Decimal
    mrr_after: Decimal
    change_count: int
    items: dict[tuple[ItemKey, str], dict[str, Any]]
    """Contribution by item and currency."""


@dataclass
class AccountMonth:
    """One account in one month; amounts in the reporting currency, movement columns signed."""

    account_id: str
    month: date
    opening: Fraction
    opening_constant: Fraction
    opened_as_customer: bool
    opening_plan: str | None
    fx_impact: Fraction = ZERO
    transfer: Fraction = ZERO
    merged: int = 0
    """The number of merges that made the account a customer, minus those that ended it as one."""
    closing: Fraction = ZERO
    closing_constant: Fraction = ZERO
    closed_as_customer: bool = False
    plan: str | None = None
    cohort: date | None = None
    lowest: Fraction = ZERO
    events: list[Movement] = field(default_factory=list)

    def event(self, kind: str) -> Decimal:
        return sum((e.mrr_change for e in self.events if e.movement_type == kind), Decimal(0))

    @property
    def joined_as(self) -> str | None:
        """Whether the account's first start in the month is new or a reactivation."""
        return next(
            (e.movement_type for e in self.events if e.movement_type in ("new", "reactivation")), None
        )

    @property
    def joined(self) -> int:
        """The change of customers in the month without merges: 1, 0 or -1."""
        step = self.closed_as_customer - self.opened_as_customer
        return max(-1, min(1, step - self.merged))

    @property
    def transferred(self) -> int:
        """The change of customers that only merges caused."""
        return self.closed_as_customer - self.opened_as_customer - self.joined

    @property
    def last_churn(self) -> Movement | None:
        return next((e for e in reversed(self.events) if e.movement_type == "churn"), None)

    @property
    def is_in_between(self) -> bool:
        """Whether the account joined and churned within the month, and is no customer at either end."""
        joined = self.joined_as is not None and self.last_churn is not None
        return joined and not (self.opened_as_customer or self.closed_as_customer or self.merged)

    def net(self, policies: Policies) -> dict[str, Decimal]:
        """Net movements by kind.

        There is at most one, with two exceptions. A policy may count both a start and a churn of one month.
        With a merge, an account that joins may lose MRR in the month, and one that leaves may gain MRR.
        """
        change = money(self.closing - self.opening - self.fx_impact - self.transfer)
        step = {"expansion" if change > 0 else "contraction": change} if change else {}
        if self.is_in_between and policies.same_period_new_and_churn == "count_both":
            assert self.joined_as is not None
            assert self.last_churn is not None
            gone = self.last_churn.mrr_before
            return {self.joined_as: gone, "churn": -gone, **step}
        if self.joined > 0:
            return {**(step if change < 0 else {}), self.joined_as or "new": max(change, Decimal(0))}
        if self.joined < 0:
            return {**(step if change > 0 else {}), "churn": min(change, Decimal(0))}
        return step


def money(value: Fraction) -> Decimal:
    """The exact decimal: every amount of the ledger is a sum of rounded values."""
    scaled = value * 10**DIGITS
    assert scaled.denominator == 1
    return Decimal(scaled.numerator).scaleb(-DIGITS)
