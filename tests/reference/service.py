# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
"""What is paid service, and what it is worth a month: the first half of the reference ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

DIGITS = 4
FOREVER = datetime(9999, 1, 1)

_MONTHS_PER_INTERVAL = {
    "day": Fraction(12, 365),
    "week": Fraction(12, 52),
    "month": Fraction(1),
    "year": Fraction(12),
}
_EARLIEST = datetime(1, 1, 1)

ItemKey = tuple[str, str]


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
class Segment:
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


def latest(rows: Iterable[Mapping[str, Any]], key: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Of each key the version with the latest `updated_at`, then the latest arrival."""
    best: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        identity = tuple(row.get(name) for name in key)
        if identity not in best or _version(row) >= _version(best[identity]):
            best[identity] = row
    return list(best.values())


def _version(row: Mapping[str, Any]) -> datetime:
    return row.get("updated_at") or _EARLIEST


def paid_segments(periods: Sequence[Mapping[str, Any]], policies: Policies) -> dict[ItemKey, list[Segment]]:
    """Stretches in which an item has MRR, by item, in order of time."""
    named = [{**row, "item_id": row.get("item_id") or row["subscription_id"]} for row in periods]
    by_item: dict[ItemKey, list[dict[str, Any]]] = {}
    for row in latest(named, ("subscription_id", "item_id", "period_start")):
        # A one-off or metered charge beside a recurring fee says nothing about the fee.
        if (row.get("price_kind") or "recurring") != "recurring":
            continue
        end = row.get("period_end") or FOREVER
        if row.get("is_deleted"):
            end = min(end, row["updated_at"])
        if end > row["period_start"]:
            by_item.setdefault((row["subscription_id"], row["item_id"]), []).append({**row, "end": end})
    segments: dict[ItemKey, list[Segment]] = {}
    for item, rows in by_item.items():
        rows.sort(key=lambda row: row["period_start"])
        for row, later in pairwise(rows):
            row["end"] = min(row["end"], later["period_start"])
        segments[item] = _paid_stretches(rows, timedelta(days=policies.past_due_grace_days))
    return segments


def _paid_stretches(rows: Sequence[dict[str, Any]], grace: timedelta) -> list[Segment]:
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
                Segment(
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


def _number(value: Any, default: int) -> Fraction:
    return Fraction(default) if value is None else Fraction(value)
