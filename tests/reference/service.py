"""Paid service, with its start, end and monthly value: the first half of the reference.

It is written only from the definitions in `docs/metrics.md`. It shares nothing with the SQL models, so that a
mistake in one of the two shows as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import cast

from tests.reference.instants import FOREVER, NEVER, add_interval
from tests.reference.policies import Policies
from tests.reference.records import ItemKey, Landing, Record, Segment, latest, number, round_half_up
from tests.reference.refunds import after_refunds, is_for

KEY = ("subscription_id", "item_id", "price_kind", "period_start")


# ------------------------------------------------------------------------------------------- what was agreed
@dataclass(eq=False)
class _Period:
    """One period of an item. `agreed_end` is the agreed end, and `end` is the end under the policies."""

    row: Record
    item: ItemKey
    start: datetime
    agreed_end: datetime
    end: datetime
    is_replaced: bool = False

    @property
    def status(self) -> str:
        return self.row.get("status") or "active"


def _periods(rows: Iterable[Record]) -> list[_Period]:
    """Periods of recurring fees and usage charges, in their latest versions."""
    periods = []
    named = [
        {
            **row,
            "item_id": row.get("item_id") or row["subscription_id"],
            "price_kind": row.get("price_kind") or "recurring",
        }
        for row in rows
    ]
    # The price kind is part of the key of a period.
    for row in latest(named, KEY):
        end = row.get("period_end")
        if end is None:
            # Service without an end ends when billing ended it.
            billed_until = row.get("cancel_effective_at")
            end = billed_until if billed_until and billed_until > row["period_start"] else FOREVER
        versions = [version for version in named if all(version[name] == row[name] for name in KEY)]
        end = min(end, _deleted_at(row, versions) or FOREVER)
        # A period that was withdrawn before it began, or a one-off charge, is not service.
        if end > row["period_start"] and row["price_kind"] != "one_off":
            item = (row["subscription_id"], row["item_id"], 0)
            periods.append(_Period(row, item, row["period_start"], end, end))
    _part_charges(periods)
    return periods


def _deleted_at(row: Record, versions: Sequence[Record]) -> datetime | None:
    """The time of deletion: the date of the tombstone, or else the arrival of the first undated tombstone.

    A date that a living version shares does not count as the date of the tombstone. A period without a living
    version ends at its start.
    """
    living = latest([version for version in versions if not version.get("is_deleted")], KEY)
    written_at = living[0].get("updated_at") if living else None
    if row.get("is_deleted") and row.get("updated_at") not in (None, written_at):
        return cast("datetime", row["updated_at"])
    # The order of the rows is the order of arrival.
    arrived_at = versions.index(living[0]) if living else -1
    undated = [
        version
        for version in versions[arrived_at + 1 :]
        if version.get("is_deleted") and version.get("updated_at") in (None, written_at)
    ]
    if not undated:
        return None
    return cast("datetime", undated[0].get("_loaded_at", NEVER) if living else row["period_start"])


def _part_charges(periods: Iterable[_Period]) -> None:
    """Usage charges of an item add up: one that starts while all lanes are busy gets a lane of its own.

    Otherwise it continues the lane that became free last; among equal lanes, that of the longest charge.
    """
    lanes: dict[tuple[str, str], list[_Period]] = {}
    for charge in sorted(periods, key=lambda period: period.start):
        if charge.row["price_kind"] == "usage":
            last = lanes.setdefault(charge.item[:2], [])
            free = [lane for lane, before in enumerate(last) if before.agreed_end <= charge.start]
            if free:
                lane = max(free, key=lambda lane: (last[lane].agreed_end, -last[lane].start.timestamp()))
                last[lane] = charge
            else:
                lane = len(last)
                last.append(charge)
            charge.item = (*charge.item[:2], lane + 1)


def _agreed_periods(periods: Sequence[_Period], policies: Policies) -> dict[ItemKey, list[_Period]]:
    """Periods of each item in order; each ends when its successor or its replacement begins."""
    by_item: dict[ItemKey, list[_Period]] = {}
    for period in sorted(periods, key=lambda period: period.start):
        of_item = by_item.setdefault(period.item, [])
        # A later fee replaces the fee before it. Charges of one lane never overlap.
        if of_item:
            of_item[-1].agreed_end = min(of_item[-1].agreed_end, period.start)
        of_item.append(period)
    kept = _bridge(periods)
    for item, of_item in by_item.items():
        by_item[item] = [period for period in of_item if period in kept]
        for period in by_item[item]:
            period.end = period.agreed_end
            cancelled_at = {
                "service_end": None,
                "cancel_effective": period.row.get("cancel_effective_at"),
                "cancel_requested": period.row.get("cancel_requested_at"),
            }[policies.churn_recognition]
            if cancelled_at is not None and not period.is_replaced:
                period.end = min(period.end, cancelled_at)
    return by_item


def _bridge(periods: Sequence[_Period]) -> list[_Period]:
    """A replaced subscription runs until its replacement starts, before or after its own end.

    Periods under another account than that of the replacement's start continue.
    """
    kept = list(periods)
    for new in sorted({p.item[0] for p in periods if p.row.get("replaces_subscription_id")}):
        of_new = sorted((p for p in periods if p.item[0] == new), key=lambda p: p.start)
        old = next(o for p in of_new if (o := p.row.get("replaces_subscription_id")))
        starts_at, account_id = of_new[0].start, of_new[0].row["account_id"]
        of_old = [p for p in kept if p.item[0] == old and p.row["account_id"] == account_id]
        last_end = max((p.agreed_end for p in of_old), default=FOREVER)
        for period in of_old if old != new else ():
            later = [p.start for p in kept if p.item == period.item and p.start > period.start]
            if period.agreed_end == last_end or period.agreed_end > starts_at:
                period.agreed_end = min([starts_at, *later])
            period.is_replaced = period.is_replaced or period.agreed_end == starts_at
        kept = [p for p in kept if p.agreed_end > p.start]
    return kept


# --------------------------------------------------------------------------------------------- what is active
def active_segments(landing: Landing, as_of: datetime, policies: Policies) -> dict[ItemKey, list[Segment]]:
    """Intervals in which items are active, by item, in order of time."""
    invoices = _dated_invoices(landing.invoices)
    periods = _periods(landing.periods)
    rows = [period.row for period in periods]
    served: dict[ItemKey, list[Segment]] = {}
    for item, of_item in _agreed_periods(periods, policies).items():
        pieces = [piece for period in _counted(of_item, policies) for piece in _valued(*period, policies)]
        served[item] = _active(pieces, policies)
    segments: dict[ItemKey, list[Segment]] = {}
    for item, stretches in after_refunds(served, rows, invoices, as_of, policies).items():
        paid = _paid(stretches, invoices, as_of) if policies.require_first_payment else stretches
        segments[item] = _with_runs(_active(paid, policies), timedelta(minutes=policies.grouping_window))
    return segments


def _dated_invoices(rows: Sequence[Record]) -> list[Record]:
    """Invoices with payment and refund dates.

    A paid invoice without a date was paid when issued. A refund without a date has that of its first version.
    """
    dated: list[Record] = []
    for row in latest(rows, ("invoice_id",)):
        changes: dict[str, datetime] = {}
        if row.get("paid_at") is None and row.get("status") == "paid":
            changes["paid_at"] = row["issued_at"]
        if row.get("amount_refunded") and row.get("refunded_at") is None:
            changes["refunded_at"] = min(
                version.get("updated_at") or version.get("_loaded_at", NEVER)
                for version in rows
                if version["invoice_id"] == row["invoice_id"]
                and version.get("amount_refunded")
                and version.get("refunded_at") is None
            )
        dated.append({**row, **changes})
    return dated


def _active(segments: Iterable[Segment], policies: Policies) -> list[Segment]:
    """The segments that have a duration, and a price if they need one."""
    return [
        segment
        for segment in segments
        if segment.end > segment.start
        and (segment.mrr > 0 or segment.is_paused or policies.zero_price_policy == "active_at_zero")
    ]


def _counted(periods: Sequence[_Period], policies: Policies) -> list[tuple[_Period, str]]:
    """The periods in a paying status, cut at the end of the grace period, with the cause of each end."""
    paying = {"active", "past_due"}
    if policies.trial_policy == "include":
        paying.add("trialing")
    if policies.pause_policy != "zero_as_churn":
        paying.add("paused")
    counted = []
    failed_at: datetime | None = None
    for index, period in enumerate(periods):
        before = periods[index - 1] if index else None
        follower = periods[index + 1] if index + 1 < len(periods) else None
        if period.status != "past_due":
            failed_at = None
        elif failed_at is None or before is None or before.agreed_end != period.start:
            failed_at = period.start
        kind = period.row.get("cancel_kind") or "unknown"
        if follower is not None and follower.start == period.end:
            if follower.status == "paused":
                kind = "pause"
            elif follower.status in ("unpaid", "past_due"):
                # A past-due follower matters without grace days: then the failed payment ended the period.
                kind = "involuntary"
        if failed_at is not None and policies.past_due_grace_days != "never":
            last = failed_at + timedelta(days=int(policies.past_due_grace_days))
            if last < period.end:
                period.end = last
                kind = "involuntary"
        if period.status in paying:
            counted.append((period, kind))
    return counted


def _valued(period: _Period, kind: str, policies: Policies) -> list[Segment]:
    """One segment, or two if a one-time discount ends with the first interval."""
    row = period.row
    quantity, count = number(row.get("quantity"), 1), row.get("interval_count") or 1
    months = policies.months_of(row["interval"]) * count
    discount_kind = row.get("discount_kind")
    counts = {
        "all": True,
        "forever_only": discount_kind == "forever",
        "recurring_only": discount_kind != "once",
        "none": False,
    }[policies.discount_policy]
    full = quantity * number(row["unit_amount"])
    discount = number(row.get("discount_amount")) if counts else Fraction(0)
    is_zeroed = period.status == "paused" and policies.pause_policy == "zero_as_contraction"
    segment = Segment(
        item=period.item,
        account_id=row["account_id"],
        start=period.start,
        end=period.end,
        currency=row["currency"].upper(),
        plan_id=row.get("plan_id"),
        quantity=quantity,
        unit=number(row["unit_amount"]) / months,
        # A paused item has no price, so a discount cannot lower it.
        list_mrr=Fraction(0) if is_zeroed else round_half_up(full / months),
        mrr=Fraction(0) if is_zeroed else round_half_up(max(full - discount, Fraction(0)) / months),
        status=period.status,
        is_paused=is_zeroed,
        end_kind=kind,
        cancel_kind=row.get("cancel_kind") or "unknown",
        end_reason=row.get("cancel_reason") or "unknown",
        cancel_requested_at=None if period.is_replaced else row.get("cancel_requested_at"),
        is_replaced=period.is_replaced,
        interval=(row["interval"], count),
    )
    ends_at = add_interval(period.start, row["interval"], count)
    if discount and discount_kind == "once" and ends_at < period.end and not is_zeroed:
        return [replace(segment, end=ends_at), replace(segment, start=ends_at, mrr=segment.list_mrr)]
    return [segment]


def _paid(segments: Iterable[Segment], invoices: Sequence[Record], as_of: datetime) -> list[Segment]:
    """The segments from the first payment on."""
    paid = []
    for segment in segments:
        payments = [
            invoice["paid_at"]
            for invoice in invoices
            if invoice.get("paid_at") is not None
            and invoice["paid_at"] <= as_of
            and invoice["amount"] > 0
            and is_for(invoice, segment)
        ]
        if payments:
            paid.append(replace(segment, start=max(segment.start, min(payments))))
    return paid


def _with_runs(segments: Iterable[Segment], window: timedelta) -> list[Segment]:
    """The segments with the start of their uninterrupted service; the grouping window closes small gaps."""
    runs: list[Segment] = []
    for segment in sorted(segments, key=lambda segment: segment.start):
        last = runs[-1] if runs else None
        goes_on = (
            last is not None and last.currency == segment.currency and segment.start - last.end <= window
        )
        runs.append(replace(segment, run_start=last.run_start if last and goes_on else segment.start))
    return runs
