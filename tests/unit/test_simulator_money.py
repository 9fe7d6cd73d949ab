"""Invoices, contracts and costs of the simulated company agree with its subscriptions and renewals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.dbt_runner.contract_files import load_contracts
from simulator import simulate


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A company without flaws, with the types of the contract, and the true renewals."""
    out = tmp_path_factory.mktemp("company")
    simulate(1_500, 36, 7, out, usage_months=0)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    objects = ("accounts", "subscription_periods", "invoices", "contracts", "acquisition_costs")
    for name in objects:
        columns = load_contracts()["generic", name].columns
        folder = out / "generic" / name
        header = next(folder.iterdir()).read_text(encoding="utf-8").split("\n", 1)[0].split(",")
        types = {column.name: column.data_type for column in columns if column.name in header}
        connection.execute(f"create table {name} as from read_csv('{folder}/*.csv', types = {types})")
    connection.execute(f"create table renewals as from '{out}/_truth/renewals.parquet'")
    connection.execute(
        """create view billed as from subscription_periods
            where status in ('active', 'past_due', 'unpaid')
                and quantity * unit_amount > coalesce(discount_amount, 0)"""
    )
    return connection


def test_every_invoice_is_for_running_service(database: duckdb.DuckDBPyConnection) -> None:
    count, stray = _row(
        database,
        """select count(*), count_if(not exists (
            from billed as p where p.subscription_id = i.subscription_id and p.account_id = i.account_id
                and p.currency = i.currency and p.period_start <= i.issued_at
                and coalesce(p.period_end, timestamp '9999-01-01') > i.issued_at - interval 1 hour))
        from invoices as i""",
    )
    assert count > 10_000
    assert stray == 0


@pytest.mark.parametrize(("interval", "step"), [("year", "to_days(365 * k)"), ("month", "to_months(k)")])
def test_invoices_charge_the_price_of_every_interval(
    database: duckdb.DuckDBPyConnection, interval: str, step: str
) -> None:
    """Compares accounts whose only period never changed."""
    bills, wrong = _row(
        database,
        f"""with quiet as (
            select *, quantity * unit_amount - coalesce(discount_amount, 0) as price,
                coalesce(if(is_deleted, updated_at, period_end), timestamp '2026-01-01') as until
            from subscription_periods
            qualify count(*) over (partition by account_id) = 1
                and status = 'active' and unit_amount > 0 and "interval" = '{interval}' and interval_count = 1
        ),
        expected as (
            select subscription_id, price, period_start + {step} as issued_at
            from quiet, range(40) as numbers (k)
            where period_start + {step} < until
        ),
        sent as (
            select subscription_id, issued_at, amount
            from invoices where status <> 'void' and subscription_id in (select subscription_id from quiet)
        )
        select count(*), count_if(amount is distinct from price)
        from expected full join sent using (subscription_id, issued_at)""",
    )
    assert bills >= 17
    assert wrong == 0


def test_past_due_service_has_a_failed_invoice(database: duckdb.DuckDBPyConnection) -> None:
    failures, without = _row(
        database,
        """select count(*), count_if(not exists (
            from invoices as i where i.subscription_id = p.subscription_id and i.due_at = p.period_start
                and case
                    when p.period_end is null then i.status = 'open' and i.paid_at is null
                    when i.status = 'paid' then i.paid_at = p.period_end
                    else i.status = 'uncollectible' and i.paid_at is null
                end))
        from billed as p where p.status = 'past_due'""",
    )
    assert failures > 100
    assert without == 0
    states = database.execute("select status, count(*) from invoices group by 1").fetchall()
    assert {name for name, _ in states} == {"draft", "open", "paid", "uncollectible", "void"}
    paid_without_date = "count_if((paid_at is not null) <> (status = 'paid'))"
    assert _row(database, f"select {paid_without_date} from invoices") == (0,)


def test_refunds_are_full_or_partial_and_end_cancelled_years(database: duckdb.DuckDBPyConnection) -> None:
    whole, part, wrong, early = _row(
        database,
        """select count_if(amount_refunded = amount), count_if(amount_refunded < amount),
            count_if(amount_refunded > amount or refunded_at < paid_at or status <> 'paid'),
            count_if(exists (from billed as p where p.subscription_id = i.subscription_id
                and p."interval" = 'year' and p.cancel_requested_at < i.refunded_at
                and p.period_end > i.refunded_at))
        from invoices as i where amount_refunded is not null""",
    )
    assert whole > 10
    assert part > 10
    assert early > 3
    assert wrong == 0


def test_only_larger_customers_with_yearly_billing_have_contracts(
    database: duckdb.DuckDBPyConnection,
) -> None:
    count, wrong = _row(
        database,
        """select count(*), count_if(
                segment = 'smb' or ends_on <= starts_on
                or not exists (from billed as p where p.account_id = k.account_id and p."interval" = 'year'))
        from contracts as k join accounts using (account_id)""",
    )
    assert count > 200
    assert wrong == 0
    features = {
        "auto-renewing": "k.auto_renew",
        "longer than a year": "k.ends_on - k.starts_on > 700",
        "an extra with the same due date": "k.contract_id like '%-extra'",
        "renewed before it was due": "next.starts_on < k.ends_on",
        "renewed late": "next.starts_on between k.ends_on + 1 and k.ends_on + 30",
        "continued too late": "next.starts_on > k.ends_on + 30",
        "renewed at a stated amount": "k.renewed_amount > 0",
    }
    for feature, condition in features.items():
        query = f"""select count(*) from contracts as k
            left join contracts as next on next.contract_id = k.renewed_by_contract_id where {condition}"""
        assert _row(database, query)[0] > 0, feature


def test_a_term_costs_the_sum_of_its_years(database: duckdb.DuckDBPyConnection) -> None:
    """The yearly price of the account's periods, times the years, less 5 % for each year after the first."""
    terms, wrong = _row(
        database,
        """with terms as (
            select account_id, left(contract_id, 11) as term, sum(amount) as amount,
                round((max(ends_on) - max(starts_on)) / 365.25)::int as years
            from contracts group by all
        )
        select count(*), count_if(not exists (
            from billed as p where p.account_id = terms.account_id and p."interval" = 'year'
                and abs((quantity * unit_amount - coalesce(discount_amount, 0)) * years
                    * (100 - 5 * (years - 1)) / 100 - amount) < 0.01))
        from terms""",
    )
    assert terms > 200
    assert wrong == 0


def test_true_renewals_follow_from_the_contracts(database: duckdb.DuckDBPyConnection) -> None:
    outcomes = dict(database.execute("select outcome, count(*) from renewals group by 1").fetchall())
    for outcome in ("upsold", "downsold", "lost", "open"):
        assert outcomes[outcome] > 5, outcome
    wrong = """
        select count_if((outcome = 'open') <> (due_on > date '2026-01-01' or renewed_amount is null
                and due_on + 30 >= date '2026-01-01'))
            + count_if(outcome = 'lost' and renewed_amount is not null)
            + count_if(outcome = 'upsold' and renewed_amount <= due_amount)
            + count_if(outcome = 'downsold' and renewed_amount >= due_amount)
            + count_if(account_id in (select account_id from accounts where is_internal))
        from renewals
    """
    assert _row(database, wrong) == (0,)
    terms = """
        select count(*) - (select count(*) from renewals) from contracts
        where contract_id not like '%-extra'
            and account_id not in (select account_id from accounts where is_internal)
    """
    assert _row(database, terms) == (0,)


def test_every_channel_costs_something_every_month(database: duckdb.DuckDBPyConnection) -> None:
    rows, least, currencies = _row(
        database, "select count(*), min(amount), count(distinct currency) from acquisition_costs"
    )
    assert rows == 36 * 6
    assert least >= 0
    assert currencies == 3


def test_a_company_of_one_can_have_no_contract(tmp_path: Path) -> None:
    report = simulate(1, 1, 5, tmp_path)
    assert report.rows["generic/contracts/export_2026-01-01.csv"] == 0


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return connection.execute(query).fetchall()[0]
