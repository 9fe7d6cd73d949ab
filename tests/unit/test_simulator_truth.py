"""The true movements of the simulated company add up, and agree with its files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from simulator import SimulationReport
from simulator.catalog import CHURN_KINDS, INTERVALS, STATUSES
from simulator.clock import calendar
from simulator.fx import Rates, make_rates
from simulator.periods import FIELDS
from simulator.truth import make_truth
from tests.unit.simulated import MONTHS, MOVEMENTS, one_value


def test_messy_exports_have_the_same_truth(clean: SimulationReport, messy: SimulationReport) -> None:
    for name in ("movements", "monthly", "renewals", "voices"):
        path = Path("_truth") / f"{name}.parquet"
        assert (clean.out / path).read_bytes() == (messy.out / path).read_bytes()


def test_truth_rolls_forward(database: duckdb.DuckDBPyConnection) -> None:
    for table in ("movements", "monthly"):
        broken = f"select count(*) from {table} where opening_mrr + {MOVEMENTS} <> closing_mrr"
        assert one_value(database, broken) == 0
    assert one_value(database, "select count(*) from monthly") == MONTHS
    customers = (
        "select count(*) from monthly where opening_customers + new_customers + reactivated_customers "
        "- churned_customers <> closing_customers"
    )
    assert one_value(database, customers) == 0


def test_closing_is_the_next_opening(database: duckdb.DuckDBPyConnection) -> None:
    for table, key in (("movements", "account_id"), ("monthly", "1")):
        gaps = f"""
            select count(*) from (
                select month, closing_mrr, opening_mrr,
                    lag(closing_mrr) over account as before, lag(month) over account as month_before
                from {table} window account as (partition by {key} order by month)
            )
            where opening_mrr <> case when month_before + interval 1 month = month then before else 0 end
        """
        assert one_value(database, gaps) == 0
    lost = """
        select count(*) from movements as m
        where closing_mrr <> 0 and month < (select max(month) from monthly) and not exists (
            from movements as n where n.account_id = m.account_id and n.month = m.month + interval 1 month)
    """
    assert one_value(database, lost) == 0


def test_monthly_truth_adds_up_from_accounts_and_kinds(database: duckdb.DuckDBPyConnection) -> None:
    names = ["opening", "new", "expansion", "contraction", "churn", "reactivation", "fx_impact", "closing"]
    sums = ", ".join(f"sum({name}_mrr)" for name in names)
    totals = ", ".join(f"{name}_mrr" for name in names)
    by_account = database.execute(f"select month, {sums} from movements group by month order by month")
    assert (
        by_account.fetchall()
        == database.execute(f"select month, {totals} from monthly order by 1").fetchall()
    )
    kinds = ("voluntary", "involuntary", "dispute", "planned_end", "pause", "unknown")
    for measure, total in (("customers", "churned_customers"), ("mrr", "churn_mrr")):
        parts = " + ".join(f"{kind}_{measure}" for kind in kinds)
        assert one_value(database, f"select count(*) from monthly where {parts} <> {total}") == 0
    for kind in kinds:
        assert one_value(database, f"select sum({kind}_customers) from monthly") > 0, kind


def test_the_truth_follows_from_the_files(database: duckdb.DuckDBPyConnection) -> None:
    """Computes the closing MRR of every account-month again from the exported rows."""
    from_files = """
        with items as (
            select p.account_id, p.currency, p.period_start,
                least(
                    coalesce(if(p.is_deleted, p.updated_at, p.period_end), timestamp '9999-01-01'),
                    if(p.status = 'past_due', p.period_start + interval 30 day, timestamp '9999-01-01')
                ) as period_end,
                round(
                    (p.quantity * p.unit_amount - coalesce(p.discount_amount, 0))::decimal(18, 4)
                    * if("interval" = 'week', 52, 1)
                    / (interval_count * case "interval" when 'month' then 1 else 12 end), 4
                )::decimal(18, 4) as mrr
            from subscription_periods as p join accounts as a using (account_id)
            where p.status in ('active', 'past_due') and p.price_kind = 'recurring' and not a.is_internal
        ),
        months as (select month, month + interval 1 month as next_month from monthly),
        rates as (
            select currency, rate_on + 1 as next_month, rate from fx_rates where day(rate_on + 1) = 1
            union all select 'USD', next_month::date, 1 from months
        ),
        expected as (
            select account_id, month, sum(round(mrr * rate::decimal(12, 6), 4))::decimal(18, 4) as closing_mrr
            from items
            join months on period_start < next_month and period_end >= next_month
            join rates on rates.next_month = months.next_month and rates.currency = items.currency
            where mrr > 0
            group by all
        )
        select count(*), count(*) filter (e.closing_mrr is distinct from t.closing_mrr)
        from expected as e
        full join (from movements where closing_mrr <> 0) as t using (account_id, month)
    """
    compared, different = database.execute(from_files).fetchall()[0]
    assert compared > 5_000
    assert different == 0


def test_fx_impact_revalues_the_open_items(database: duckdb.DuckDBPyConnection) -> None:
    """Computes it again for accounts with one item and no change from the opening to the end of a month."""
    from_files = """
        with rates as (
            select currency, date_trunc('month', rate_on)::date as month, rate from fx_rates
            where day(rate_on + 1) = 1
        ),
        quiet as (
            select m.*, p.currency, a.rate as rate, b.rate as rate_before
            from movements as m
            join subscription_periods as p on p.account_id = m.account_id and p.period_start < m.month
                and coalesce(p.period_end, timestamp '9999-01-01') >= m.month + interval 1 month
            join rates as a on a.currency = p.currency and a.month = m.month
            join rates as b on b.currency = p.currency and b.month = m.month - interval 1 month
            where p.status = 'active' and p.price_kind = 'recurring' and p.unit_amount > 0
            qualify count(*) over (partition by m.account_id, m.month) = 1
        )
        select count(*), count(*) filter (abs(closing_mrr / rate - opening_mrr / rate_before) > 0.001
            or fx_impact_mrr <> closing_mrr - opening_mrr) from quiet
        where new_mrr + reactivation_mrr + expansion_mrr + contraction_mrr + churn_mrr = 0
    """
    compared, different = database.execute(from_files).fetchall()[0]
    assert compared > 500
    assert different == 0


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # An end at the first instant of a month belongs to that month.
        ([("01-10", "02-01", "active", "voluntary")], {1: ("new", 100), 2: ("churn", -100, "voluntary")}),
        # The account joins and leaves within a month, and returns two months later. That is a
        # # reactivation, although no month has new MRR.
        (
            [("01-05", "01-20", "active", "voluntary"), ("03-05", None, "active", "")],
            {3: ("reactivation", 100)},
        ),
        # First payment, end and return within one month count as new.
        ([("01-05", "01-10", "active", "unknown"), ("01-20", None, "active", "")], {1: ("new", 100)}),
        # The grace period ends on 31 March, and the account pays again on 15 April.
        (
            [
                ("01-05", "03-01", "active", ""),
                ("03-01", "04-15", "past_due", ""),
                ("04-15", None, "active", ""),
            ],
            {1: ("new", 100), 3: ("churn", -100, "involuntary"), 4: ("reactivation", 100)},
        ),
        # The account recovers within the grace period, so there is no movement.
        (
            [
                ("01-05", "02-01", "active", ""),
                ("02-01", "02-20", "past_due", ""),
                ("02-20", None, "active", ""),
            ],
            {1: ("new", 100)},
        ),
        # A pause is churn of its own kind. A trial has no MRR.
        (
            [
                ("01-01", "01-15", "trialing", ""),
                ("01-15", "03-10", "active", "pause"),
                ("03-10", None, "paused", ""),
            ],
            {1: ("new", 100), 3: ("churn", -100, "pause")},
        ),
    ],
)
def test_truth_of_hand_made_accounts(
    rows: list[tuple[str, str | None, str, str]], expected: dict[int, tuple[str, int] | tuple[str, int, str]]
) -> None:
    periods = {name: np.zeros(len(rows), dtype=np.int64) for name in FIELDS}
    periods["quantity"] += 2
    periods["unit_amount"] += 60_00
    periods["discount_amount"] += 20_00
    periods["start"] = np.array([_second(start) for start, _, _, _ in rows])
    periods["end"] = np.array([_second(end) if end else -1 for _, end, _, _ in rows])
    periods["status"] = np.array([STATUSES.index(status) for _, _, status, _ in rows])
    periods["ending"] = np.array([CHURN_KINDS.index(kind) for _, _, _, kind in rows])
    months = calendar(5, date(2024, 6, 1))
    rates = make_rates(months, np.random.default_rng(1))
    truth = make_truth(periods, np.zeros(1, dtype=np.bool_), rates, months)
    for month in range(1, 6):
        moved = {
            name: int(truth.monthly[f"{name}_mrr"][month - 1]) // 10_000
            for name in ("new", "expansion", "contraction", "churn", "reactivation")
            if truth.monthly[f"{name}_mrr"][month - 1]
        }
        movement = expected.get(month)
        assert moved == ({movement[0]: movement[1]} if movement else {})
        if movement and len(movement) == 3:
            assert truth.monthly[f"{movement[2]}_customers"][month - 1] == 1


def test_money_rounds_half_up_and_currencies_are_revalued() -> None:
    periods = {name: np.zeros(1, dtype=np.int64) for name in FIELDS}
    periods["quantity"] += 1
    periods["unit_amount"] += 199_95
    periods["interval"] += INTERVALS.index(("year", 1))
    periods["status"] += STATUSES.index("active")
    periods["currency"] += 1
    periods["start"] += _second("01-10")
    periods["end"] -= 1
    months = calendar(2, date(2024, 3, 1))
    level = np.full((3, 91), 1_000_000)
    level[1] = 1_100_000
    level[1, -1] = 1_000_006
    truth = make_truth(periods, np.zeros(1, dtype=np.bool_), Rates(months.first_day - 31, level), months)
    # 199.95 a year is 16.6625 a month. That is 18.32875 at 1.1, and 16.66259998 at 1.000006.
    assert truth.monthly["closing_mrr"].tolist() == [18_3288, 16_6626]
    assert truth.monthly["fx_impact_mrr"].tolist() == [0, 16_6626 - 18_3288]
    assert truth.monthly["expansion_mrr"].tolist() == [0, 0]


def _second(month_and_day: str) -> int:
    return int(np.datetime64(f"2024-{month_and_day}", "s").astype(np.int64))
