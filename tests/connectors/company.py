"""What the facts of a company are, and what follows from them: periods, bills, and states at an instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.connectors.tickets import Rating, Ticket
from tests.connectors.usage_facts import UsageEvent

AS_OF = "2026-01-01"
Row = dict[str, Any]


def at(text: str) -> datetime:
    """Return an instant in UTC from a day, or from a day and a time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CREATED = at("2023-12-01 09:00")


@dataclass(frozen=True)
class Contact:
    """A person at an account."""

    number: int
    email: str
    role: str = "Head of IT"
    decides: bool = False


@dataclass(frozen=True)
class Account:
    """A company in the CRM."""

    number: int
    name: str
    domain: str
    segment: str = "smb"
    industry: str = "Software"
    country: str = "DE"
    channel: str = "referral"
    owner: str = "Kim Lee"
    created: datetime = CREATED
    parent: int | None = None
    is_internal: bool = False
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class Discount:
    """A discount on an item while it lasts: `percent` of its amount, or an `amount` per interval."""

    kind: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    level: str = "item"
    """item, subscription or customer."""


@dataclass(frozen=True)
class Terms:
    """Terms of an item from `start` to `end`."""

    item: str
    plan: str
    amount: Decimal
    start: datetime
    end: datetime | None = None
    quantity: Decimal = Decimal(1)
    interval: str = "month"
    count: int = 1
    kind: str = "recurring"
    discount: Discount | None = None


@dataclass(frozen=True)
class State:
    """State of a subscription from `start` to `end`."""

    status: str
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class Subscription:
    """A subscription with the history of its items and states."""

    id: str
    account: int
    customer: str
    currency: str
    terms: tuple[Terms, ...]
    states: tuple[State, ...]
    requested: datetime | None = None
    """Time of the request to cancel that led to the end."""
    effective: datetime | None = None
    """Time at which billing ended it, if paid service ran on."""
    cancel_kind: str | None = None
    cancel_reason: str | None = None
    replaces: str | None = None

    @property
    def start(self) -> datetime:
        return min(one.start for one in self.states)

    @property
    def end(self) -> datetime | None:
        ends = [one.end for one in self.states]
        return None if None in ends else max(one for one in ends if one)


@dataclass(frozen=True)
class Answer:
    """An invitation, with the answer if there is one."""

    id: str
    contact: int | None
    sent: datetime | None
    answered: datetime | None = None
    score: int | None = None
    survey: str = "nps"
    delivered: bool = True


@dataclass(frozen=True)
class Company:
    """All facts."""

    accounts: tuple[Account, ...]
    subscriptions: tuple[Subscription, ...]
    answers: tuple[Answer, ...]
    plans: dict[str, str] = field(default_factory=dict)
    """By plan: its name."""
    tickets: tuple[Ticket, ...] = ()
    ratings: tuple[Rating, ...] = ()
    usage: tuple[UsageEvent, ...] = ()

    def account_of(self, contact: int) -> int:
        return next(
            one.number for one in self.accounts for person in one.contacts if person.number == contact
        )

    def ticket(self, number: int) -> Ticket:
        return next(one for one in self.tickets if one.number == number)

    def contact(self, number: int) -> Contact:
        return next(one for account in self.accounts for one in account.contacts if one.number == number)


def periods(company: Company) -> Iterator[tuple[Subscription, Terms, Row]]:
    """Yield one row per item and stretch of equal terms and state, with the columns of a plain export.

    It has no ids, because each system calls things in its own way.
    """
    for subscription in company.subscriptions:
        for terms in subscription.terms:
            for state in subscription.states:
                start = max(terms.start, state.start)
                ends = [end for end in (terms.end, state.end) if end]
                end = min(ends) if ends else None
                if end is None or start < end:
                    is_last = end is not None and end == subscription.end
                    row = {
                        "currency": subscription.currency,
                        "quantity": terms.quantity,
                        "unit_amount": terms.amount,
                        "interval": terms.interval,
                        "interval_count": terms.count,
                        "discount_amount": _discount(terms),
                        "discount_kind": terms.discount.kind if terms.discount else None,
                        "price_kind": terms.kind,
                        "status": state.status,
                        "period_start": start,
                        "period_end": end,
                        "cancel_requested_at": subscription.requested if is_last else None,
                        "cancel_effective_at": (subscription.effective or end) if is_last else None,
                        "cancel_kind": subscription.cancel_kind if is_last else None,
                        "cancel_reason": subscription.cancel_reason if is_last else None,
                        "replaces_subscription_id": subscription.replaces,
                    }
                    yield subscription, terms, row


def _discount(terms: Terms) -> Decimal | None:
    if terms.discount is None:
        return None
    if terms.discount.percent is None:
        return terms.discount.amount
    return terms.amount * terms.quantity * terms.discount.percent / 100


def bills(subscription: Subscription) -> Iterator[tuple[Terms, datetime, datetime]]:
    """Yield the intervals for which an item is billed in advance: its terms, the start and the end.

    Nothing is billed in a trial, in a pause or after AS_OF. A change of terms within an interval is prorated
    elsewhere.
    """
    items = dict.fromkeys(terms.item for terms in subscription.terms)
    for item in items:
        mine = [terms for terms in subscription.terms if terms.item == item]
        for begun, over in _paid(subscription):
            start = max(begun, min(terms.start for terms in mine))
            while start < min(over or at(AS_OF), at(AS_OF)):
                terms = next(t for t in mine if t.start <= start and (t.end is None or start < t.end))
                end = _later(start, terms)
                yield terms, start, end
                start = end


def _paid(subscription: Subscription) -> list[tuple[datetime, datetime | None]]:
    """Stretches that are billed. A payment that fails moves no interval."""
    found: list[tuple[datetime, datetime | None]] = []
    for state in subscription.states:
        if state.status not in ("active", "past_due", "unpaid"):
            continue
        if found and found[-1][1] == state.start:
            found[-1] = (found[-1][0], state.end)
        else:
            found.append((state.start, state.end))
    return found


def _later(start: datetime, terms: Terms) -> datetime:
    if terms.interval == "year":
        return start.replace(year=start.year + terms.count)
    month = start.month - 1 + terms.count
    day = start.replace(day=1, year=start.year + month // 12, month=month % 12 + 1)
    return day + timedelta(days=start.day - 1)


@dataclass(frozen=True)
class View:
    """A subscription at an instant."""

    state: State
    running: tuple[Terms, ...]
    """The items stay on an ended subscription."""
    is_over: bool
    requested: datetime | None
    term: tuple[datetime, datetime]
    """The billed interval or the trial."""


def view(subscription: Subscription, moment: datetime) -> View:
    ended = subscription.end is not None and subscription.end <= moment
    stopped = ended or (subscription.effective is not None and subscription.effective <= moment)
    last = min(moment, subscription.end) if subscription.end else moment
    state = next(
        (one for one in subscription.states if one.start <= last and (one.end is None or last < one.end)),
        subscription.states[-1],
    )
    running = tuple(
        terms
        for terms in subscription.terms
        if terms.start <= last and (terms.end is None or last < terms.end or (ended and terms.end == last))
    )
    asked = subscription.requested is not None and subscription.requested <= moment
    return View(
        state, running, stopped, subscription.requested if asked else None, _term(subscription, running, last)
    )


def _term(
    subscription: Subscription, running: tuple[Terms, ...], moment: datetime
) -> tuple[datetime, datetime]:
    billed = [
        (start, end)
        for terms, start, end in bills(subscription)
        if terms in running and start <= moment < end
    ]
    trials = [
        (one.start, one.end)
        for one in subscription.states
        if one.end and one.status == "trialing" and one.start <= moment < one.end
    ]
    return max(billed or trials or [(subscription.start, moment)])


def moments(subscription: Subscription) -> list[datetime]:
    """Return the instants up to AS_OF at which a subscription changes, until billing ends it."""
    given = [moment for one in subscription.terms for moment in (one.start, one.end)]
    given += [moment for one in subscription.states for moment in (one.start, one.end)]
    over = subscription.effective or subscription.end
    found = {one for one in (*given, subscription.requested, subscription.effective) if one}
    return sorted(one for one in found if one <= at(AS_OF) and (over is None or one <= over))


def changes(subscription: Subscription) -> Iterator[tuple[Terms, Terms, datetime]]:
    """Yield the changes of terms within a billed interval: before, after, and the end of the interval."""
    billed = list(bills(subscription))
    starts = {start for _, start, _ in billed}
    for before in subscription.terms:
        for after in subscription.terms:
            if before.item == after.item and before.end == after.start and after.start not in starts:
                end = next(e for terms, begun, e in billed if terms == before and begun <= after.start < e)
                yield before, after, end


def epoch(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment else None


def utc(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
