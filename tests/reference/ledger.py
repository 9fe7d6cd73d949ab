"""A second revenue ledger, small and slow, written only from the documented rules.

It goes through every account by month and movement, with exact fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.reference.changes import PARTS, Balance, Change
from tests.reference.entries import ZERO, AccountMonth, Movement, money
from tests.reference.instants import NEVER, local_day, local_month, month_start, next_month
from tests.reference.policies import Policies
from tests.reference.rates import Valuation
from tests.reference.records import ItemKey, Record

OWN = ("own", "active", "count")
"""Of an item in a movement: the change in its own currency, the change of activity, the number of changes."""
Held = tuple[ItemKey, str]
"""Item, with its lane, and currency."""


@dataclass
class _Holding:
    """The MRR, activity and plan of one balance of an account."""

    mrr: Fraction = ZERO
    active: int = 0
    plan: str | None = None


class Walk:
    """Processes one account from its first change to `as_of`; fills `movements` and `months`."""

    def __init__(
        self,
        account_id: str,
        changes: Sequence[Change],
        contracts: Iterable[Record],
        valuation: Valuation,
        as_of: datetime,
        policies: Policies,
    ) -> None:
        self.account_id, self.policies, self.valuation = account_id, policies, valuation
        self.contracts = [row for row in contracts if row["account_id"] == account_id]
        self.movements: list[Movement] = []
        self.months: list[AccountMonth] = []
        self.holdings: dict[Balance, _Holding] = {}
        self.mrr, self.constant = ZERO, ZERO
        self.is_customer = False
        self.left_at: datetime | None = None
        self.cohort: date | None = None
        self.plan: str | None = None
        self.held_plan: str | None = None
        loaded_at = policies.loaded_at or NEVER
        # No movement spans the start of the loaded history.
        unloaded = group([change for change in changes if change.at <= loaded_at], policies)
        bookings = unloaded + group([change for change in changes if change.at > loaded_at], policies)
        month, last = local_month(changes[0].at, policies.zone), local_month(as_of, policies.zone)
        while month <= last:
            begins = month_start(month, policies.zone)
            entry = self._open(month, begins)
            if begins == loaded_at:
                while bookings and bookings[0][-1].at == begins:
                    self._book(entry, bookings.pop(0))
                entry = self._load(month, begins, changes)
            while bookings and bookings[0][-1].at < month_start(next_month(month), policies.zone):
                self._book(entry, bookings.pop(0))
            self._close(entry)
            month = next_month(month)
        if policies.loaded_at is not None and as_of < policies.loaded_at:
            self.movements, self.months = [], []

    # --------------------------------------------------------------------------------------- months
    def _load(self, month: date, at: datetime, changes: Sequence[Change]) -> AccountMonth:
        """Start the loaded history with the running items; earlier changes are known, but not published."""
        known = [change for change in changes if change.at <= at]
        self.movements, self.months = [], []
        self.constant = self._constant_total()
        self.plan = self._plan(month)
        self.left_at = None
        # An active account without MRR becomes a customer with its first payment after that.
        self.is_customer = self.is_customer and self.mrr > 0
        if self.mrr:
            items = self._items({}, self._worths(month), known, month)
            self._note(at, month, "opening_balance", ZERO, self.mrr, items)
        return AccountMonth(self.account_id, month, self.mrr, self.constant, self.is_customer, self.plan)

    def _open(self, month: date, at: datetime) -> AccountMonth:
        before, after = self._worths(next_month(month, -1)), self._worths(month)
        entry = AccountMonth(self.account_id, month, self.mrr, self.constant, self.is_customer, self.plan)
        revalued = sum(after.values(), ZERO)
        entry.fx_impact = revalued - self.mrr
        if after != before:
            kind = "fx_impact" if entry.fx_impact else None
            self._note(at, month, kind, self.mrr, revalued, self._items(before, after, [], month))
        self.mrr = revalued
        return entry

    def _close(self, entry: AccountMonth) -> None:
        entry.closing, entry.closed_as_customer = self.mrr, self.is_customer
        entry.closing_constant = self.constant = self._constant_total()
        entry.cohort = self.cohort
        is_first = not (self.months or entry.opening)
        # An account that left keeps the plan of the month's opening, or else its last plan in the month.
        left = entry.opening_plan if entry.opened_as_customer else self.held_plan
        entry.plan = self.plan = self.held_plan = self.plan if self.mrr else left
        if is_first:
            entry.opening_plan = entry.plan
        # An account that left before the first loaded month has no months until it returns.
        if any(movement.movement_type for movement in self.movements):
            entry.lowest = min([self.mrr, *(earlier.lowest for earlier in self.months)])
            self.months.append(entry)

    # ------------------------------------------------------------------------------------- bookings
    def _book(self, entry: AccountMonth, changes: Sequence[Change]) -> None:
        at, month, was_customer, before = changes[-1].at, entry.month, self.is_customer, self.mrr
        worths = self._worths(month)
        self._apply(changes)
        self.mrr = self._total(month)
        self.plan = self._plan(month)
        self.held_plan = self.plan if self.mrr else self.held_plan
        self.is_customer = self._is_active() and (self.mrr > 0 or was_customer)
        items = self._items(worths, self._worths(month), changes, month)
        kind, subtype = self._kind(at, before, was_customer), None
        cause: tuple[str | None, str | None] = (None, None)
        if changes[0].is_merge:
            kind = "merge" if self.mrr != before else None
            entry.transfer += self.mrr - before
            entry.merged += self.is_customer - was_customer
        elif kind == "churn":
            cause = self._cause(items, changes)
            subtype = "pause" if cause[0] == "pause" else None
        elif kind == "reactivation":
            subtype = "resume" if self._parts(items) == ["pause"] else None
        elif kind in ("expansion", "contraction"):
            subtype = self._subtype(kind, items, local_day(at, self.policies.zone))
        if was_customer and not self.is_customer:
            self.left_at = at
        if self.is_customer and self.cohort is None:
            self.cohort = month
        found = self._note(at, month, kind, before, self.mrr, items, subtype, cause)
        if kind:
            entry.events.append(found)

    def _kind(self, at: datetime, before: Fraction, was_customer: bool) -> str | None:
        if self.is_customer and not was_customer:
            window = self.policies.reactivation_window
            if self.cohort is None:
                return "new"
            # A return of an account that left before the first loaded month counts after any time.
            late = window != "unlimited" and at - (self.left_at or at) > timedelta(days=int(window))
            return "new" if late else "reactivation"
        if was_customer and not self.is_customer:
            return "churn"
        if self.mrr == before:
            return None
        return "expansion" if self.mrr > before else "contraction"

    def _cause(self, items: dict[Held, dict[str, Any]], changes: Sequence[Change]) -> tuple[str, str]:
        """The cause of the largest item that ended. Among equal items, the first by its ids decides."""
        ended = {
            change.balance[:2]: change.before
            for change in changes
            if change.before is not None and change.after is None
        }
        lost = [key for key in ended if items[key]["count"]]
        largest = ended[min(lost, key=lambda key: (items[key]["mrr_change"], key))]
        return largest.end_kind, largest.end_reason

    def _parts(self, items: dict[Held, dict[str, Any]]) -> list[str]:
        """The parts of the movement."""
        return [part for part in PARTS if sum(item[part] for item in items.values())]

    def _subtype(self, kind: str, items: dict[Held, dict[str, Any]], day: date) -> str:
        moved = self._parts(items)
        if len(moved) != 1:
            return "mixed"
        if moved == ["price"]:
            is_ramp = any(row["starts_on"] < day < row["ends_on"] for row in self.contracts)
            rise = "contracted_ramp" if is_ramp else "price_increase"
            return rise if kind == "expansion" else "price_decrease"
        names = {
            "volume": ("volume", "volume"),
            "discount": ("discount_end", "discount"),
            "pause": ("resume", "pause"),
        }
        return names[moved[0]][kind == "contraction"]

    def _apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            holding = self.holdings.setdefault(change.balance, _Holding())
            holding.mrr += change.mrr_change
            holding.active += change.activity
            holding.plan = change.after.plan_id if change.after else holding.plan

    # --------------------------------------------------------------------------------------- values
    def _worths(self, month: date) -> dict[Balance, Fraction]:
        return {
            balance: self.valuation.worth(balance, h.mrr, month)
            for balance, h in self.holdings.items()
            if h.mrr
        }

    def _total(self, month: date) -> Fraction:
        return sum(self._worths(month).values(), ZERO)

    def _constant_total(self) -> Fraction:
        return sum((self.valuation.constant(balance, h.mrr) for balance, h in self.holdings.items()), ZERO)

    def _is_active(self) -> bool:
        return any(holding.active for holding in self.holdings.values())

    def _plan(self, month: date) -> str | None:
        """The plan with most of the MRR; among equal plans, the first by name."""
        weights: dict[str | None, Fraction] = {}
        for balance, worth in self._worths(month).items():
            plan = self.holdings[balance].plan
            weights[plan] = weights.get(plan, ZERO) + worth
        return min(weights, key=lambda plan: (-weights[plan], plan or ""), default=None)

    def _items(
        self,
        before: dict[Balance, Fraction],
        after: dict[Balance, Fraction],
        changes: Iterable[Change],
        month: date,
    ) -> dict[Held, dict[str, Any]]:
        """The contribution of each item. Parts are netted, then valued like the item after the movement."""
        items: dict[Held, dict[str, Any]] = {}
        last: dict[Held, Balance] = {}

        def item_of(balance: Balance) -> dict[str, Any]:
            key = balance[:2]
            return items.setdefault(key, dict.fromkeys(("mrr_change", *OWN, *PARTS), ZERO))

        for balance in before.keys() | after.keys():
            item_of(balance)["mrr_change"] += after.get(balance, ZERO) - before.get(balance, ZERO)
        for change in changes:
            item = item_of(change.balance)
            last[change.balance[:2]] = change.balance
            item["own"] += change.mrr_change
            item["active"] += change.activity
            item["count"] += 1
            for part, amount in change.parts.items():
                item[part] += amount
        for key, balance in last.items():
            if not (items[key]["own"] or items[key]["active"]):
                # An item with the same MRR before and after has no part in the movement.
                items[key] |= dict.fromkeys(("count", *PARTS), ZERO)
            for part in PARTS:
                items[key][part] = self.valuation.worth(balance, items[key][part], month)
        return items

    def _note(
        self,
        at: datetime,
        month: date,
        kind: str | None,
        before: Fraction,
        after: Fraction,
        items: dict[Held, dict[str, Any]],
        subtype: str | None = None,
        cause: tuple[str | None, str | None] = (None, None),
    ) -> Movement:
        day = local_day(at, self.policies.zone)
        count = int(sum(item["count"] for item in items.values()))
        amounts = (money(before), money(after - before), money(after))
        found = Movement(self.account_id, at, day, month, kind, subtype, *cause, *amounts, count, items)
        self.movements.append(found)
        return found


def group(changes: Sequence[Change], policies: Policies) -> list[list[Change]]:
    """Changes by movement, in order. A merge keeps its own instant. Other changes join within the window."""
    merges: list[list[Change]] = []
    groups: list[list[Change]] = []
    window = timedelta(minutes=policies.grouping_window)
    # Split before a transfer out: an account must have the MRR before it can transfer it.
    given_away = [change.at for change in changes if change.is_merge and change.after is None]
    for change in changes:
        if change.is_merge:
            chosen, reach = merges, timedelta()
        else:
            chosen, reach = groups, window
        last = chosen[-1][-1].at if chosen else None
        is_parted = (
            last is not None and not change.is_merge and any(last < at <= change.at for at in given_away)
        )
        if last is not None and change.at - last <= reach and not is_parted:
            chosen[-1].append(change)
        else:
            chosen.append([change])
    return sorted(merges + groups, key=lambda booking: (booking[-1].at, not booking[0].is_merge))
