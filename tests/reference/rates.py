"""Values of amounts in the reporting currency, and the days of their rates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.reference.changes import Balance
from tests.reference.instants import local_day, next_month
from tests.reference.policies import Policies
from tests.reference.records import Record, latest, round_half_up


class Valuation:
    """Values balances by `fx_policy`, and rounds every value on its own."""

    def __init__(self, rates: Iterable[Record], as_of: datetime, policies: Policies) -> None:
        # Of two rates for one day, the last to arrive counts.
        named = [{**row, "currency": row["currency"].upper()} for row in rates]
        self._rates = latest(named, ("currency", "rate_on"))
        self._as_of = local_day(as_of, policies.zone)
        self._constant_day = policies.constant_day(as_of)
        self._policies = policies

    def worth(self, balance: Balance, amount: Fraction, month: date) -> Fraction:
        """Value of an amount of a balance in a month, for every movement and balance of that month."""
        _, currency, run_start = balance
        day = {
            "period_end_rate": next_month(month) - timedelta(days=1),
            "service_start_rate": local_day(run_start, self._policies.zone),
            "fixed_rate": self._constant_day,
        }[self._policies.fx_policy]
        if self._policies.fx_policy != "fixed_rate":
            day = min(day, self._as_of)
        return round_half_up(amount * self._rate(currency, day)) if amount else Fraction(0)

    def constant(self, balance: Balance, amount: Fraction) -> Fraction:
        """Value at the rates of `fx_fixed_on`."""
        return round_half_up(amount * self._rate(balance[1], self._constant_day)) if amount else Fraction(0)

    def _rate(self, currency: str, day: date) -> Fraction:
        """The last known rate on a day, or the first rate if none is known yet."""
        if currency == self._policies.reporting_currency:
            return Fraction(1)
        mine = [row for row in self._rates if row["currency"] == currency]
        known = [row for row in mine if row["rate_on"] <= day]
        if not known:
            return Fraction(min(mine, key=lambda row: row["rate_on"])["rate"])
        last = max(known, key=lambda row: row["rate_on"])
        assert (day - last["rate_on"]).days <= self._policies.fx_max_age_days, "the example lacks a rate"
        return Fraction(last["rate"])
