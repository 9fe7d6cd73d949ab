"""The revenue ledger once more, small and slow, from the written rules alone.

Every account is walked through instant by instant with exact fractions. Nothing here is shared with the
SQL models, so that a slip in one of the two shows as a difference. Policies that have one value in
`dbt_project.yml` are taken at that value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.reference.service import (
    DIGITS,
    FOREVER,
    ItemKey,
    Policies,
    Segment,
    latest,
    paid_segments,
    round_half_up,
)

REPORTING_CURRENCY = "USD"

BalanceKey = tuple[str, str, str]
"""Subscription, item and currency: what is valued and rounded on its own."""


@dataclass(frozen=True)
class Movement:
    """One movement of an account; amounts in the reporting currency."""

    account_id: str
    occurred_at: datetime
    movement_type: str
    mrr_before: Decimal
    mrr_change: Decimal
    mrr_after: Decimal
    churn_kinds: frozenset[str]
    """Kinds of the largest items that ended; more than one where the rules leave the choice open."""


@dataclass
class AccountMonth:
    """One account in one month; movement columns are signed."""

    account_id: str
    month: date
    opening: Decimal
    closing: Decimal
    fx_impact: Decimal = Decimal(0)
    events: dict[str, Decimal] = field(default_factory=dict)
    """By movement type, without fx_impact."""
    net_type: str | None = None
    net_change: Decimal = Decimal(0)
    is_new_and_churned: bool = False


@dataclass(frozen=True)
class _Change:
    at: datetime
    balance: BalanceKey
    mrr: Fraction
    """MRR of the balance from `at` on, in its own currency."""
    end_kind: str


def build_ledger(
    periods: Sequence[Mapping[str, Any]],
    accounts: Sequence[Mapping[str, Any]],
    rates: Sequence[Mapping[str, Any]],
    as_of: datetime,
    policies: Policies,
) -> tuple[list[Movement], list[AccountMonth]]:
    """Movements and account-months of all accounts, ordered by account and time.

    Rows have the columns of the landing contract and stand in the order of their arrival.
    """
    internal = {row["account_id"] for row in latest(accounts, ("account_id",)) if row.get("is_internal")}
    changes = _changes_by_account(paid_segments(periods, policies), as_of)
    movements: list[Movement] = []
    months: list[AccountMonth] = []
    for account_id in sorted(changes.keys() - internal):
        found, account_months = _walk(account_id, changes[account_id], rates, as_of, policies)
        movements += found
        months += account_months
    return movements, months


# ---------------------------------------------------------------------------------- what changes, and when
def _changes_by_account(
    segments: Mapping[ItemKey, Sequence[Segment]], as_of: datetime
) -> dict[str, list[_Change]]:
    """Changes of the terms of items up to `as_of`, by account; a renewal on the same terms is none."""
    changes: dict[str, list[_Change]] = {}

    def note(segment: Segment, item: ItemKey, at: datetime, mrr: Fraction) -> None:
        if at <= as_of:
            change = _Change(at, (*item, segment.currency), mrr, segment.end_kind)
            changes.setdefault(segment.account_id, []).append(change)

    for item, stretches in segments.items():
        before: Segment | None = None
        for stretch in stretches:
            if before is not None:
                goes_on = before.end == stretch.start
                if goes_on and before.terms == stretch.terms:
                    before = stretch
                    continue
                same = (before.account_id, before.currency) == (stretch.account_id, stretch.currency)
                if not (goes_on and same):
                    note(before, item, before.end, Fraction(0))
            note(stretch, item, stretch.start, stretch.mrr)
            before = stretch
        if before is not None and before.end < FOREVER:
            note(before, item, before.end, Fraction(0))
    return changes


def _groups(changes: Sequence[_Change], window: timedelta) -> list[list[_Change]]:
    """Changes that follow the one before them within the window, together."""
    groups: list[list[_Change]] = []
    # At one instant ends come first: an item may end in one currency and begin in another.
    for change in sorted(changes, key=lambda change: (change.at, change.mrr > 0)):
        if groups and change.at - groups[-1][-1].at <= window:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


# --------------------------------------------------------------------------------------- one account's walk
def _walk(
    account_id: str,
    changes: Sequence[_Change],
    rates: Sequence[Mapping[str, Any]],
    as_of: datetime,
    policies: Policies,
) -> tuple[list[Movement], list[AccountMonth]]:
    groups = _groups(changes, timedelta(minutes=policies.grouping_window))
    balances: dict[BalanceKey, Fraction] = {}
    movements: list[Movement] = []
    months: list[AccountMonth] = []
    ever_paid = False
    opening = Fraction(0)
    month = _first_day(groups[0][-1].at)
    while datetime.combine(month, time()) <= as_of:
        following = _first_day(datetime.combine(month + timedelta(days=31), time()))
        valued_on = min(following - timedelta(days=1), as_of.date())
        paid_before = ever_paid

        def value(balances: Mapping[BalanceKey, Fraction], valued_on: date = valued_on) -> Fraction:
            return sum(
                (
                    round_half_up(mrr * _rate(rates, key[2], valued_on, policies))
                    for key, mrr in balances.items()
                    if mrr
                ),
                Fraction(0),
            )

        revalued = value(balances)
        entry = AccountMonth(account_id, month, _money(opening), _money(opening))
        entry.fx_impact = _money(revalued - opening)
        if revalued != opening:
            at = datetime.combine(month, time())
            movements.append(_movement(account_id, at, "fx_impact", opening, revalued, frozenset()))
        current = revalued
        while groups and groups[0][-1].at < datetime.combine(following, time()):
            group = groups.pop(0)
            before = dict(balances)
            for change in group:
                balances[change.balance] = change.mrr
            after = value(balances)
            if after == current:
                continue
            kind = _movement_type(current, after, ever_paid)
            causes: frozenset[str] = frozenset()
            if kind == "churn":
                causes = _churn_kinds(group, before, lambda key, mrr: value({key: mrr}))
            movements.append(_movement(account_id, group[-1].at, kind, current, after, causes))
            entry.events[kind] = entry.events.get(kind, Decimal(0)) + _money(after - current)
            ever_paid = True
            current = after
        entry.closing = _money(current)
        entry.net_change = _money(current - revalued)
        if entry.net_change:
            entry.net_type = _movement_type(revalued, current, paid_before)
        entry.is_new_and_churned = ever_paid and not paid_before and current == 0
        if months or ever_paid:
            months.append(entry)
        opening = current
        month = following
    return movements, months


def _movement_type(before: Fraction, after: Fraction, ever_paid: bool) -> str:
    if before == 0:
        return "reactivation" if ever_paid else "new"
    if after == 0:
        return "churn"
    return "expansion" if after > before else "contraction"


def _churn_kinds(
    group: Sequence[_Change], before: Mapping[BalanceKey, Fraction], value: Any
) -> frozenset[str]:
    losses = {key: value(key, mrr) for key, mrr in before.items() if mrr}
    largest = max(losses.values())
    last = {change.balance: change.end_kind for change in group if not change.mrr}
    return frozenset(last[key] for key, loss in losses.items() if loss == largest)


def _movement(
    account_id: str, at: datetime, kind: str, before: Fraction, after: Fraction, causes: frozenset[str]
) -> Movement:
    return Movement(account_id, at, kind, _money(before), _money(after - before), _money(after), causes)


def _rate(rates: Sequence[Mapping[str, Any]], currency: str, on: date, policies: Policies) -> Fraction:
    """The last rate known on a day; of two of one day the one that arrived last."""
    if currency == REPORTING_CURRENCY:
        return Fraction(1)
    known = [row for row in rates if row["currency"].upper() == currency and row["rate_on"] <= on]
    latest = max(known, key=lambda row: (row["rate_on"], known.index(row)))
    assert (on - latest["rate_on"]).days <= policies.fx_max_age_days, "the example lacks a rate"
    return Fraction(latest["rate"])


def _first_day(at: datetime) -> date:
    return at.date().replace(day=1)


def _money(value: Fraction) -> Decimal:
    """Exact: every amount of the ledger is a sum of rounded values."""
    scaled = value * 10**DIGITS
    assert scaled.denominator == 1
    return Decimal(scaled.numerator).scaleb(-DIGITS)
