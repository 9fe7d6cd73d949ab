"""Random small companies that aim at the edges: swaps, holes, overlaps, month ends, late versions."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st

from tests.reference.models import Company

Row = dict[str, Any]

DAYS = (
    *(datetime(2023, 12, 31), datetime(2024, 1, 1), datetime(2024, 1, 5), datetime(2024, 1, 31)),
    *(datetime(2024, 2, 1), datetime(2024, 2, 28), datetime(2024, 2, 29), datetime(2024, 3, 1)),
    *(datetime(2024, 3, 31), datetime(2024, 4, 15), datetime(2024, 5, 1)),
)
MINUTES = tuple(timedelta(minutes=minutes) for minutes in (0, 0, 0, 1, 4, 600, 604, 1410, 1439))
OFFSETS = (
    *(timedelta(),) * 5,
    *(timedelta(minutes=minutes) for minutes in (-30, -4, 4, 59, 60, 61, 1440)),
    timedelta(days=10),
)
LENGTHS = (
    *(timedelta(minutes=4), timedelta(minutes=45), timedelta(hours=1), timedelta(hours=1, seconds=1)),
    *(timedelta(days=days) for days in (1, 15, 29, 30, 31, 45, 60, 91, 366)),
)
GAPS = (
    *(timedelta(),) * 6,
    *(timedelta(minutes=4), timedelta(minutes=60), timedelta(minutes=60, seconds=1), timedelta(hours=20)),
    *(timedelta(days=1), timedelta(days=7), timedelta(days=40)),
    *(-timedelta(minutes=10), -timedelta(days=2), -timedelta(days=20)),
)
CANCEL_KINDS = (None, None, "voluntary", "involuntary", "dispute", "planned_end", "pause", "internal")
AMOUNTS = tuple(
    Decimal(text) for text in ("100", "50", "199.95", "10", "1000", "0.5", "33.33333333", "10.00005")
)
QUANTITIES = (None, None, Decimal(1), Decimal(2), Decimal(3), Decimal("0.5"), Decimal("2.333333"))
RATES = tuple(Decimal(text) for text in ("1.1", "1", "1.0857", "0.912345678901", "1.33335"))
FIRST_RATES, RATE_MONTHS = (2023, 11), 26
END = datetime(2025, 2, 15)

add = datetime.__add__
instants = st.builds(add, st.sampled_from(DAYS), st.sampled_from(MINUTES))


@st.composite
def terms(draw: st.DrawFn, currency: str) -> Row:
    """Price, status and plan of a period."""
    amount = draw(st.sampled_from(AMOUNTS))
    quantity = draw(st.sampled_from(QUANTITIES))
    full = amount * (1 if quantity is None else quantity)
    return {
        "currency": draw(st.sampled_from((currency,) * 9 + ("USD", "EUR"))),
        "unit_amount": amount,
        "quantity": quantity,
        "interval": draw(st.sampled_from(("month", "month", "month", "year", "week", "day"))),
        "interval_count": draw(st.sampled_from((None, None, None, 1, 2, 3))),
        "discount_amount": draw(
            st.sampled_from((*(None,) * 6, Decimal("0.1"), Decimal("7.77"), full, full + 5))
        ),
        "price_kind": draw(st.sampled_from((None,) * 8 + ("recurring", "usage", "one_off"))),
        "status": draw(
            st.sampled_from(
                (None, *("active",) * 9, *("past_due",) * 3, "paused", "unpaid", "trialing", "incomplete")
            )
        ),
        "plan_id": draw(st.sampled_from((None, "p", "p", "q"))),
    }


@st.composite
def versions(draw: st.DrawFn, row: Row, spans: tuple[datetime, datetime]) -> list[Row]:
    """One period as it arrived: usually once, else again, changed, late or deleted."""
    first = {**row, "updated_at": draw(st.sampled_from((None, spans[0], spans[0])))}
    how = draw(
        st.sampled_from(("once",) * 6 + ("twice", "changed", "changed_unordered", "deleted", "deleted"))
    )
    later = {**first, "updated_at": spans[0] + timedelta(days=3)}
    if how == "twice":
        return [first, dict(first)]
    if how == "changed":
        return [first, {**later, "unit_amount": draw(st.sampled_from(AMOUNTS))}]
    if how == "changed_unordered":
        return [{**later, "unit_amount": draw(st.sampled_from(AMOUNTS))}, first]
    if how == "deleted":
        at = draw(st.sampled_from((spans[0] - timedelta(days=1), spans[0], spans[0] + timedelta(days=10))))
        return [first, {**first, "is_deleted": True, "updated_at": draw(st.sampled_from((at, spans[1])))}]
    return [first]


@st.composite
def items(draw: st.DrawFn, key: Row, moments: list[datetime], agreements: list[Row]) -> list[Row]:
    """All periods of one subscription item, in all their versions."""
    near = st.builds(add, st.sampled_from(moments), st.sampled_from(OFFSETS))
    start = draw(near)
    rows: list[Row] = []
    agreed = draw(st.sampled_from(agreements))
    starts: set[datetime] = set()
    for _ in range(draw(st.integers(1, 4))):
        # Versions of one period are drawn on purpose, not by a clash of two periods.
        while start in starts:
            start += timedelta(seconds=1)
        starts.add(start)
        end = draw(st.one_of(near, st.sampled_from(LENGTHS).map(partial(add, start))))
        if end <= start:
            end = start + timedelta(days=31)
        if draw(st.booleans()):
            agreed = draw(st.sampled_from(agreements))
        is_open = draw(st.sampled_from((False, False, False, True)))
        row = {
            **key,
            **agreed,
            "period_start": start,
            "period_end": None if is_open else end,
            "cancel_kind": draw(st.sampled_from(CANCEL_KINDS)),
        }
        rows += draw(versions(row, (start, end)))
        start = end + draw(st.sampled_from(GAPS))
    return rows


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """One to three accounts with their subscriptions, rates for every month, and an `as_of`.

    Items share a few moments and a few prices, so that swaps, ties and holes come about.
    """
    moments = draw(st.lists(instants, min_size=1, max_size=5))
    currency = draw(st.sampled_from(("USD", "USD", "EUR", "eur", "GBP")))
    agreements = draw(st.lists(terms(currency), min_size=2, max_size=4))
    # Most companies have somebody who pays, and somebody who does not always.
    agreements[0] |= {"status": None, "price_kind": None, "discount_amount": None}
    agreements[1] |= {"status": draw(st.sampled_from(("active", "active", "past_due", "past_due", "paused")))}
    periods: list[Row] = []
    accounts: list[Row] = []
    for account_id in ("a", "b", "c")[: draw(st.sampled_from((1, 1, 1, 2, 3)))]:
        known = draw(st.sampled_from((*("yes",) * 8, "no", "internal", "was_internal")))
        if known != "no":
            accounts.append({"account_id": account_id, "updated_at": DAYS[0]})
        if known in ("internal", "was_internal"):
            accounts.append({"account_id": account_id, "updated_at": DAYS[1], "is_internal": True})
        if known == "was_internal":
            accounts.append({"account_id": account_id, "updated_at": DAYS[2], "is_internal": False})
        for number in range(draw(st.sampled_from((1, 1, 2, 2, 3)))):
            key: Row = {"account_id": account_id, "subscription_id": f"{account_id}{number}"}
            periods += draw(items(key, moments, agreements))
            if draw(st.sampled_from((False, False, True))):
                periods += draw(items({**key, "item_id": "extra"}, moments, agreements))
    bounds = [row[name] for row in periods for name in ("period_start", "period_end") if row[name]]
    as_of = draw(st.one_of(st.just(END), st.just(END), st.sampled_from(bounds)))
    return Company(tuple(periods), tuple(accounts), draw(rates()), min(as_of, END))


@st.composite
def rates(draw: st.DrawFn) -> tuple[Row, ...]:
    """A rate of each currency on the 28th of every month, some of them corrected, and some between."""
    rows = []
    for currency in ("EUR", "GBP"):
        cycle = draw(st.lists(st.sampled_from(RATES), min_size=1, max_size=4))
        for number in range(RATE_MONTHS):
            year, month = divmod(FIRST_RATES[1] - 1 + number, 12)
            on = date(FIRST_RATES[0] + year, month + 1, 28)
            rows.append({"currency": currency, "rate_on": on, "rate": cycle[number % len(cycle)]})
        extra = draw(st.sampled_from((None, date(2024, 2, 29), date(2024, 1, 31), date(2024, 1, 28))))
        if extra is not None:
            rows.append(
                {"currency": currency.lower(), "rate_on": extra, "rate": draw(st.sampled_from(RATES))}
            )
    return tuple(rows)
