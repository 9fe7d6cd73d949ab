"""The true monthly movements and renewals, computed from the generator's rows with whole numbers only.

This module shares no code with the SQL models, because tests compare the models with it. Amounts are in
ten-thousandths of a currency unit.

Rules: an item with a recurring price counts while it is active, or past due for at most 30 days. The
generator writes a past-due interval as one row. Value = (quantity × unit amount − discount) ÷ months of the
interval, at the rate of the month's end. `fx_impact` revalues the balance at the month's opening. The rest of
the change is one net movement per account and month. Internal accounts do not count.

A renewal is compared with the due amount over the length of the old term, at the rate of the due month's end
or the last known rate. A term is lost when the grace period after its due date has passed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, Calendar, IntArray
from simulator.contracts import GRACE_DAYS, Contracts
from simulator.fx import RATE_SCALE, Rates
from simulator.periods import Periods

GRACE_SECONDS = 30 * DAY_SECONDS
ACCOUNTS_AT_ONCE = 20_000
OUTCOMES = ("renewed", "upsold", "downsold", "lost", "open")
KINDS = ("voluntary", "involuntary", "dispute", "planned_end", "pause", "unknown")


@dataclass(frozen=True)
class Truth:
    """`movements`: one entry per account-month that is not zero; `monthly`: one per month."""

    movements: dict[str, IntArray]
    """account, month (index), opening_mrr, the five movements, fx_impact_mrr, closing_mrr."""
    monthly: dict[str, IntArray]
    """month (index), the same amounts in total, counts of customers, churn by kind."""


@dataclass(frozen=True)
class _Segments:
    """Intervals of paid service: [start, end), their monthly value, and the kind of their end.

    They are ordered by account.
    """

    account: IntArray
    currency: IntArray
    start: IntArray
    end: IntArray
    mrr: IntArray
    ending: IntArray


def make_truth(periods: Periods, is_internal: NDArray[np.bool_], rates: Rates, calendar: Calendar) -> Truth:
    """Derive the true movements of all accounts from `periods`, block by block.

    A block has an array of shape (accounts, months) for each amount, and these arrays would need several
    gigabytes for a million accounts.
    """
    segments = _paid_segments(periods, is_internal, calendar)
    month_rates = rates.at_month_ends(calendar)
    blocks = [
        _truth_of(_block(segments, first, first + ACCOUNTS_AT_ONCE), first, size, month_rates, calendar)
        for first in range(0, len(is_internal), ACCOUNTS_AT_ONCE)
        for size in [min(ACCOUNTS_AT_ONCE, len(is_internal) - first)]
    ]
    movements = {
        name: np.concatenate([block.movements[name] for block in blocks]) for name in blocks[0].movements
    }
    monthly = {name: np.sum([block.monthly[name] for block in blocks], axis=0) for name in blocks[0].monthly}
    return Truth(movements, {"month": np.arange(calendar.months), **monthly})


def _block(segments: _Segments, first: int, after: int) -> _Segments:
    """Return the segments of the accounts from `first` up to but excluding `after`, numbered from 0."""
    part = slice(*np.searchsorted(segments.account, (first, after)))
    held = {name: values[part] for name, values in vars(segments).items()}
    return _Segments(**{**held, "account": held["account"] - first})


def _truth_of(
    segments: _Segments, first_account: int, size: int, rates: IntArray, calendar: Calendar
) -> Truth:
    """Derive the true movements of `size` accounts. `monthly` has no months."""
    months = calendar.months
    closing, revalued = _values(segments, size, rates, calendar)
    opening = closing[:, :-1]
    closing = closing[:, 1:]
    fx_impact = revalued - opening
    net = closing - revalued

    first_second = np.full(size, calendar.boundaries[-1], dtype=np.int64)
    np.minimum.at(first_second, segments.account, segments.start)
    first_month = np.searchsorted(calendar.boundaries, first_second, side="right") - 1
    joins, leaves = (opening == 0) & (closing > 0), (opening > 0) & (closing == 0)
    is_new = joins & (first_month[:, None] == np.arange(months))
    stays = (opening > 0) & (closing > 0)
    amounts = {
        "opening_mrr": opening,
        "new_mrr": np.where(is_new, net, 0),
        "expansion_mrr": np.where(stays & (net > 0), net, 0),
        "contraction_mrr": np.where(stays & (net < 0), net, 0),
        "churn_mrr": np.where(leaves, net, 0),
        "reactivation_mrr": np.where(joins & ~is_new, net, 0),
        "fx_impact_mrr": fx_impact,
        "closing_mrr": closing,
    }
    account, month = np.nonzero((opening != 0) | (closing != 0) | (fx_impact != 0))
    movements = {"account": account + first_account, "month": month}
    movements |= {name: values[account, month] for name, values in amounts.items()}

    monthly = {name: values.sum(axis=0) for name, values in amounts.items()}
    monthly |= {
        "opening_customers": (opening > 0).sum(axis=0),
        "new_customers": is_new.sum(axis=0),
        "reactivated_customers": (joins & ~is_new).sum(axis=0),
        "churned_customers": leaves.sum(axis=0),
        "closing_customers": (closing > 0).sum(axis=0),
    }
    endings = _endings(segments, size, calendar)
    for kind in KINDS:
        of_kind = leaves & (endings == c.CHURN_KINDS.index(kind))
        monthly[f"{kind}_customers"] = of_kind.sum(axis=0)
        monthly[f"{kind}_mrr"] = np.where(of_kind, net, 0).sum(axis=0)
    return Truth(movements, monthly)


def make_true_renewals(
    contracts: Contracts, is_internal: NDArray[np.bool_], rates: Rates, calendar: Calendar
) -> dict[str, IntArray]:
    """Return the outcome of every term.

    The fields are account, number (of the account's term), due (day), outcome (code of OUTCOMES), due_amount
    and renewed_amount (-1 without a renewal).
    """
    number = np.arange(len(contracts.account)) - np.searchsorted(contracts.account, contracts.account)
    month = np.clip(calendar.month_of(contracts.ends), 0, calendar.months - 1)
    rate = rates.at_month_ends(calendar)[contracts.currency, month + 1]
    follows = contracts.follower
    scaled = _divide_half_up(contracts.amount[follows] * 100 * contracts.months, contracts.months[follows])
    due = _divide_half_up(contracts.amount * 100 * rate, RATE_SCALE)
    renewed = np.where(follows >= 0, _divide_half_up(scaled * rate, RATE_SCALE), -1)
    is_due = contracts.ends <= calendar.end_day
    is_lost = is_due & (follows < 0) & (contracts.ends + GRACE_DAYS < calendar.end_day)
    outcome = np.select(
        [is_lost, ~is_due | (follows < 0), renewed > due, renewed < due],
        [OUTCOMES.index(name) for name in ("lost", "open", "upsold", "downsold")],
        OUTCOMES.index("renewed"),
    )
    columns = {"account": contracts.account, "number": number, "due": contracts.ends, "outcome": outcome}
    columns |= {"due_amount": due, "renewed_amount": renewed}
    counts = ~is_internal[contracts.account]
    return {name: values[counts] for name, values in columns.items()}


def _paid_segments(periods: Periods, is_internal: NDArray[np.bool_], calendar: Calendar) -> _Segments:
    months = np.array([length for length, _ in c.INTERVAL_MONTHS])[periods["interval"]]
    parts = np.array([part for _, part in c.INTERVAL_MONTHS])[periods["interval"]]
    cents = periods["quantity"] * periods["unit_amount"] - periods["discount_amount"]
    mrr = _divide_half_up(cents * 100 * parts, months)
    counts = (
        np.isin(periods["status"], (c.ACTIVE, c.PAST_DUE))
        & (periods["price_kind"] == c.RECURRING)
        & (mrr > 0)
        & ~is_internal[periods["account"]]
    )
    beyond = int(calendar.boundaries[-1]) + 1
    end = np.where(periods["end"] < 0, beyond, periods["end"])
    # Past-due service leaves revenue after the grace period, even if the row is longer.
    grace_end = np.where(periods["status"] == c.PAST_DUE, periods["start"] + GRACE_SECONDS, beyond)
    ending = np.where(grace_end < end, c.INVOLUNTARY, periods["ending"])
    end = np.minimum(end, grace_end)
    return _Segments(
        account=periods["account"][counts],
        currency=periods["currency"][counts],
        start=periods["start"][counts],
        end=end[counts],
        mrr=mrr[counts],
        ending=ending[counts],
    )


def _values(segments: _Segments, size: int, rates: IntArray, calendar: Calendar) -> tuple[IntArray, IntArray]:
    """Return account values just before each boundary, and the same at the rates of the next month's end.

    Shapes (accounts, months + 1) and (accounts, months).
    """
    boundaries = calendar.boundaries
    first = np.searchsorted(boundaries, segments.start, side="right")
    after = np.searchsorted(boundaries, segments.end, side="right")
    lengths = after - first
    which = np.repeat(np.arange(len(lengths)), lengths)
    boundary = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths - first, lengths)
    account, currency, mrr = segments.account[which], segments.currency[which], segments.mrr[which]
    values = np.zeros((size, calendar.months + 1), dtype=np.int64)
    np.add.at(values, (account, boundary), _divide_half_up(mrr * rates[currency, boundary], RATE_SCALE))
    revalued = np.zeros((size, calendar.months), dtype=np.int64)
    inner = boundary < calendar.months
    account, currency, mrr, boundary = account[inner], currency[inner], mrr[inner], boundary[inner]
    np.add.at(revalued, (account, boundary), _divide_half_up(mrr * rates[currency, boundary + 1], RATE_SCALE))
    return values, revalued


def _endings(segments: _Segments, size: int, calendar: Calendar) -> IntArray:
    """Return the kind of the last end in each month; shape (accounts, months)."""
    month = np.searchsorted(calendar.boundaries, segments.end, side="right") - 1
    inside = month < calendar.months
    order = np.argsort(segments.end[inside], kind="stable")
    endings = np.zeros((size, calendar.months), dtype=np.int64)
    # With several assignments to one place, the last one remains: the latest end.
    endings[segments.account[inside][order], month[inside][order]] = segments.ending[inside][order]
    return endings


def _divide_half_up(numerator: IntArray, denominator: IntArray | int) -> IntArray:
    """Divide whole numbers and round halves up. Numerators must not be negative."""
    return (2 * numerator + denominator) // (2 * denominator)
