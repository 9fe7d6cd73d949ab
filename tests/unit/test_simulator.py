"""The simulated company: the same bytes every time, believable, and true to its own answers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from orchestration.contract import load_contracts
from orchestration.errors import SettingsError
from orchestration.settings import PROJECT_DIR
from simulator import SimulationReport, files, simulate
from simulator.catalog import CHURN_KINDS, INTERVALS, STATUSES
from simulator.clock import calendar
from simulator.fx import Rates, make_rates
from simulator.periods import FIELDS
from simulator.tables import OBJECTS
from simulator.truth import make_truth

ACCOUNTS, MONTHS, SEED = 1_500, 36, 7
MOVEMENTS = "new_mrr + expansion_mrr + contraction_mrr + churn_mrr + reactivation_mrr + fx_impact_mrr"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return simulate(ACCOUNTS, MONTHS, SEED, tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return simulate(ACCOUNTS, MONTHS, SEED, tmp_path_factory.mktemp("messy"), messy=True)


@pytest.fixture(scope="module")
def database(clean: SimulationReport) -> duckdb.DuckDBPyConnection:
    """The clean exports read back under the contract's types, and the truth, as tables."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for (source, name), contract in load_contracts().items():
        folder = clean.out / source / name
        if not folder.is_dir():
            continue
        types = {column.name: column.data_type for column in contract.columns}
        present = _present(folder, types)
        connection.execute(f"create table {name} as from read_csv('{folder}/*.csv', types = {present})")
    for name in ("movements", "monthly", "renewals"):
        connection.execute(f"create table {name} as from '{clean.out}/_truth/{name}.parquet'")
    return connection


def test_same_arguments_give_the_same_bytes_in_another_process(
    clean: SimulationReport, tmp_path: Path
) -> None:
    code = (
        f"from simulator import simulate; simulate({ACCOUNTS}, {MONTHS}, {SEED}, {str(tmp_path / 'again')!r})"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "99", "CSW_MEMORY_LIMIT": "1GB"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT_DIR, env=environment)
    assert _digests(tmp_path / "again") == _digests(clean.out)


def test_another_seed_gives_another_company(clean: SimulationReport, tmp_path: Path) -> None:
    simulate(ACCOUNTS, MONTHS, SEED + 1, tmp_path)
    one, other = _digests(clean.out), _digests(tmp_path)
    same = {name for name in one if one[name] == other.get(name)}
    assert same == {"generic/plans/export_2026-01-01.csv"}


def test_messy_exports_have_the_same_truth(clean: SimulationReport, messy: SimulationReport) -> None:
    for name in ("movements", "monthly", "renewals"):
        path = Path("_truth") / f"{name}.parquet"
        assert (clean.out / path).read_bytes() == (messy.out / path).read_bytes()


def test_truth_rolls_forward(database: duckdb.DuckDBPyConnection) -> None:
    for table in ("movements", "monthly"):
        broken = f"select count(*) from {table} where opening_mrr + {MOVEMENTS} <> closing_mrr"
        assert _value(database, broken) == 0
    assert _value(database, "select count(*) from monthly") == MONTHS
    customers = (
        "select count(*) from monthly where opening_customers + new_customers + reactivated_customers "
        "- churned_customers <> closing_customers"
    )
    assert _value(database, customers) == 0


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
        assert _value(database, gaps) == 0
    lost = """
        select count(*) from movements as m
        where closing_mrr <> 0 and month < (select max(month) from monthly) and not exists (
            from movements as n where n.account_id = m.account_id and n.month = m.month + interval 1 month)
    """
    assert _value(database, lost) == 0


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
        assert _value(database, f"select count(*) from monthly where {parts} <> {total}") == 0
    for kind in kinds:
        assert _value(database, f"select sum({kind}_customers) from monthly") > 0, kind


def test_truth_is_what_the_files_say(database: duckdb.DuckDBPyConnection) -> None:
    """Closing MRR of every account-month, worked out once more from the exported rows."""
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


def test_fx_impact_is_what_the_open_items_gained(database: duckdb.DuckDBPyConnection) -> None:
    """Worked out once more for accounts with one item and no change over a whole month and its opening."""
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
        # Joined and left within a month, back two months later: a reactivation, though no month shows a new.
        (
            [("01-05", "01-20", "active", "voluntary"), ("03-05", None, "active", "")],
            {3: ("reactivation", 100)},
        ),
        # First payment, end and return within one month: new.
        ([("01-05", "01-10", "active", "unknown"), ("01-20", None, "active", "")], {1: ("new", 100)}),
        # Grace runs out on 31 March; paid again on 15 April.
        (
            [
                ("01-05", "03-01", "active", ""),
                ("03-01", "04-15", "past_due", ""),
                ("04-15", None, "active", ""),
            ],
            {1: ("new", 100), 3: ("churn", -100, "involuntary"), 4: ("reactivation", 100)},
        ),
        # Recovered within the grace: nothing moves.
        (
            [
                ("01-05", "02-01", "active", ""),
                ("02-01", "02-20", "past_due", ""),
                ("02-20", None, "active", ""),
            ],
            {1: ("new", 100)},
        ),
        # A pause is churn of its own kind; a trial is nothing.
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
def test_truth_of_small_lives(
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
    # 199.95 a year is 16.6625 a month; at 1.1 18.32875, at 1.000006 16.66259998.
    assert truth.monthly["closing_mrr"].tolist() == [18_3288, 16_6626]
    assert truth.monthly["fx_impact_mrr"].tolist() == [0, 16_6626 - 18_3288]
    assert truth.monthly["expansion_mrr"].tolist() == [0, 0]


def test_every_feature_of_a_real_company_is_there(database: duckdb.DuckDBPyConnection) -> None:
    statuses = database.execute("select distinct status from subscription_periods").fetchall()
    assert {status for (status,) in statuses} == set(STATUSES)
    periods = "select count(*) from subscription_periods"
    for feature in (
        f"{periods} where currency = 'EUR'",
        f"{periods} where currency = 'GBP'",
        f"{periods} where \"interval\" = 'year'",
        f"{periods} where \"interval\" = 'week'",
        f"{periods} where interval_count = 3",
        f"{periods} where price_kind = 'one_off'",
        f"{periods} where price_kind = 'usage'",
        f"{periods} where discount_kind = 'forever'",
        f"{periods} where discount_kind = 'repeating'",
        f"{periods} where discount_kind = 'once'",
        f"{periods} where item_id <> subscription_id",
        f"{periods} where is_deleted",
        f"{periods} where cancel_requested_at < period_end and cancel_reason is not null",
        f"{periods} where replaces_subscription_id is not null",
        f"{periods} where period_end = date_trunc('month', period_end)",
        f"{periods} where plan_id = 'free' and period_end is not null",
        "select count(*) from accounts where is_internal",
        # Two subscriptions at the same time.
        """select count(*) from subscription_periods as a join subscription_periods as b using (account_id)
            where a.subscription_id < b.subscription_id and a.period_start < b.period_start
                and a.period_end > b.period_start""",
        # A trial that never became a customer, and an account that never began one.
        """select count(*) from accounts where account_id in (
                select account_id from subscription_periods where status = 'trialing')
            and account_id not in (select account_id from subscription_periods where status = 'active')""",
        "select count(*) from accounts where account_id not in (select account_id from subscription_periods)",
        # A swap under a new id at the instant at which the old one ended.
        """select count(*) from subscription_periods as new join subscription_periods as old
            on old.subscription_id = new.replaces_subscription_id and old.period_end = new.period_start""",
        # A return under the same id after a gap.
        """select count(*) from (
                select period_start, lag(period_end) over (
                    partition by subscription_id, item_id order by period_start) as before
                from subscription_periods where status = 'active')
            where period_start > before + interval 60 day""",
    ):
        assert _value(database, feature) > 0, feature
    trials = "select count(*) from subscription_periods where status = 'trialing' and period_end is not null"
    assert _value(database, f"{trials} and period_end <> period_start + interval 14 day") == 0


def test_nothing_is_ambiguous_in_time(database: duckdb.DuckDBPyConnection, clean: SimulationReport) -> None:
    overlaps = """
        select count(*) from (
            select period_start, lag(coalesce(period_end, timestamp '9999-01-01')) over (
                partition by subscription_id, item_id order by period_start) as before
            from subscription_periods where not is_deleted)
        where before > period_start
    """
    assert _value(database, overlaps) == 0
    near = """
        with instants as (
            select account_id, period_start as instant from subscription_periods
            union select account_id, coalesce(period_end, updated_at) from subscription_periods
            union select account_id, period_start + interval 30 day from subscription_periods
                where status = 'past_due'
                    and coalesce(period_end, timestamp '9999-01-01') > period_start + interval 30 day
        )
        select count(*) from (
            select instant, lag(instant) over (partition by account_id order by instant) as before
                from instants)
        where instant - before < interval 3 hour
    """
    assert _value(database, near) == 0
    until = f"timestamp '{clean.until.isoformat()}'"
    late = f"""
        select (select count(*) from subscription_periods where greatest(period_start, period_end,
                cancel_requested_at, updated_at) >= {until})
            + (select count(*) from survey_responses
                where greatest(sent_at, responded_at, updated_at) >= {until})
            + (select count(*) from accounts where greatest(created_at, updated_at) >= {until})
            + (select count(*) from fx_rates where rate_on >= {until})
            + (select count(*) from invoices
                where greatest(issued_at, paid_at, refunded_at, updated_at) >= {until})
            + (select count(*) from contracts where greatest(starts_on, updated_at) >= {until})
            + (select count(*) from acquisition_costs where month >= {until})
    """
    assert _value(database, late) == 0
    on_first = "period_start = date_trunc('month', period_start)"
    assert _value(database, f"select count(*) from subscription_periods where {on_first}") == 0


def test_rates_cover_every_day(database: duckdb.DuckDBPyConnection) -> None:
    covered = database.execute(
        "select currency, min(rate_on), max(rate_on), count(*) from fx_rates group by 1"
    )
    first, last = date(2022, 12, 1), date(2025, 12, 31)
    days = (last - first).days + 1
    assert sorted(covered.fetchall()) == [("EUR", first, last, days), ("GBP", first, last, days)]


def test_files_keep_the_contract(database: duckdb.DuckDBPyConnection, clean: SimulationReport) -> None:
    contracts = {
        name: contract for (source, name), contract in load_contracts().items() if source == "generic"
    }
    written = {path.name for path in (clean.out / "generic").iterdir()}
    assert written == set(OBJECTS)
    for name in written:
        contract = contracts[name]
        header = next((clean.out / "generic" / name).iterdir()).read_text(encoding="utf-8").split("\n", 1)[0]
        assert set(header.split(",")) <= set(contract.column_names)
        keys = ", ".join(f'"{key}"' for key in contract.key)
        assert _value(database, f"select count(*) - count(distinct ({keys})) from {name}") == 0
        for column in contract.columns:
            if column.required:
                assert _value(database, f'select count(*) from {name} where "{column.name}" is null') == 0
            if column.enum and column.name in header.split(","):
                values = ", ".join(f"'{value}'" for value in column.enum)
                outside = f'select count(*) from {name} where "{column.name}" not in ({values})'
                assert _value(database, outside) == 0
    orphans = "select count(*) from contacts where account_id not in (select account_id from accounts)"
    assert _value(database, orphans) == 0


def test_messy_periods_say_the_same_once_read_with_care(
    database: duckdb.DuckDBPyConnection, messy: SimulationReport
) -> None:
    path = messy.out / "generic/subscription_periods/export_2026-01-01.csv"
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert (
        content.count(b"\r\n")
        == content.count(b"\n")
        == messy.rows["generic/subscription_periods/" + path.name] + 1
    )

    def instant(column: str) -> str:
        return (
            f"coalesce(make_timestamp(try_cast({column} as bigint) * 1000000), "
            f"try_cast({column} as timestamptz)::timestamp)"
        )

    database.execute(
        f"create or replace temp view delivered as select * from read_csv('{path}', all_varchar = true)"
    )
    broken = (
        "try_cast(UnitAmount as decimal(18, 2)) is null or Currency is null or Quantity::int < 0 "
        f"or \"Interval\" = 'fortnight' or {instant('PeriodStart')} is null"
    )
    rows, rejected = database.execute(
        f"select count(*), count(*) filter ({broken}) from delivered"
    ).fetchall()[0]
    assert 0 < rejected < rows * 0.005
    latest = f"""
        select SubscriptionId, ItemId, AccountId, UnitAmount::decimal(18, 2), Quantity::int, Status,
            {instant("PeriodStart")} as period_start, {instant("PeriodEnd")}, CancelKind, IsDeleted::boolean
        from delivered where not ({broken})
        qualify row_number() over (
            partition by SubscriptionId, ItemId, {instant("PeriodStart")}
            order by {instant("UpdatedAt")} desc) = 1
    """
    truly = """
        select subscription_id, item_id, account_id, unit_amount::decimal(18, 2), quantity::int, status,
            period_start, period_end, cancel_kind, is_deleted
        from subscription_periods
    """
    assert _value(database, f"select count(*) from (({latest}) except all ({truly}))") == 0
    assert _value(database, f"select count(*) from (({truly}) except all ({latest}))") == 0
    older = _value(database, "select count(*) from delivered") - rejected
    assert older > _value(database, "select count(*) from subscription_periods")
    assert len(list((messy.out / "generic/accounts").iterdir())) == 2


def test_low_scores_foretell_churn(tmp_path: Path) -> None:
    simulate(6_000, 30, 3, tmp_path)
    query = f"""
        with churn as (from '{tmp_path}/_truth/movements.parquet' where churn_mrr < 0),
        answers as (
            select distinct account_id, date_trunc('month', responded_at)::date as month,
                case when score >= 9 then 'promoter' when score <= 6 then 'detractor' end as category
            from read_csv('{tmp_path}/generic/survey_responses/*.csv')
            where survey_type = 'nps' and score is not null
        )
        select category, avg((exists (
            from churn where churn.account_id = answers.account_id
                and churn.month > answers.month and churn.month <= answers.month + interval 6 month))::int)
        from answers where category is not null group by category
    """
    rates = dict(duckdb.connect().execute(query).fetchall())
    assert rates["detractor"] > 1.5 * rates["promoter"] > 0


def test_company_looks_healthy(tmp_path: Path) -> None:
    simulate(500, 36, 42, tmp_path)
    connection = duckdb.connect()
    monthly = f"'{tmp_path}/_truth/monthly.parquet'"
    churn = f"select avg(churned_customers / opening_customers) from {monthly} where opening_customers > 50"
    assert 0.015 < _value(connection, churn) < 0.03
    assert _value(connection, f"select count(*) from {monthly} where contraction_mrr < 0") > 12
    assert _value(connection, f"select max(closing_mrr) / median(closing_mrr) from {monthly}") > 1.5
    nps = f"""
        select 100 * ((count(*) filter (score >= 9)) - (count(*) filter (score <= 6))) / count(score)
        from read_csv('{tmp_path}/generic/survey_responses/*.csv') where survey_type = 'nps'
    """
    assert 25 < _value(connection, nps) < 40


def test_large_objects_are_parquet_and_repeatable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PARQUET_ABOVE_ROWS", 1_000)
    report = simulate(600, 24, 5, tmp_path / "one")
    simulate(600, 24, 5, tmp_path / "two")
    assert _digests(tmp_path / "one") == _digests(tmp_path / "two")
    endings = {Path(name).suffix: rows for name, rows in report.rows.items()}
    assert set(endings) == {".csv", ".parquet"}
    for name, rows in report.rows.items():
        assert name.endswith(".parquet") == (rows > 1_000)
    contract = load_contracts()["generic", "survey_responses"]
    path = tmp_path / "one/generic/survey_responses/export_2026-01-01.parquet"
    described = duckdb.connect().execute(f"describe from '{path}'").fetchall()
    types = {column.name: column.data_type.split("(")[0] for column in contract.columns}
    assert {row[0]: row[1].lower().split("(")[0] for row in described} == types


def test_smallest_company_and_its_report(tmp_path: Path) -> None:
    steps: list[str] = []
    report = simulate(1, 1, 0, tmp_path / "new", until=date(2024, 3, 1), progress=steps.append)
    assert report.rows["generic/accounts/export_2024-03-01.csv"] == 1
    assert len(steps) == 6
    assert report.lines()[0].startswith("Simulated 1 accounts over 1 months up to 2024-03-01, seed 0")


def test_an_earlier_simulation_is_replaced(tmp_path: Path) -> None:
    simulate(60, 6, 1, tmp_path, messy=True)
    simulate(50, 6, 2, tmp_path / "fresh")
    fresh = _digests(tmp_path / "fresh")
    for path in sorted((tmp_path / "fresh").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (tmp_path / "fresh").rmdir()
    simulate(50, 6, 2, tmp_path)
    assert _digests(tmp_path) == fresh


def test_files_of_others_are_never_touched(tmp_path: Path) -> None:
    own = tmp_path / "generic" / "accounts" / "mine.csv"
    own.parent.mkdir(parents=True)
    own.write_text("account_id\nA\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"generic/accounts/mine\.csv"):
        simulate(50, 6, 1, tmp_path)
    own.unlink()
    report = simulate(50, 6, 1, tmp_path)
    edited = tmp_path / next(iter(report.rows))
    edited.write_text("account_id\nA\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="was changed after"):
        simulate(50, 6, 1, tmp_path)
    assert edited.read_text(encoding="utf-8") == "account_id\nA\n"


@pytest.mark.parametrize(
    ("arguments", "until", "said"),
    [
        ((0, 12, 1), date(2026, 1, 1), "--accounts 0"),
        ((10, 0, 1), date(2026, 1, 1), "--months 0"),
        ((10, 12, -1), date(2026, 1, 1), "--seed -1"),
        ((10, 12, 1), date(2026, 1, 15), "Give 2026-01-01"),
        ((10, 240, 1), date(1999, 1, 1), "fewer months"),
    ],
)
def test_arguments_that_cannot_work_are_refused(
    tmp_path: Path, arguments: tuple[int, int, int], until: date, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        simulate(*arguments, tmp_path, until=until)
    assert not list(tmp_path.iterdir())


def _second(month_and_day: str) -> int:
    return int(np.datetime64(f"2024-{month_and_day}", "s").astype(np.int64))


def _present(folder: Path, types: dict[str, str]) -> dict[str, str]:
    header = next(folder.glob("*.csv")).read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    return {name: types[name] for name in header}


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "simulation.json"
    }


def _value(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    return connection.execute(query).fetchall()[0][0]
