"""A company of twenty accounts, written once as facts.

Each account has the traps of one border case. The modules beside this one write the same facts as the objects
of a vendor's API. Whoever lands either of them must get the same marts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from tests.connectors.company import (
    Account,
    Answer,
    Company,
    Contact,
    Discount,
    State,
    Subscription,
    Terms,
    at,
)
from tests.connectors.ticket_facts import the_ratings, the_tickets
from tests.connectors.usage_facts import the_usage


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
        the_tickets(),
        the_ratings(),
        the_usage(),
    )
