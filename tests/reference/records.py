"""What the reference works on: rows as they landed, and the stretches of service that it makes of them."""

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
"""Subscription, item and lane: 0 is the fee, the others are metered charges that may overlap."""


@dataclass(frozen=True)
class Landing:
    """Rows as they landed, in the order of their arrival, by the names of the landing contract."""

    periods: Sequence[Record] = ()
    accounts: Sequence[Record] = ()
    rates: Sequence[Record] = ()
    invoices: Sequence[Record] = ()
    contracts: Sequence[Record] = ()


@dataclass(frozen=True)
class Segment:
    """A stretch in which an item is active on the same terms; amounts a month, in its own currency."""

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
    """Active without a price for a while."""
    end_kind: str
    cancel_kind: str
    end_reason: str
    cancel_requested_at: datetime | None
    is_replaced: bool
    """Another subscription of the account goes on in its place."""
    interval: tuple[str, int]
    run_start: datetime = _EARLIEST
    """When the uninterrupted service of this item in this currency began."""

    @property
    def terms(self) -> tuple[Any, ...]:
        return self.plan_id, self.quantity, self.list_mrr, self.mrr, self.is_paused

    def runs_at(self, at: datetime) -> bool:
        return self.start <= at < self.end


def round_half_up(value: Fraction) -> Fraction:
    """Round to DIGITS decimals, a half away from zero."""
    scale = 10**DIGITS
    size = Fraction((abs(value) * scale + Fraction(1, 2)).__floor__(), scale)
    return size if value >= 0 else -size


def latest(rows: Iterable[Record], key: tuple[str, ...]) -> list[Record]:
    """Of each key the version with the latest `updated_at`, then the latest arrival."""
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
