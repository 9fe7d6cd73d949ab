"""Invoices: one per subscription item and billing interval, with payments and refunds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, Calendar, IntArray, add_months
from simulator.company import Accounts
from simulator.periods import SET_UP, Periods
from simulator.runs import Runs, repeat

INVOICE_STATUSES = ("draft", "open", "paid", "uncollectible", "void")
DRAFT, OPEN, PAID, UNCOLLECTIBLE, VOID = range(len(INVOICE_STATUSES))

Invoices = dict[str, IntArray]
"""One array per field: account, number, currency, issued, due, paid, amount, refund, refunded, status,
updated.

Money is in minor units, times are in seconds, and -1 means no value.
"""

MONTH_STEPS = (1, 3, 0, 0)
DAY_STEPS = (0, 0, 365, 7)
SHORTEST = (28, 89, 365, 7)
"""Minimum number of days of an interval, by its code."""
TERM_DAYS = (0, 14, 30)
"""Days until payment by segment. Small customers pay by card immediately."""
RETRY_DAYS = 31
"""A failed payment concerns the last invoice if it is at most this old, otherwise one for an addition."""
YEAR = 365 * DAY_SECONDS

FULL_REFUNDS = 0.004
PARTIAL_REFUNDS = 0.006
REFUNDED_NOTICES = 0.35
"""Share of cancelled years with a refund for the time after the notice."""
VOIDED_COPIES = 0.003


def make_invoices(
    accounts: Accounts, periods: Periods, runs: Runs, calendar: Calendar, rng: np.random.Generator
) -> Invoices:
    """Create the invoices of every run of `runs`, in order of issue."""
    end_second = calendar.end_day * DAY_SECONDS
    bills = _issue(periods, runs)
    bills = _add_failing(bills, periods, runs, end_second)
    _pay(bills, accounts, end_second, rng)
    _refund(bills, periods, runs, end_second, rng)
    bills = _with_voided_copies(bills, end_second, rng)
    bills["updated"] = np.maximum.reduce(
        [bills[name] for name in ("issued", "paid", "refunded", "given_up")], initial=-1
    )
    order = np.lexsort((bills["status"], bills["slot"], bills["number"], bills["account"], bills["issued"]))
    return {name: values[order] for name, values in bills.items()}


def _issue(periods: Periods, runs: Runs) -> Invoices:
    interval = periods["interval"][runs.first]
    slot = periods["slot"][runs.first]
    most = (runs.end - runs.start) // (np.array(SHORTEST)[interval] * DAY_SECONDS) + 1
    run, number = repeat(np.where(slot == SET_UP, 1, most))
    start, code = runs.start[run], interval[run]
    start_day = start // DAY_SECONDS
    by_month = add_months(start_day, number * np.array(MONTH_STEPS)[code])
    day = np.where(np.array(MONTH_STEPS)[code] > 0, by_month, start_day + number * np.array(DAY_STEPS)[code])
    issued = day * DAY_SECONDS + start % DAY_SECONDS
    inside = issued < runs.end[run]
    run, issued = run[inside], issued[inside]
    row = runs.row_at(run, issued)
    amount = periods["quantity"][row] * periods["unit_amount"][row] - periods["discount_amount"][row]
    return _bills(periods, run, row, issued, amount)


def _bills(periods: Periods, run: IntArray, row: IntArray, issued: IntArray, amount: IntArray) -> Invoices:
    """Return invoices above zero, without due dates and payments. `course` is the past-due row or -1."""
    billed = amount > 0
    run, row, issued, amount = run[billed], row[billed], issued[billed], amount[billed]
    none = np.full(len(run), -1, dtype=np.int64)
    names = ("account", "number", "slot", "currency")
    status = np.where(periods["status"][row] == c.UNPAID, DRAFT, OPEN)
    course = np.where(periods["status"][row] == c.PAST_DUE, row, -1)
    return {name: periods[name][row] for name in names} | {
        "run": run,
        "issued": issued,
        "due": issued.copy(),
        "paid": none,
        "amount": amount,
        "refund": np.zeros(len(run), dtype=np.int64),
        "refunded": none.copy(),
        "status": status,
        "course": course,
        "given_up": none.copy(),
    }


def _add_failing(bills: Invoices, periods: Periods, runs: Runs, end_second: int) -> Invoices:
    """Find or add the invoice whose failed payment made the service past due, and decide its outcome."""
    of_runs = periods["status"][runs.rows] == c.PAST_DUE
    row, run = runs.rows[of_runs], runs.run_of_row[of_runs]
    fails = periods["start"][row]
    # Invoices are in order of run and issue.
    key = 2**33
    position = np.searchsorted(bills["run"] * key + bills["issued"], run * key + fails, side="right") - 1
    held = np.maximum(position, 0)
    is_young = (position >= 0) & (bills["run"][held] == run) & (bills["course"][held] < 0)
    is_young &= fails - bills["issued"][held] <= RETRY_DAYS * DAY_SECONDS
    # An invoice that failed once and was paid does not fail again.
    is_young[1:] &= position[1:] != position[:-1]
    bills["course"][position[is_young]] = row[is_young]
    bills["due"][position[is_young]] = fails[is_young]

    at_once = (position >= 0) & (bills["run"][held] == run) & (bills["issued"][held] == fails)
    added = ~is_young & ~at_once
    row, run, fails = row[added], run[added], fails[added]
    months = np.array([months for months, _ in c.INTERVAL_MONTHS])[periods["interval"][row]]
    price = periods["quantity"][row] * periods["unit_amount"][row] - periods["discount_amount"][row]
    extra = _bills(periods, run, row, fails, price // months)
    bills = {name: np.concatenate([values, extra[name]]) for name, values in bills.items()}
    _settle_failures(bills, periods, runs, end_second)
    return bills


def _settle_failures(bills: Invoices, periods: Periods, runs: Runs, end_second: int) -> None:
    """Mark invoices as paid if service recovered, uncollectible if it ended, open while past due."""
    chosen = np.flatnonzero(bills["course"] >= 0)
    row = bills["course"][chosen]
    end = periods["end"][row]
    follows = np.minimum(row + 1, len(periods["end"]) - 1)
    recovered = (row != runs.last[bills["run"][chosen]]) & (periods["status"][follows] == c.ACTIVE)
    is_over = (end >= 0) & (end < end_second)
    bills["paid"][chosen] = np.where(recovered, end, -1)
    bills["status"][chosen] = np.select([recovered, is_over], [PAID, UNCOLLECTIBLE], OPEN)
    bills["given_up"][chosen] = np.where(is_over & ~recovered, end, -1)


def _pay(bills: Invoices, accounts: Accounts, end_second: int, rng: np.random.Generator) -> None:
    """Cards pay within the hour. Other customers pay by their terms, and some pay late."""
    size = len(bills["run"])
    days = np.array(TERM_DAYS)[accounts.segment[bills["account"]]]
    within_hour = rng.integers(60, 3600, size=size)
    share = rng.random(size)
    delay = within_hour + np.where(days > 0, (share * (days + 8)).astype(np.int64) * DAY_SECONDS, 0)
    usual = (bills["course"] < 0) & (bills["status"] == OPEN)
    paid = bills["issued"] + delay
    is_paid = usual & (paid < end_second)
    bills["due"][usual] = (bills["issued"] + days * DAY_SECONDS)[usual]
    bills["paid"][is_paid] = paid[is_paid]
    bills["status"][is_paid] = PAID


def _refund(bills: Invoices, periods: Periods, runs: Runs, end_second: int, rng: np.random.Generator) -> None:
    size = len(bills["run"])
    draw, share = rng.random(size), rng.integers(10, 61, size=size)
    later = (1 + rng.integers(0, 20, size=size)) * DAY_SECONDS
    full = draw < FULL_REFUNDS
    partial = ~full & (draw < FULL_REFUNDS + PARTIAL_REFUNDS)
    amount, issued = bills["amount"], bills["issued"]
    refund = np.where(full, amount, np.where(partial, amount * share // 100, 0))
    refunded = bills["paid"] + later

    # Refund the rest of a cancelled year, and disputed amounts.
    run = bills["run"]
    last, end = runs.last[run], runs.end[run]
    is_annual = periods["interval"][runs.first[run]] == c.ANNUAL
    covers_end = is_annual & (issued + YEAR > end - 5 * DAY_SECONDS) & ~runs.is_open[run]
    requested = periods["requested"][last]
    notice = covers_end & (requested > bills["paid"]) & (rng.random(size) < REFUNDED_NOTICES)
    notice &= requested + DAY_SECONDS < end
    disputed = (periods["ending"][last] == c.DISPUTE) & ~runs.is_open[run]
    disputed &= covers_end | (~is_annual & (issued + RETRY_DAYS * DAY_SECONDS > end))
    ends = np.where(notice, requested + DAY_SECONDS, end)
    rest = amount * np.clip(issued + YEAR - ends, 0, YEAR) // YEAR
    early = notice | disputed
    refund = np.where(early, np.where(is_annual, rest, amount), refund)
    refunded = np.where(early, ends, refunded)

    chosen = (refund > 0) & (bills["status"] == PAID) & (refunded < end_second) & (refunded >= bills["paid"])
    bills["refund"][chosen] = refund[chosen]
    bills["refunded"][chosen] = refunded[chosen]


def _with_voided_copies(bills: Invoices, end_second: int, rng: np.random.Generator) -> Invoices:
    """Return invoices that were sent twice by mistake. The second one is void."""
    twice: NDArray[np.bool_] = rng.random(len(bills["run"])) < VOIDED_COPIES
    twice &= (bills["status"] == PAID) & (bills["issued"] + 2 * 3600 < end_second)
    copy = {name: values[twice] for name, values in bills.items()}
    copy["issued"] = copy["issued"] + 3600
    copy["given_up"] = copy["issued"] + 3600
    copy["status"] = np.full_like(copy["status"], VOID)
    copy["refund"] = np.zeros_like(copy["refund"])
    for name in ("paid", "refunded"):
        copy[name] = np.full_like(copy[name], -1)
    return {name: np.concatenate([values, copy[name]]) for name, values in bills.items()}
