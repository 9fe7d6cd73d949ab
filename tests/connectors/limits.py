"""What some systems cannot know. Each function returns the facts without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from tests.connectors.company import Company, State, Subscription, Terms


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
