"""Random small companies for edge cases: swaps, gaps, overlaps, month ends, late versions.

A company has a few families: one or two accounts whose items share instants and prices. A family has at most
a few of the rare features, so that the features meet in pairs and do not hide each other.
"""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from hypothesis import strategies as st

from tests.reference.models import Company
from tests.reference.policies import Policies
from tests.reference.records import Landing

Row = dict[str, Any]

DAYS = (
    *(datetime(2023, 12, 31), datetime(2024, 1, 1), datetime(2024, 1, 5), datetime(2024, 1, 31)),
    *(datetime(2024, 2, 1), datetime(2024, 2, 28), datetime(2024, 2, 29), datetime(2024, 3, 1)),
    *(datetime(2024, 3, 10), datetime(2024, 3, 31), datetime(2024, 4, 15), datetime(2024, 5, 1)),
)
MINUTES = tuple(
    timedelta(minutes=minutes) for minutes in (0, 0, 0, 1, 4, 420, 480, 600, 604, 660, 1110, 1410, 1439)
)
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
FEATURES = (
    *("discounts", "pauses", "past_due", "trials", "usage", "cancellations", "zero_prices", "currencies"),
    *("refunds", "payments", "contracts", "replacement", "moves", "versions"),
)
CANCEL_KINDS = (None, None, "voluntary", "involuntary", "dispute", "planned_end", "pause", "internal")
AMOUNTS = tuple(
    Decimal(text) for text in ("100", "50", "199.95", "10", "1000", "0.5", "33.33333333", "10.00005")
)
QUANTITIES = (None, None, Decimal(1), Decimal(2), Decimal(3), Decimal("0.5"), Decimal("2.333333"))
RATES = tuple(Decimal(text) for text in ("1.1", "1", "1.0857", "0.912345678901", "1.33335"))
NAMES = "abcdefghijkl"
FIRST_RATES, RATE_MONTHS = (2023, 11), 26
END = datetime(2025, 2, 15)

add = datetime.__add__
instants = st.builds(add, st.sampled_from(DAYS), st.sampled_from(MINUTES))
Features = frozenset[str]


@st.composite
def terms(draw: st.DrawFn, currency: str, has: Features) -> Row:
    """Price, discount, status and plan of a period."""
    amount = draw(st.sampled_from((Decimal(0), *AMOUNTS[:3]) if "zero_prices" in has else AMOUNTS))
    quantity = draw(st.sampled_from(QUANTITIES))
    full = amount * (1 if quantity is None else quantity)
    discount, discount_kind = None, None
    if "discounts" in has:
        discount = draw(st.sampled_from((None, Decimal("0.1"), Decimal("7.77"), full / 2, full, full + 5)))
        discount_kind = draw(st.sampled_from((None, "forever", "repeating", "once", "once")))
    statuses = [None, *("active",) * 6, "unpaid", "incomplete"]
    for feature, status in (("pauses", "paused"), ("past_due", "past_due"), ("trials", "trialing")):
        statuses += [status] * 5 if feature in has else []
    return {
        "currency": draw(st.sampled_from((currency, currency, "USD", "EUR", "GBP")))
        if "currencies" in has
        else currency,
        "unit_amount": amount,
        "quantity": quantity,
        "interval": draw(st.sampled_from(("month", "month", "month", "year", "week", "day"))),
        "interval_count": draw(st.sampled_from((None, None, None, 1, 2, 3, 12))),
        "discount_amount": discount,
        "discount_kind": discount_kind,
        "price_kind": draw(st.sampled_from((None,) * 10 + ("recurring", "one_off"))),
        "status": draw(st.sampled_from(statuses)),
        "plan_id": draw(st.sampled_from((None, "p", "p", "q"))),
    }


@st.composite
def versions(draw: st.DrawFn, row: Row, spans: tuple[datetime, datetime], has: Features) -> list[Row]:
    """The deliveries of one period: usually one, else repeated, changed, late or deleted."""
    if "versions" not in has:
        return [row]
    first = {**row, "updated_at": draw(st.sampled_from((None, spans[0], spans[0])))}
    how = draw(
        st.sampled_from(("once", "once", "twice", "changed", "changed_unordered", "deleted", "deleted"))
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
        gone = {**first, "is_deleted": True, "updated_at": draw(st.sampled_from((at, spans[1], None)))}
        # A tombstone without a date has the date of its delivery.
        first["_loaded_at"], gone["_loaded_at"] = spans[0] - timedelta(days=1), at + timedelta(days=1)
        return draw(st.sampled_from(([first, gone], [first, gone], [gone], [first, gone, gone])))
    return [first]


@st.composite
def cancellations(draw: st.DrawFn, start: datetime, end: datetime, has: Features) -> Row:
    """The kind and reason of an ending, the time of the request, and the end in billing."""
    row: Row = {"cancel_kind": draw(st.sampled_from(CANCEL_KINDS))}
    row["cancel_reason"] = draw(st.sampled_from((None, None, "too_expensive", "unused")))
    if "cancellations" in has:
        middle = start + (end - start) / 2
        moments = (
            None,
            start - timedelta(days=5),
            start,
            middle.replace(microsecond=0),
            end,
            end + timedelta(days=5),
        )
        row["cancel_requested_at"] = draw(st.sampled_from(moments))
        row["cancel_effective_at"] = draw(st.sampled_from(moments))
    return row


@st.composite
def items(
    draw: st.DrawFn,
    key: Row,
    accounts: list[str],
    moments: list[datetime],
    agreements: list[Row],
    has: Features,
) -> list[Row]:
    """All periods of one subscription item, in all their versions."""
    near = st.builds(add, st.sampled_from(moments), st.sampled_from(OFFSETS))
    start = draw(near)
    rows: list[Row] = []
    agreed = draw(st.sampled_from(agreements))
    account_id = key["account_id"]
    starts: set[datetime] = set()
    for _ in range(draw(st.integers(1, 4))):
        # Only `versions` makes versions of a period, so two periods must not start together.
        while start in starts:
            start += timedelta(seconds=1)
        starts.add(start)
        end = draw(st.one_of(near, st.sampled_from(LENGTHS).map(partial(add, start))))
        if end <= start:
            end = start + timedelta(days=31)
        if draw(st.booleans()):
            agreed = draw(st.sampled_from(agreements))
        if "moves" in has:
            account_id = draw(st.sampled_from(accounts))
        is_open = draw(st.sampled_from((False, False, False, True)))
        row = {
            **agreed,
            **key,
            "account_id": account_id,
            "period_start": start,
            "period_end": None if is_open else end,
            **draw(cancellations(start, end, has)),
        }
        rows += draw(versions(row, (start, end), has))
        start = end + (timedelta() if "moves" in has else draw(st.sampled_from(GAPS)))
    return rows


@st.composite
def charges(
    draw: st.DrawFn,
    key: Row,
    accounts: list[str],
    moments: list[datetime],
    agreements: list[Row],
    has: Features,
) -> list[Row]:
    """Usage charges of the fee's item or of another one, partly parallel, sometimes with a one-off charge."""
    metered = {**key, "price_kind": "usage"}
    if draw(st.booleans()):
        metered["item_id"] = "usage"
    rows: list[Row] = []
    for _ in range(draw(st.sampled_from((1, 1, 2, 3)))):
        known = {row["period_start"] for row in rows}
        found = draw(items(metered, accounts, moments, agreements, has))
        rows += [row for row in found if row["period_start"] not in known]
    once = draw(st.sampled_from((None, None, *rows)))
    if once is not None:
        rows.insert(draw(st.sampled_from((0, len(rows)))), {**once, "price_kind": "one_off"})
    return rows


@st.composite
def invoices(draw: st.DrawFn, periods: list[Row], accounts: list[str], has: Features) -> list[Row]:
    """Invoices of subscriptions or whole accounts, some late or unpaid, with at most one refund."""
    if not has & {"refunds", "payments"}:
        return []
    found = []
    for number, period in enumerate(draw(st.lists(st.sampled_from(periods), min_size=1, max_size=3))):
        issued_at = period["period_start"] + draw(st.sampled_from(OFFSETS[-2:] + OFFSETS[:2]))
        paid_at = draw(st.sampled_from((None, timedelta(), timedelta(days=3), timedelta(days=20))))
        row = {
            "invoice_id": f"{accounts[0]}-{number}",
            "account_id": period["account_id"],
            "subscription_id": draw(
                st.sampled_from((None, period["subscription_id"], period["subscription_id"]))
            ),
            "issued_at": issued_at,
            "paid_at": None if paid_at is None else issued_at + paid_at,
            "status": draw(st.sampled_from((None, None, "paid"))),
            "currency": period["currency"],
            "amount": draw(st.sampled_from((Decimal(100), Decimal(100), Decimal(30), Decimal(0)))),
        }
        if number == 0 and "refunds" in has:
            row["amount_refunded"] = draw(
                st.sampled_from((Decimal(50), Decimal("33.33"), Decimal(100), Decimal(500)))
            )
            refunded_at = issued_at + draw(st.sampled_from((timedelta(), *LENGTHS[4:9])))
            row[draw(st.sampled_from(("refunded_at", "refunded_at", "updated_at")))] = refunded_at
        found.append(row)
    return found


@st.composite
def families(draw: st.DrawFn, name: str, currency: str, rows: dict[str, list[Row]]) -> None:
    """One or two accounts with their subscriptions; adds to the rows of a company."""
    has = draw(st.frozensets(st.sampled_from(FEATURES), max_size=3))
    moments = draw(st.lists(instants, min_size=1, max_size=4))
    agreements = draw(st.lists(terms(currency, has), min_size=2, max_size=4))
    # Most families have a paying account.
    agreements[0] |= {"status": None, "price_kind": None, "discount_amount": None}
    accounts = [f"{name}1", f"{name}2"] if "moves" in has else [f"{name}1"]
    for account_id in accounts:
        known = (
            "yes"
            if "moves" in has
            else draw(st.sampled_from((*("yes",) * 8, "no", "internal", "was_internal")))
        )
        if known != "no":
            rows["accounts"].append({"account_id": account_id, "updated_at": DAYS[0]})
        if known in ("internal", "was_internal"):
            rows["accounts"].append({"account_id": account_id, "updated_at": DAYS[1], "is_internal": True})
        if known == "was_internal":
            rows["accounts"].append({"account_id": account_id, "updated_at": DAYS[2], "is_internal": False})
    periods: list[Row] = []
    for number in range(draw(st.integers(1, 3))):
        key: Row = {"account_id": draw(st.sampled_from(accounts)), "subscription_id": f"{name}-s{number}"}
        if number and "replacement" in has:
            key["replaces_subscription_id"] = f"{name}-s{number - 1}"
        periods += draw(items(key, accounts, moments, agreements, has))
        if draw(st.sampled_from((False, False, True))):
            periods += draw(items({**key, "item_id": "extra"}, accounts, moments, agreements, has))
        if "usage" in has:
            periods += draw(charges(key, accounts, moments, agreements, has))
    if "contracts" in has:
        starts_on = draw(st.sampled_from(moments)).date() - timedelta(days=draw(st.sampled_from((0, 1, 90))))
        ends_on = starts_on + timedelta(days=draw(st.sampled_from((1, 31, 365))))
        term = {"contract_id": name, "account_id": accounts[0], "starts_on": starts_on, "ends_on": ends_on}
        rows["contracts"].append(term)
    rows["periods"] += periods
    rows["invoices"] += draw(invoices(periods, accounts, has))


@st.composite
def companies(draw: st.DrawFn, policies: Policies) -> Company:
    """A few families, rates for every month, and an `as_of`."""
    rows: dict[str, list[Row]] = {name: [] for name in ("periods", "accounts", "invoices", "contracts")}
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        currency = draw(st.sampled_from(("USD", "USD", "EUR", "eur", "GBP")))
        draw(families(name, currency, rows))
    bounds = [row[name] for row in rows["periods"] for name in ("period_start", "period_end") if row[name]]
    as_of = draw(st.one_of(st.just(END), st.just(END), st.sampled_from(bounds)))
    found = {name: tuple(of_name) for name, of_name in rows.items()}
    return Company(
        Landing(rates=draw(rates(policies.reporting_currency)), **found),
        max(min(as_of, END), policies.loaded_at or as_of),
    )


@st.composite
def rates(draw: st.DrawFn, reporting_currency: str) -> tuple[Row, ...]:
    """A rate of each currency on the 28th of every month, with some corrections and some additional days."""
    rows = []
    for currency in sorted({"USD", "EUR", "GBP"} - {reporting_currency}):
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
