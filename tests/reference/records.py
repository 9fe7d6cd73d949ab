"""The data of the reference: landed rows, and the intervals of service that it derives from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

DIGITS = 4
_EARLIEST = datetime(1, 1, 1)  # noqa: DTZ001

Record = Mapping[str, Any]
ItemKey = tuple[str, str, int]
"""Subscription, item and lane. Lane 0 is the fee, and the others are usage charges, which may overlap."""


@dataclass(frozen=True)
class Landing:
    """Landed rows in the order of arrival, with the names of the landing contract."""

    periods: Sequence[Record] = ()
    accounts: Sequence[Record] = ()
    rates: Sequence[Record] = ()
    invoices: Sequence[Record] = ()
    contracts: Sequence[Record] = ()


@dataclass(frozen=True)
class Segment:
    """An interval in which an item is active on the same terms; amounts are monthly, in its own currency."""

    item: ItemKey
    account_id: str
    start: datetime
    end: datetime
    currency: str
    plan_id: str | None
    quantity: Fraction
    unit: Fraction
    """List price of one unit."""
    list_mrr: Fraction
    mrr: Fraction
    status: str
    is_paused: bool
    """Whether the item is active without a price for a while."""
    end_kind: str
    cancel_kind: str
    end_reason: str
    cancel_requested_at: datetime | None
    is_replaced: bool
    """Whether another subscription of the account continues it."""
    interval: tuple[str, int]
    run_start: datetime = _EARLIEST
    """Start of the uninterrupted service of this item in this currency."""

    @property
    def terms(self) -> tuple[Any, ...]:
        return self.plan_id, self.quantity, self.list_mrr, self.mrr, self.is_paused

    def runs_at(self, at: datetime) -> bool:
        return self.start <= at < self.end


def round_half_up(value: Fraction) -> Fraction:
    """Round to DIGITS decimals, halves away from zero."""
    scale = 10**DIGITS
    size = Fraction((abs(value) * scale + Fraction(1, 2)).__floor__(), scale)
    return size if value >= 0 else -size


def latest(rows: Iterable[Record], key: tuple[str, ...]) -> list[Record]:
    """The version of each key with the latest `updated_at`, then the latest arrival."""
    best: dict[tuple[Any, ...], Record] = {}
    for row in rows:
        identity = tuple(row.get(name) for name in key)
        if identity not in best or _version(row) >= _version(best[identity]):
            best[identity] = row
    return list(best.values())


def _version(row: Record) -> datetime:
    return row.get("updated_at") or _EARLIEST


def number(value: Any, default: int = 0) -> Fraction:
    return Fraction(default) if value is None else Fraction(value)
