"""The effect of refunds on the agreed service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from tests.reference.instants import add_interval, local_day
from tests.reference.policies import Policies
from tests.reference.records import ItemKey, Record, Segment, round_half_up

Service = Mapping[ItemKey, Sequence[Segment]]
YEAR = {"year": 1, "month": 12, "week": 52, "day": 365}
"""The smallest interval count per unit that is a year or longer."""


def after_refunds(
    service: Service,
    periods: Sequence[Record],
    invoices: Iterable[Record],
    as_of: datetime,
    policies: Policies,
) -> Service:
    """The service after refunds: unchanged, without cancelled years, or with lower MRR while refunded."""
    refunds = [
        row
        for row in invoices
        if row.get("amount_refunded")
        and row["amount"]
        and row.get("refunded_at")
        and row["refunded_at"] <= as_of
    ]
    if policies.refund_policy == "annual_early_churn_only":
        return _without_refunded_years(service, periods, refunds, policies)
    if policies.refund_policy == "reduce_in_service_period":
        return {item: _reduced(stretches, refunds) for item, stretches in service.items()}
    return service


def is_for(invoice: Record, segment: Segment) -> bool:
    """Whether the invoice bills the segment: by subscription, or by account if it names no subscription."""
    if invoice.get("subscription_id") is None:
        return bool(invoice["account_id"] == segment.account_id)
    return bool(invoice["subscription_id"] == segment.item[0])


def _reduced(stretches: Iterable[Segment], refunds: Iterable[Record]) -> list[Segment]:
    """The segments with lower MRR until the billed interval ends."""
    segments = list(stretches)
    for refund in refunds:
        share = 1 - min(Fraction(refund["amount_refunded"]) / Fraction(refund["amount"]), Fraction(1))
        for segment in [s for s in segments if _was_billed(refund, s)]:
            stops = min(add_interval(refund["issued_at"], *segment.interval), segment.end)
            starts = max(refund["refunded_at"], segment.start)
            if starts < stops:
                segments.remove(segment)
                segments += [
                    replace(segment, end=starts),
                    replace(segment, start=starts, end=stops, mrr=round_half_up(segment.mrr * share)),
                    replace(segment, start=stops),
                ]
        segments = sorted((s for s in segments if s.end > s.start), key=lambda s: s.start)
    return segments


def _without_refunded_years(
    service: Service, periods: Sequence[Record], refunds: Iterable[Record], policies: Policies
) -> Service:
    """A cancelled subscription ends with the refund of its year, and so do its later periods.

    A refund cannot end a year that is over. Of two refunds, the first ends the year.
    """
    ends: dict[Segment, datetime] = {}
    for refund in refunds:
        at = refund["refunded_at"]
        refunded = {
            segment.item[0]
            for stretches in service.values()
            for segment in stretches
            if _was_billed(refund, segment)
            and _is_yearly(segment)
            and add_interval(refund["issued_at"], *segment.interval) > at
        }
        for item, stretches in service.items():
            if item[0] in _with_replacements(refunded, periods):
                for segment in _left(stretches, at, policies):
                    ends[segment] = min(at, ends.get(segment, at))
    return {item: [_ended(segment, ends) for segment in stretches] for item, stretches in service.items()}


def _left(stretches: Iterable[Segment], at: datetime, policies: Policies) -> list[Segment]:
    """Yearly service of an item that was not yet delivered, up to the last interval cancelled by that day."""
    unserved = [s for s in stretches if _is_yearly(s) and s.end > at]
    day = local_day(at, policies.zone)
    cancelled = [
        s.start
        for s in unserved
        if s.cancel_requested_at is not None and local_day(s.cancel_requested_at, policies.zone) <= day
    ]
    return [s for s in unserved if cancelled and s.start <= max(cancelled)]


def _ended(segment: Segment, ends: Mapping[Segment, datetime]) -> Segment:
    if segment not in ends:
        return segment
    # The cause is the cancellation, not the event that would have ended the segment.
    return replace(segment, end=ends[segment], end_kind=segment.cancel_kind)


def _with_replacements(refunded: set[str], periods: Sequence[Record]) -> set[str]:
    """The subscriptions with those that replace them in one of their own accounts."""
    reached = set(refunded)
    while True:
        accounts = {
            (p["subscription_id"], p["account_id"]) for p in periods if p["subscription_id"] in reached
        }
        further = {
            p["subscription_id"]
            for p in periods
            if (p.get("replaces_subscription_id"), p["account_id"]) in accounts
        }
        if further <= reached:
            return reached
        reached |= further


def _was_billed(refund: Record, segment: Segment) -> bool:
    return is_for(refund, segment) and segment.runs_at(refund["issued_at"])


def _is_yearly(segment: Segment) -> bool:
    unit, count = segment.interval
    return count >= YEAR[unit]
