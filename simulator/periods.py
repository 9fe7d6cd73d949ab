"""The current terms of every subscription item, and the period rows that changes produce."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, IntArray

MAIN, ADD_ON, SECOND, METERED = range(4)
"""Items that an account can hold at once. The second is a separate subscription; the others share one."""
SLOTS = (MAIN, ADD_ON, SECOND, METERED)
SET_UP = 4
"""A one-off item. It is written once and never runs."""
ITEM_SUFFIXES = ("", "-insights", "", "-api", "-onboarding")
"""Ends of the item ids, by slot; an item id begins with the id of its subscription."""

FIELDS = (
    "account",
    "slot",
    "number",
    "plan",
    "currency",
    "quantity",
    "unit_amount",
    "interval",
    "discount_amount",
    "discount_kind",
    "price_kind",
    "status",
    "start",
    "end",
    "requested",
    "kind",
    "reason",
    "replaces",
    "is_tombstone",
    "ending",
)

Periods = dict[str, IntArray]
"""Finished rows, one array per field. Money is in minor units, times are in seconds, and -1 means no value.

`number` counts the subscriptions of an account. `kind` is the kind of the end in the export. `ending` is the
true kind of the end for revenue (a code of CHURN_KINDS).
"""


class Items:
    """Terms in force per slot and account; arrays of shape (slots, accounts)."""

    def __init__(self, currency: IntArray) -> None:
        shape = (len(SLOTS), len(currency))
        self.currency = currency
        self.is_open = np.zeros(shape, dtype=np.bool_)
        self.number = np.zeros(shape, dtype=np.int64)
        self.plan = np.zeros(shape, dtype=np.int64)
        self.quantity = np.ones(shape, dtype=np.int64)
        self.unit_amount = np.zeros(shape, dtype=np.int64)
        self.interval = np.zeros(shape, dtype=np.int64)
        self.status = np.full(shape, c.ACTIVE, dtype=np.int64)
        self.start = np.zeros(shape, dtype=np.int64)
        self.replaces = np.full(shape, -1, dtype=np.int64)
        self.discount_percent = np.zeros(shape, dtype=np.int64)
        self.discount_kind = np.zeros(shape, dtype=np.int64)
        self.last_number = np.zeros(len(currency), dtype=np.int64)
        self._chunks: list[Periods] = []

    def new_number(self, who: IntArray) -> IntArray:
        """The next subscription number of each account."""
        self.last_number[who] += 1
        return self.last_number[who]

    def open(
        self,
        slot: int,
        who: IntArray,
        at: IntArray,
        *,
        number: IntArray,
        plan: IntArray,
        quantity: IntArray,
        unit_amount: IntArray,
        interval: IntArray,
        status: int = c.ACTIVE,
    ) -> None:
        """Start an item without a discount."""
        self.is_open[slot, who] = True
        self.number[slot, who] = number
        self.plan[slot, who] = plan
        self.quantity[slot, who] = quantity
        self.unit_amount[slot, who] = unit_amount
        self.interval[slot, who] = interval
        self.status[slot, who] = status
        self.start[slot, who] = at
        self.replaces[slot, who] = -1
        self.discount_percent[slot, who] = 0
        self.discount_kind[slot, who] = c.NO_DISCOUNT

    def cut(
        self,
        who: IntArray,
        at: IntArray,
        slots: tuple[int, ...] = SLOTS,
        *,
        requested: IntArray | int = -1,
        kind: IntArray | int = c.STAYS,
        reason: IntArray | int = 0,
        ending: IntArray | int = c.STAYS,
        is_tombstone: NDArray[np.bool_] | int = 0,
    ) -> None:
        """Write the rows of the open items up to `at`. The items continue from there."""
        for slot in slots:
            chosen = self.is_open[slot, who] & (self.start[slot, who] < at)
            if not chosen.any():
                continue
            kept = who[chosen]

            def of(value: object, chosen: NDArray[np.bool_] = chosen) -> IntArray:
                return np.asarray(np.broadcast_to(np.asarray(value, dtype=np.int64), chosen.shape)[chosen])

            self._chunks.append(
                self._terms(slot, kept)
                | {
                    "end": of(at),
                    "requested": of(requested),
                    "kind": of(kind),
                    "reason": of(reason),
                    "is_tombstone": of(is_tombstone),
                    "ending": of(ending),
                }
            )
            self.start[slot, kept] = of(at)

    def close(self, who: IntArray, slots: tuple[int, ...] = SLOTS) -> None:
        """Stop items after their rows are written."""
        for slot in slots:
            self.is_open[slot, who] = False

    def set_status(self, who: IntArray, status: int, slots: tuple[int, ...] = SLOTS) -> None:
        for slot in slots:
            self.status[slot, who] = status

    def write_set_up(self, who: IntArray, at: IntArray, price: IntArray, end_second: int) -> None:
        """Write a one-off fee for the main subscription, with thirty days of service."""
        size = len(who)
        end = at + 30 * DAY_SECONDS
        none = np.full(size, -1, dtype=np.int64)
        zero = np.zeros(size, dtype=np.int64)
        self._chunks.append(
            self._terms(MAIN, who)
            | {
                "slot": np.full(size, SET_UP, dtype=np.int64),
                "plan": np.full(size, c.ONBOARDING, dtype=np.int64),
                "quantity": np.ones(size, dtype=np.int64),
                "unit_amount": price,
                "interval": np.full(size, c.MONTHLY, dtype=np.int64),
                "discount_amount": zero,
                "discount_kind": zero,
                "price_kind": np.full(size, c.ONE_OFF, dtype=np.int64),
                "status": np.full(size, c.ACTIVE, dtype=np.int64),
                "end": np.where(end < end_second, end, -1),
                "requested": none,
                "kind": zero,
                "reason": zero,
                "is_tombstone": zero,
                "ending": zero,
            }
        )

    def finish(self) -> Periods:
        """Return all rows ordered by key. Items that are still open have the end -1."""
        for slot in SLOTS:
            who = np.flatnonzero(self.is_open[slot])
            none = np.full(len(who), -1, dtype=np.int64)
            zero = np.zeros(len(who), dtype=np.int64)
            self._chunks.append(
                self._terms(slot, who)
                | {"end": none, "requested": none, "kind": zero, "reason": zero}
                | {"is_tombstone": zero, "ending": zero}
            )
        rows = {name: np.concatenate([chunk[name] for chunk in self._chunks]) for name in FIELDS}
        self._chunks = []
        order = np.lexsort((rows["start"], rows["slot"], rows["number"], rows["account"]))
        return {name: values[order] for name, values in rows.items()}

    def _terms(self, slot: int, who: IntArray) -> Periods:
        amount = self.quantity[slot, who] * self.unit_amount[slot, who]
        metered = slot == METERED
        return {
            "account": who,
            "slot": np.full(len(who), slot, dtype=np.int64),
            "number": self.number[slot, who],
            "plan": self.plan[slot, who],
            "currency": self.currency[who],
            "quantity": self.quantity[slot, who],
            "unit_amount": self.unit_amount[slot, who],
            "interval": self.interval[slot, who],
            "discount_amount": amount * self.discount_percent[slot, who] // 100,
            "discount_kind": self.discount_kind[slot, who],
            "price_kind": np.full(len(who), c.USAGE if metered else c.RECURRING, dtype=np.int64),
            "status": self.status[slot, who],
            "start": self.start[slot, who],
            "replaces": self.replaces[slot, who],
        }


def customer_months(periods: Periods, accounts: int, boundaries: IntArray) -> NDArray[np.bool_]:
    """Return whether an account had paid service just before each boundary; shape (accounts, months + 1)."""
    served = np.isin(periods["status"], (c.ACTIVE, c.PAST_DUE)) & (periods["price_kind"] == c.RECURRING)
    served &= periods["unit_amount"] > 0
    end = np.where(periods["end"] < 0, boundaries[-1], periods["end"])[served]
    first = np.searchsorted(boundaries, periods["start"][served], side="right")
    after = np.searchsorted(boundaries, end, side="right")
    changes = np.zeros((accounts, len(boundaries) + 1), dtype=np.int32)
    np.add.at(changes, (periods["account"][served], first), 1)
    np.add.at(changes, (periods["account"][served], after), -1)
    return np.cumsum(changes[:, :-1], axis=1, dtype=np.int32) > 0
