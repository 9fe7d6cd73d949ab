"""The revenue ledger once more, small and slow, from the written rules alone.

Every account is walked through instant by instant with exact fractions. Nothing here is shared with the
SQL models, so that a slip in one of the two shows as a difference. Policies that have one value in
`dbt_project.yml` are taken at that value.
"""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

REPORTING_CURRENCY = "USD"
DIGITS = 4

_MONTHS_PER_INTERVAL = {
    "day": Fraction(12, 365),
    "week": Fraction(12, 52),
    "month": Fraction(1),
    "year": Fraction(12),
}
_EARLIEST = datetime(1, 1, 1)
_FOREVER = datetime(9999, 1, 1)

ItemKey = tuple[str, str]
BalanceKey = tuple[str, str, str]
"""Subscription, item and currency: what is valued and rounded on its own."""


@dataclass(frozen=True)
class Policies:
    """The policies that the reference varies."""

    grouping_window: int = 60
    past_due_grace_days: int = 30
    fx_max_age_days: int = 31

    @property
    def pairs(self) -> list[str]:
        """As `name=value`, in the words of `dbt_project.yml`."""
        return [f"{name}={value}" for name, value in vars(self).items()]


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
class _Segment:
    account_id: str
    start: datetime
    end: datetime
    currency: str
    plan_id: str | None
    quantity: Fraction
    mrr: Fraction
    end_kind: str

    @property
    def terms(self) -> tuple[Any, ...]:
        return self.account_id, self.currency, self.plan_id, self.quantity, self.mrr


@dataclass(frozen=True)
class _Change:
    at: datetime
    balance: BalanceKey
    mrr: Fraction
    """MRR of the balance from `at` on, in its own currency."""
    end_kind: str


def round_half_up(value: Fraction) -> Fraction:
    """Round a value that is not negative to DIGITS decimals, a half upwards."""
    scale = 10**DIGITS
    return Fraction((value * scale + Fraction(1, 2)).__floor__(), scale)


def item_mrr(period: Mapping[str, Any]) -> Fraction:
    """Monthly value of a period in its own currency."""
    quantity = _number(period.get("quantity"), 1)
    net = quantity * _number(period["unit_amount"], 0) - _number(period.get("discount_amount"), 0)
    months = _MONTHS_PER_INTERVAL[period["interval"]] * (period.get("interval_count") or 1)
    return round_half_up(max(net, Fraction(0)) / months)


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
    internal = {row["account_id"] for row in _latest(accounts, ("account_id",)) if row.get("is_internal")}
    changes = _changes_by_account(_segments(periods, policies), as_of)
    movements: list[Movement] = []
    months: list[AccountMonth] = []
    for account_id in sorted(changes.keys() - internal):
        found, account_months = _walk(account_id, changes[account_id], rates, as_of, policies)
        movements += found
        months += account_months
    return movements, months


# ------------------------------------------------------------------------------------- what is paid service
def _latest(rows: Iterable[Mapping[str, Any]], key: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Of each key the version with the latest `updated_at`, then the latest arrival."""
    best: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        identity = tuple(row.get(name) for name in key)
        if identity not in best or _version(row) >= _version(best[identity]):
            best[identity] = row
    return list(best.values())


def _version(row: Mapping[str, Any]) -> datetime:
    return row.get("updated_at") or _EARLIEST


def _segments(periods: Sequence[Mapping[str, Any]], policies: Policies) -> dict[ItemKey, list[_Segment]]:
    """Stretches in which an item has MRR, by item, in order of time."""
    named = [{**row, "item_id": row.get("item_id") or row["subscription_id"]} for row in periods]
    by_item: dict[ItemKey, list[dict[str, Any]]] = {}
    for row in _latest(named, ("subscription_id", "item_id", "period_start")):
        # A one-off or metered charge beside a recurring fee says nothing about the fee.
        if (row.get("price_kind") or "recurring") != "recurring":
            continue
        end = row.get("period_end") or _FOREVER
        if row.get("is_deleted"):
            end = min(end, row["updated_at"])
        if end > row["period_start"]:
            by_item.setdefault((row["subscription_id"], row["item_id"]), []).append({**row, "end": end})
    segments: dict[ItemKey, list[_Segment]] = {}
    for item, rows in by_item.items():
        rows.sort(key=lambda row: row["period_start"])
        for row, later in pairwise(rows):
            row["end"] = min(row["end"], later["period_start"])
        segments[item] = _paid_stretches(rows, timedelta(days=policies.past_due_grace_days))
    return segments


def _paid_stretches(rows: Sequence[dict[str, Any]], grace: timedelta) -> list[_Segment]:
    stretches = []
    failed_at: datetime | None = None
    for number, row in enumerate(rows):
        status = row.get("status") or "active"
        follower = rows[number + 1] if number + 1 < len(rows) else None
        if follower is not None and follower["period_start"] != row["end"]:
            follower = None
        before = rows[number - 1] if number else None
        if status != "past_due":
            failed_at = None
        elif failed_at is None or before is None or before["end"] != row["period_start"]:
            failed_at = row["period_start"]
        end = row["end"]
        kind = row.get("cancel_kind") or "unknown"
        next_status = (follower.get("status") or "active") if follower is not None else None
        if next_status == "paused":
            kind = "pause"
        elif next_status in ("unpaid", "past_due"):
            # A past-due follower only matters where no grace is left: then the failed payment ended it.
            kind = "involuntary"
        if failed_at is not None and failed_at + grace < end:
            end = failed_at + grace
            kind = "involuntary"
        mrr = item_mrr(row)
        if status in ("active", "past_due") and mrr > 0 and end > row["period_start"]:
            stretches.append(
                _Segment(
                    account_id=row["account_id"],
                    start=row["period_start"],
                    end=end,
                    currency=row["currency"].upper(),
                    plan_id=row.get("plan_id"),
                    quantity=_number(row.get("quantity"), 1),
                    mrr=mrr,
                    end_kind=kind,
                )
            )
    return stretches


# ---------------------------------------------------------------------------------- what changes, and when
def _changes_by_account(
    segments: Mapping[ItemKey, Sequence[_Segment]], as_of: datetime
) -> dict[str, list[_Change]]:
    """Changes of the terms of items up to `as_of`, by account; a renewal on the same terms is none."""
    changes: dict[str, list[_Change]] = {}

    def note(segment: _Segment, item: ItemKey, at: datetime, mrr: Fraction) -> None:
        if at <= as_of:
            change = _Change(at, (*item, segment.currency), mrr, segment.end_kind)
            changes.setdefault(segment.account_id, []).append(change)

    for item, stretches in segments.items():
        before: _Segment | None = None
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
        if before is not None and before.end < _FOREVER:
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
            entry.net_type = _movement_type(opening, current, paid_before)
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


def _number(value: Any, default: int) -> Fraction:
    return Fraction(default) if value is None else Fraction(value)


def _money(value: Fraction) -> Decimal:
    """Exact: every amount of the ledger is a sum of rounded values."""
    scaled = value * 10**DIGITS
    assert scaled.denominator == 1
    return Decimal(scaled.numerator).scaleb(-DIGITS)
