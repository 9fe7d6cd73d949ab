"""A company of twenty accounts, written once as facts, and its plain exports.

Each account has the traps of one border case. The modules beside this one write the same facts as the objects
of a vendor's API. Whoever lands either of them must get the same marts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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

    def account_of(self, contact: int) -> int:
        return next(
            one.number for one in self.accounts for person in one.contacts if person.number == contact
        )

    def contact(self, number: int) -> Contact:
        return next(one for account in self.accounts for one in account.contacts if one.number == number)


def _one(
    number: int,
    amount: str,
    start: str,
    end: str | None = None,
    *,
    currency: str = "USD",
    plan: str = "core",
    interval: str = "month",
    states: Sequence[State] = (),
    terms: Sequence[Terms] = (),
    **more: Any,
) -> Subscription:
    """A subscription with one item at one price, unless `terms` say more."""
    until = at(end) if end else None
    name = more.pop("id", f"S{number}")
    plain = Terms(f"{name}-1", plan, Decimal(amount), at(start), until, interval=interval)
    customer = more.pop("customer", f"cus_{number}")
    return Subscription(
        name,
        number,
        customer,
        currency,
        tuple(terms) or (plain,),
        tuple(states) or (State("active", at(start), until),),
        **more,
    )


def _accounts() -> Iterator[Account]:
    names = (
        "Plain Yearly Yen Dinar Trial Unpaid Coupon Levels Withdrawn Sudden Late Paused Tiers Mixed Merged "
        "Moved Daughter Internal Future"
    )
    for number, name in enumerate(names.split(), start=1):
        domain = f"{name.lower()}.example"
        people = tuple(
            Contact(number * 10 + place, f"{first}@{domain}", decides=place == 0)
            for place, first in enumerate(("ann", "bob"))
        )
        yield Account(
            number,
            f"{name} Ltd",
            domain,
            segment=("smb", "mid_market", "enterprise")[number % 3],
            industry=("Software", "Retail")[number % 2],
            country=("DE", "US", "JP")[number % 3],
            channel=("referral", "search")[number % 2],
            parent=1 if number == 17 else None,
            is_internal=number == 18,
            contacts=people,
        )


def _subscriptions() -> Iterator[Subscription]:
    def seats(item: str, quantity: int, start: str, end: str | None = None) -> Terms:
        until = at(end) if end else None
        return Terms(item, "core", Decimal(10), at(start), until, Decimal(quantity))

    changed = "2024-03-20 12:00"
    yield _one(
        1,
        "10",
        "2024-01-15",
        terms=(
            seats("S1-1", 5, "2024-01-15", changed),
            seats("S1-1", 8, changed),
            Terms("S1-2", "insights", Decimal(20), at("2024-01-15")),
        ),
    )
    yield _one(
        2,
        "1200",
        "2024-02-01",
        currency="EUR",
        terms=(
            Terms("S2-1", "core", Decimal(1200), at("2024-02-01"), at("2025-02-01"), interval="year"),
            Terms("S2-1", "core", Decimal(1320), at("2025-02-01"), interval="year"),
        ),
    )
    off = Discount("forever", amount=Decimal(800))
    yield _one(
        3,
        "9800",
        "2024-03-01",
        currency="JPY",
        terms=(Terms("S3-1", "core", Decimal(9800), at("2024-03-01"), discount=off),),
    )
    small = Terms("S4-1", "core", Decimal("0.0125"), at("2024-03-05"), quantity=Decimal(1000))
    yield _one(4, "0", "2024-03-05", currency="KWD", terms=(small,))
    yield _one(
        5,
        "50",
        "2024-04-10",
        states=(
            State("trialing", at("2024-04-10"), at("2024-04-24")),
            State("active", at("2024-04-24")),
        ),
    )
    quarter = Discount("repeating", percent=Decimal(25))
    yield _one(
        7,
        "100",
        "2024-01-01",
        terms=(
            Terms("S7-1", "core", Decimal(100), at("2024-01-01"), at("2024-04-01"), discount=quarter),
            Terms("S7-1", "core", Decimal(100), at("2024-04-01")),
        ),
    )
    loyal = Discount("forever", percent=Decimal(10), level="customer")
    yield _one(
        8, "80", "2024-01-10", terms=(Terms("S8-1", "core", Decimal(80), at("2024-01-10"), discount=loyal),)
    )
    yield _one(9, "60", "2024-02-12")
    yield _one(
        10,
        "90",
        "2024-02-05",
        "2024-08-05",
        requested=at("2024-07-20 10:00"),
        effective=at("2024-07-20 10:00"),
        cancel_kind="voluntary",
        cancel_reason="too_expensive",
    )
    yield _one(
        11,
        "70",
        "2024-03-01",
        "2024-10-05",
        states=(
            State("active", at("2024-03-01"), at("2024-09-01")),
            State("past_due", at("2024-09-01"), at("2024-09-20")),
            State("unpaid", at("2024-09-20"), at("2024-10-05")),
        ),
        requested=at("2024-10-05"),
        cancel_kind="involuntary",
    )
    yield _one(
        12,
        "40",
        "2024-01-01",
        states=(
            State("active", at("2024-01-01"), at("2024-05-01")),
            State("paused", at("2024-05-01"), at("2024-07-01")),
            State("active", at("2024-07-01")),
        ),
    )
    yield _one(
        13,
        "8",
        "2024-01-01",
        terms=(Terms("S13-1", "core", Decimal(8), at("2024-01-01"), quantity=Decimal(50)),),
    )
    yield _one(
        14,
        "30",
        "2024-01-01",
        terms=(
            Terms("S14-1", "core", Decimal(30), at("2024-01-01")),
            Terms("S14-2", "insights", Decimal(600), at("2024-01-01"), interval="year"),
        ),
    )
    yield _one(15, "25", "2024-01-03", id="S15a", customer="cus_15a")
    yield _one(15, "35", "2024-06-03", id="S15b", customer="cus_15b")
    yield _one(
        16,
        "45",
        "2024-01-01",
        "2025-03-01",
        requested=at("2025-02-10"),
        cancel_kind="voluntary",
        cancel_reason="switched_service",
    )
    yield _one(17, "55", "2024-02-01")
    yield _one(18, "99", "2024-01-01")
    yield _one(19, "65", "2026-03-01")
    yield _one(20, "15", "2024-05-20")


def _answers() -> Iterator[Answer]:
    yield Answer("R1", 10, at("2024-03-01"), at("2024-03-02"), 9)
    yield Answer("R2", 10, at("2024-06-01"), at("2024-06-02"), 10)
    yield Answer("R3", 30, at("2024-06-01"), at("2024-06-03"), 4)
    yield Answer("R4", 50, at("2024-06-01"))
    yield Answer("R5", 110, at("2024-06-01"), delivered=False)
    yield Answer("R6", 151, at("2024-06-01"), at("2024-06-05"), 7)
    yield Answer("R7", 70, at("2024-07-01"), at("2024-07-01 12:00"), 8)


def the_company() -> Company:
    return Company(
        tuple(_accounts()),
        tuple(_subscriptions()),
        tuple(_answers()),
        {"core": "Core", "insights": "Insights"},
    )


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


# What some systems cannot know. Each function returns the facts without it.


def without_paid_time_left(company: Company) -> Company:
    def cut(one: Subscription) -> Subscription:
        def until(end: datetime | None) -> datetime | None:
            return one.effective if end == one.end else end

        if one.effective is None:
            return one
        return replace(
            one,
            terms=tuple(replace(terms, end=until(terms.end)) for terms in one.terms),
            states=tuple(replace(state, end=until(state.end)) for state in one.states),
            effective=None,
        )

    return replace(company, subscriptions=tuple(cut(one) for one in company.subscriptions))


def without_unpaid_states(company: Company) -> Company:
    def served(one: Subscription) -> Subscription:
        if not any(state.status in ("past_due", "unpaid") for state in one.states):
            return one
        return replace(one, states=(State("active", one.start, one.end),))

    return replace(company, subscriptions=tuple(served(one) for one in company.subscriptions))


def without_reasons(company: Company) -> Company:
    found = tuple(replace(one, cancel_reason=None) for one in company.subscriptions)
    return replace(company, subscriptions=found)


def without_involuntary_requests(company: Company) -> Company:
    found = tuple(
        replace(one, requested=None) if one.cancel_kind == "involuntary" else one
        for one in company.subscriptions
    )
    return replace(company, subscriptions=found)


def without_invitations(company: Company) -> Company:
    found = tuple(replace(one, sent=None) for one in company.answers if one.answered)
    return replace(company, answers=found)


def without_parents(company: Company) -> Company:
    return replace(company, accounts=tuple(replace(one, parent=None) for one in company.accounts))


def with_intervals_apart(company: Company) -> Company:
    """A subscription with items of several intervals becomes several."""

    def apart(one: Subscription) -> Iterator[Subscription]:
        intervals = dict.fromkeys(terms.interval for terms in one.terms)
        for place, interval in enumerate(intervals):
            terms = tuple(terms for terms in one.terms if terms.interval == interval)
            yield replace(one, id=f"{one.id}-{interval}" if place else one.id, terms=terms)

    found = tuple(part for one in company.subscriptions for part in apart(one))
    return replace(company, subscriptions=found)


def without_small_prices(company: Company) -> Company:
    """A price below a hundredth becomes the price of all units."""

    def whole(terms: Terms) -> Terms:
        if terms.amount == round(terms.amount, 2):
            return terms
        return replace(terms, amount=terms.amount * terms.quantity, quantity=Decimal(1))

    found = tuple(
        replace(one, terms=tuple(whole(terms) for terms in one.terms)) for one in company.subscriptions
    )
    return replace(company, subscriptions=found)
