"""The rows of marts that result from the ledger: account-months, and the totals of each month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.reference.changes import item_changes
from tests.reference.entries import KINDS, ZERO, AccountMonth, Movement, money
from tests.reference.instants import FOREVER, local_month, month_start, months_between, next_month
from tests.reference.ledger import Walk
from tests.reference.policies import Policies
from tests.reference.rates import Valuation
from tests.reference.records import ItemKey, Landing, Segment, latest
from tests.reference.service import active_segments

CHURN_KINDS = ("voluntary", "involuntary", "dispute", "planned_end", "pause", "internal", "unknown")
WINDOWS = (1, 3, 12)
STEPS = ("expansion", "contraction")
Columns = dict[str, Any]


@dataclass(frozen=True)
class Books:
    """The expected rows of a company: totals by month, retention by month and window."""

    movements: list[Movement]
    still: list[Movement]
    """Item movements that leave the account's MRR unchanged."""
    account_months: dict[tuple[str, date], Columns]
    mrr: dict[date, Columns]
    churn: dict[date, Columns]
    retention: dict[tuple[date, int], Columns]


def keep_books(landing: Landing, as_of: datetime, policies: Policies) -> Books:
    """Run the whole reference, from landed rows to rows of marts."""
    known = latest(landing.accounts, ("account_id",))
    internal = {row["account_id"] for row in known if row.get("is_internal")}
    accounts = {row["account_id"] for row in landing.periods} - internal
    segments = active_segments(landing, as_of, policies)
    metered = {item: found for item, found in segments.items() if item[2] > 0}
    counted = segments
    if policies.usage_policy == "exclude":
        counted = {item: found for item, found in segments.items() if item[2] == 0}
    valuation = Valuation(landing.rates, as_of, policies)
    contracts = latest(landing.contracts, ("contract_id",))
    walks = [
        Walk(account_id, changes, contracts, valuation, as_of, policies)
        for account_id, changes in sorted(item_changes(counted, accounts, as_of).items())
    ]
    outlook = _Outlook(counted, metered, valuation, as_of, policies)
    entries = [entry for walk in walks for entry in walk.months]
    rows = {(e.account_id, e.month): {**_account_month(e, policies), **outlook.of(e)} for e in entries}
    noted = [movement for walk in walks for movement in walk.movements]
    this_month = local_month(as_of, policies.zone)
    months = sorted({entry.month for entry in entries})
    of_month = {month: [row for (_, of), row in rows.items() if of == month] for month in months}
    mrr = {month: _mrr(of_month[month]) for month in months}
    if this_month in mrr:
        never_paid = accounts - {account_id for account_id, _ in rows}
        mrr[this_month]["committed_mrr"] += sum(
            (outlook.scheduled(a, this_month) for a in never_paid), Decimal(0)
        )
    return Books(
        movements=[movement for movement in noted if movement.movement_type],
        still=[movement for movement in noted if not movement.movement_type],
        account_months=rows,
        mrr=mrr,
        churn={month: _churn(of_month[month], policies) for month in months},
        retention={(month, w): _retention(rows, month, w, policies) for month in months for w in WINDOWS},
    )


# --------------------------------------------------------------------------------------------- account-months
def _account_month(entry: AccountMonth, policies: Policies) -> Columns:
    net = entry.net(policies)
    # A start or a churn gives the month its type, unless both count.
    joined_or_left = [kind for kind in net if kind not in STEPS]
    named = joined_or_left if len(joined_or_left) == 1 else [kind for kind in net if kind in STEPS]
    churn = entry.last_churn if "churn" in net else None
    joined = any(event.movement_type == "new" for event in entry.events)
    is_brief = joined and entry.last_churn is not None
    assert entry.cohort is not None
    return {
        "cohort_month": entry.cohort,
        "months_since_cohort": months_between(entry.cohort, entry.month),
        "opening_plan_id": entry.opening_plan,
        "plan_id": entry.plan,
        "opening_mrr": money(entry.opening),
        **{f"{kind}_mrr": entry.event(kind) for kind in KINDS},
        "transfer_mrr": money(entry.transfer),
        "fx_impact_mrr": money(entry.fx_impact),
        "closing_mrr": money(entry.closing),
        **{f"net_{kind}_mrr": net.get(kind, Decimal(0)) for kind in KINDS},
        "opening_mrr_constant": money(entry.opening_constant),
        "closing_mrr_constant": money(entry.closing_constant),
        "lowest_mrr": money(entry.lowest),
        "net_movement_type": named[0] if named else None,
        "churn_kind": churn.churn_kind if churn else None,
        "churn_reason": churn.churn_reason if churn else None,
        "is_customer_at_open": entry.opened_as_customer,
        "is_customer_at_close": entry.closed_as_customer,
        "is_new_and_churned": is_brief and not (entry.opened_as_customer or entry.closed_as_customer),
        "net_kinds": frozenset(net),
        "transferred_customers": entry.transferred,
    }


class _Outlook:
    """The at-risk, usage and committed MRR at the close of a month."""

    def __init__(
        self,
        counted: Mapping[ItemKey, Sequence[Segment]],
        metered: Mapping[ItemKey, Sequence[Segment]],
        valuation: Valuation,
        as_of: datetime,
        policies: Policies,
    ) -> None:
        self._counted = [segment for found in counted.values() for segment in found]
        self._metered = [segment for found in metered.values() for segment in found]
        self._last = {found[-1] for found in counted.values() if found and not found[-1].is_replaced}
        self._going_on = {(segment.item, segment.start) for segment in self._counted}
        self._valuation, self._as_of, self._policies = valuation, as_of, policies

    def of(self, entry: AccountMonth) -> Columns:
        at = self._close(entry.month)
        running = [s for s in self._counted if s.account_id == entry.account_id and s.runs_at(at)]
        metered = [s for s in self._metered if s.account_id == entry.account_id and s.runs_at(at)]
        return {
            "at_risk_mrr": self._worth((s for s in running if s.status == "past_due"), entry.month),
            "usage_mrr": self._worth(metered, entry.month),
            "committed_mrr": money(entry.closing) + self.scheduled(entry.account_id, entry.month),
        }

    def scheduled(self, account_id: str, month: date) -> Decimal:
        """The MRR that will come or go after the close of the month by agreement."""
        at = self._close(month)
        running = [s for s in self._counted if s.account_id == account_id and s.runs_at(at)]
        if at < self._as_of:
            return -self._worth((s for s in running if self._is_leaving(s, at)), month)
        last = (
            s for s in self._last if s.account_id == account_id and s.end > at and not self._is_leaving(s, at)
        )
        return self._worth(last, month) - self._worth(running, month)

    def _is_leaving(self, segment: Segment, at: datetime) -> bool:
        asked_at = segment.cancel_requested_at
        goes_on = (segment.item, segment.end) in self._going_on
        return asked_at is not None and asked_at <= at and segment.end < FOREVER and not goes_on

    def _close(self, month: date) -> datetime:
        last = month_start(next_month(month), self._policies.zone) - timedelta(microseconds=1)
        return min(last, self._as_of)

    def _worth(self, segments: Iterable[Segment], month: date) -> Decimal:
        balances = (((s.item, s.currency, s.run_start), s.mrr) for s in segments)
        return money(sum((self._valuation.worth(*balance, month) for balance in balances), ZERO))


# -------------------------------------------------------------------------------------------- monthly totals
def _mrr(rows: Sequence[Columns]) -> Columns:
    names = [name for name in rows[0] if name.endswith(("_mrr", "_mrr_constant")) and name != "lowest_mrr"]
    total: Columns = {name: sum((row[name] for row in rows), Decimal(0)) for name in names}
    for column, kind in (("new", "new"), ("reactivated", "reactivation"), ("churned", "churn")):
        total[f"{column}_customers"] = sum(kind in row["net_kinds"] for row in rows)
    total["opening_customers"] = sum(row["is_customer_at_open"] for row in rows)
    total["closing_customers"] = sum(row["is_customer_at_close"] for row in rows)
    total["transferred_customers"] = sum(row["transferred_customers"] for row in rows)
    gained = total["net_new_mrr"] + total["net_expansion_mrr"]
    lost = -total["net_contraction_mrr"] - total["net_churn_mrr"]
    return {
        **total,
        "closing_arr": 12 * total["closing_mrr"],
        "arpa": _quotient(total["closing_mrr"], sum(row["closing_mrr"] > 0 for row in rows)),
        "average_sale_price": _quotient(total["net_new_mrr"], total["new_customers"]),
        "quick_ratio": _rate(gained, lost),
    }


def _churn(rows: Sequence[Columns], policies: Policies) -> Columns:
    total = _mrr(rows)
    base_customers, base_mrr = total["opening_customers"], total["opening_mrr"]
    if policies.churn_rate_denominator == "opening_plus_new":
        base_customers += total["new_customers"]
        base_mrr += total["net_new_mrr"]
    lost = -total["net_churn_mrr"] - total["net_contraction_mrr"]
    kept = {name: total[name] for name in ("opening_customers", "churned_customers", "opening_mrr")}
    columns: Columns = {
        **kept,
        "new_and_churned_customers": sum(row["is_new_and_churned"] for row in rows),
        "base_customers": base_customers,
        "customer_churn_rate": _rate(total["churned_customers"], base_customers),
        "base_mrr": base_mrr,
        "churned_mrr": total["net_churn_mrr"],
        "contraction_mrr": total["net_contraction_mrr"],
        "gross_mrr_churn_rate": _rate(lost, base_mrr),
        "gross_mrr_churn_rate_events": _rate(-total["churn_mrr"] - total["contraction_mrr"], base_mrr),
        "net_mrr_churn_rate": _rate(
            lost - total["net_expansion_mrr"] - total["net_reactivation_mrr"], base_mrr
        ),
    }
    for kind in CHURN_KINDS:
        of_kind = [row for row in rows if row["churn_kind"] == kind]
        columns[f"{kind}_customers"] = len(of_kind)
        columns[f"{kind}_mrr"] = sum((row["net_churn_mrr"] for row in of_kind), Decimal(0))
    return columns


def _retention(
    rows: Mapping[tuple[str, date], Columns], month: date, window: int, policies: Policies
) -> Columns:
    then = {a: row for (a, of), row in rows.items() if of == next_month(month, -window)}
    now = {a: row for (a, of), row in rows.items() if of == month}
    start = {a: row["closing_mrr"] for a, row in then.items() if row["is_customer_at_close"]}
    ending = sum((now[a]["closing_mrr"] for a in start), Decimal(0))
    kept = sum((min(now[a]["closing_mrr"], mrr) for a, mrr in start.items()), Decimal(0))
    returned = sum(
        (
            row["closing_mrr"]
            for a, row in now.items()
            if a in then and a not in start and row["is_customer_at_close"]
        ),
        Decimal(0),
    )
    starting = sum(start.values(), Decimal(0))
    retained = sum(now[a]["is_customer_at_close"] for a in start)
    counted = ending + (returned if policies.nrr_reactivation == "include" else 0)
    return {
        "starting_customers": len(start),
        "retained_customers": retained,
        "customer_retention_rate": _rate(retained, len(start)),
        "starting_mrr": starting,
        "ending_mrr": ending,
        "kept_mrr": kept,
        "returned_mrr": returned,
        "nrr": _rate(counted, starting),
        "grr": _rate(kept, starting),
    }


def _rate(part: Decimal | int, whole: Decimal | int) -> float | None:
    return float(part) / float(whole) if whole else None


def _quotient(amount: Decimal, count: int) -> Decimal | None:
    """A quotient with four decimals; halves are rounded away from zero."""
    if not count:
        return None
    scaled = abs(Fraction(amount)) / count * 10000 + Fraction(1, 2)
    size = Decimal(scaled.__floor__()).scaleb(-4)
    return size if amount >= 0 else -size
