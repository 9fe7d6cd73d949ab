"""The changes in the items of an account, with their instants and parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from tests.reference.instants import FOREVER
from tests.reference.records import ItemKey, Segment, round_half_up

Balance = tuple[ItemKey, str, datetime]
"""Item, currency and start of its uninterrupted service: the unit that is valued and rounded on its own."""
PARTS = ("volume", "price", "discount", "pause")


@dataclass(frozen=True)
class Change:
    """A change of terms of one item of one account; amounts are in the item's currency."""

    account_id: str
    at: datetime
    before: Segment | None
    after: Segment | None
    is_merge: bool = False
    end_kind: str | None = None
    """The cause that ended the item; if it starts anew, the cause of its previous end."""

    @property
    def balance(self) -> Balance:
        segment = self.after or self.before
        assert segment is not None
        return segment.item, segment.currency, segment.run_start

    @property
    def mrr_change(self) -> Fraction:
        return (self.after.mrr if self.after else 0) - (self.before.mrr if self.before else Fraction(0))

    @property
    def activity(self) -> int:
        """The change in the number of active items."""
        return (self.after is not None) - (self.before is not None)

    @property
    def is_pause(self) -> bool:
        """Whether the item pauses or resumes."""
        if self.before is not None and self.after is not None:
            return self.before.is_paused != self.after.is_paused
        return self.end_kind == "pause"

    @property
    def parts(self) -> dict[str, Fraction]:
        """The effects of units at the former price, of the price on all units, of discounts; or a pause."""
        parts = dict.fromkeys(PARTS, Fraction(0))
        if self.is_merge:
            return parts
        if self.is_pause:
            return parts | {"pause": self.mrr_change}
        listed = [segment.list_mrr if segment else Fraction(0) for segment in (self.before, self.after)]
        parts["volume"] = listed[1] - listed[0]
        if self.before is not None and self.after is not None:
            at_former_price = round_half_up(self.after.quantity * self.before.unit)
            unchanged = self.after.quantity == self.before.quantity
            parts["volume"] = Fraction(0) if unchanged else at_former_price - listed[0]
        parts["price"] = listed[1] - listed[0] - parts["volume"]
        parts["discount"] = self.mrr_change - (listed[1] - listed[0])
        return parts


def item_changes(
    segments: Mapping[ItemKey, Sequence[Segment]], accounts: set[str], as_of: datetime
) -> dict[str, list[Change]]:
    """Changes of `accounts` up to `as_of`, by account and in order of time."""
    changes = [change for stretches in segments.values() for change in _changes_of(stretches, accounts)]
    # At one instant, ends come first: an item may end in one currency and begin in another.
    changes.sort(
        key=lambda change: (change.at, not change.is_merge, change.after is not None, change.balance)
    )
    by_account: dict[str, list[Change]] = {}
    for change in changes:
        if change.at <= as_of and change.account_id in accounts:
            by_account.setdefault(change.account_id, []).append(change)
    return by_account


def _changes_of(stretches: Sequence[Segment], accounts: set[str]) -> Iterator[Change]:
    """Changes of one item. A gap or another currency or account restarts it. A renewal does not."""
    before: Segment | None = None
    for now in stretches:
        if before is None:
            yield Change(now.account_id, now.start, None, now)
        elif before.end != now.start:
            yield from _restart(before, now)
        elif before.account_id == now.account_id:
            yield from _change(before, now)
        elif (
            before.mrr and before.currency == now.currency and {before.account_id, now.account_id} <= accounts
        ):
            yield Change(before.account_id, now.start, before, None, is_merge=True)
            yield Change(now.account_id, now.start, None, before, is_merge=True)
            yield from _change(before, now)
        else:
            yield from _restart(before, now)
        before = now
    if before is not None and before.end < FOREVER:
        yield Change(before.account_id, before.end, before, None, end_kind=before.end_kind)


def _change(before: Segment, now: Segment) -> Iterator[Change]:
    """A change of terms under one account. After a merge, that is the account that took the item over."""
    if before.currency != now.currency:
        yield Change(now.account_id, now.start, before, None, end_kind=before.end_kind)
        yield Change(now.account_id, now.start, None, now, end_kind=before.end_kind)
    elif before.terms != now.terms:
        yield Change(now.account_id, now.start, before, now)


def _restart(before: Segment, now: Segment) -> Iterator[Change]:
    yield Change(before.account_id, before.end, before, None, end_kind=before.end_kind)
    yield Change(now.account_id, now.start, None, now, end_kind=before.end_kind)
