"""The simulated company has the same bytes every time, is plausible, and satisfies the landing contract."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import SettingsError
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.contract_files import load_contracts
from simulator import SimulationReport, files, simulate
from simulator.catalog import STATUSES
from simulator.expressions import subscription_id
from simulator.tables import OBJECTS, VOICES
from tests.unit.simulated import ACCOUNTS, MONTHS, SEED, one_value


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


def test_the_simulation_has_every_feature_of_a_real_company(database: duckdb.DuckDBPyConnection) -> None:
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
        # A trial that never became a customer, and an account without a trial.
        """select count(*) from accounts where account_id in (
                select account_id from subscription_periods where status = 'trialing')
            and account_id not in (select account_id from subscription_periods where status = 'active')""",
        "select count(*) from accounts where account_id not in (select account_id from subscription_periods)",
        # A swap to a new id at the instant at which the old subscription ended.
        """select count(*) from subscription_periods as new join subscription_periods as old
            on old.subscription_id = new.replaces_subscription_id and old.period_end = new.period_start""",
        # A return under the same id after a gap.
        """select count(*) from (
                select period_start, lag(period_end) over (
                    partition by subscription_id, item_id order by period_start) as before
                from subscription_periods where status = 'active')
            where period_start > before + interval 60 day""",
    ):
        assert one_value(database, feature) > 0, feature
    trials = "select count(*) from subscription_periods where status = 'trialing' and period_end is not null"
    assert one_value(database, f"{trials} and period_end <> period_start + interval 14 day") == 0


def test_nothing_is_ambiguous_in_time(database: duckdb.DuckDBPyConnection, clean: SimulationReport) -> None:
    overlaps = """
        select count(*) from (
            select period_start, lag(coalesce(period_end, timestamp '9999-01-01')) over (
                partition by subscription_id, item_id order by period_start) as before
            from subscription_periods where not is_deleted)
        where before > period_start
    """
    assert one_value(database, overlaps) == 0
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
    assert one_value(database, near) == 0
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
            + (select count(*) from tickets
                where greatest(created_at, first_replied_at, solved_at, updated_at) >= {until})
            + (select count(*) from ticket_events where occurred_at >= {until})
            + (select count(*) from usage_events where occurred_at >= {until})
            + (select count(*) from seats where effective_on >= {until})
            + (select count(*) from milestones where reached_at >= {until})
            + (select count(*) from opportunities where greatest(created_at, updated_at) >= {until})
            + (select count(*) from calls where held_at >= {until})
    """
    assert one_value(database, late) == 0
    on_first = "period_start = date_trunc('month', period_start)"
    assert one_value(database, f"select count(*) from subscription_periods where {on_first}") == 0


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
        header = {row[0] for row in database.execute(f"describe {name}").fetchall()}
        assert header <= set(contract.column_names)
        keys = ", ".join(f'"{key}"' for key in contract.key)
        assert one_value(database, f"select count(*) - count(distinct ({keys})) from {name}") == 0
        for column in contract.columns:
            if column.required:
                assert one_value(database, f'select count(*) from {name} where "{column.name}" is null') == 0
            if column.enum and column.name in header:
                values = ", ".join(f"'{value}'" for value in column.enum)
                outside = f'select count(*) from {name} where "{column.name}" not in ({values})'
                assert one_value(database, outside) == 0
    orphans = "select count(*) from contacts where account_id not in (select account_id from accounts)"
    assert one_value(database, orphans) == 0


def test_messy_periods_give_the_same_data_after_loading(
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
    assert one_value(database, f"select count(*) from (({latest}) except all ({truly}))") == 0
    assert one_value(database, f"select count(*) from (({truly}) except all ({latest}))") == 0
    older = one_value(database, "select count(*) from delivered") - rejected
    assert older > one_value(database, "select count(*) from subscription_periods")
    assert len(list((messy.out / "generic/accounts").iterdir())) == 2


def test_low_scores_predict_churn(tmp_path: Path) -> None:
    simulate(6_000, 30, 3, tmp_path, usage_months=0)
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
    simulate(500, 36, 42, tmp_path, usage_months=0)
    connection = duckdb.connect()
    monthly = f"'{tmp_path}/_truth/monthly.parquet'"
    churn = f"select avg(churned_customers / opening_customers) from {monthly} where opening_customers > 50"
    assert 0.015 < one_value(connection, churn) < 0.03
    assert one_value(connection, f"select count(*) from {monthly} where contraction_mrr < 0") > 12
    assert one_value(connection, f"select max(closing_mrr) / median(closing_mrr) from {monthly}") > 1.5
    nps = f"""
        select 100 * ((count(*) filter (score >= 9)) - (count(*) filter (score <= 6))) / count(score)
        from read_csv('{tmp_path}/generic/survey_responses/*.csv') where survey_type = 'nps'
    """
    assert 25 < one_value(connection, nps) < 40


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


def test_a_company_without_voices_has_the_other_files_unchanged(
    clean: SimulationReport, tmp_path: Path
) -> None:
    report = simulate(ACCOUNTS, MONTHS, SEED, tmp_path, has_voices=False)
    silent, whole = _digests(tmp_path), _digests(clean.out)
    assert {name.split("/")[1] for name in report.rows} == {*OBJECTS} - VOICES
    assert {name for name, digest in silent.items() if whole[name] != digest} == {
        "generic/survey_responses/export_2026-01-01.csv"
    }
    with pytest.raises(SettingsError, match="--as zendesk needs"):
        simulate(50, 6, 1, tmp_path / "desk", systems=["zendesk"], has_voices=False)


def test_subscription_ids_stay_unique_without_hyphens_above_a_million_accounts() -> None:
    numbered = "select * from (values (100000), (100001), (1000000), (1000012)), (values (2), (12), (99))"
    ids = (
        f"select replace({subscription_id('number')}, '-', '') as id from ({numbered}) as t(account, number)"
    )
    [(number, different)] = duckdb.execute(f"select count(*), count(distinct id) from ({ids})").fetchall()
    assert number == different == 12


def test_smallest_company_and_its_report(tmp_path: Path) -> None:
    steps: list[str] = []
    report = simulate(1, 1, 0, tmp_path / "new", until=date(2024, 3, 1), progress=steps.append)
    assert report.rows["generic/accounts/export_2024-03-01.csv"] == 1
    assert len(steps) == 7
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


def test_the_simulator_never_touches_other_files(tmp_path: Path) -> None:
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
def test_invalid_arguments_are_refused(
    tmp_path: Path, arguments: tuple[int, int, int], until: date, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        simulate(*arguments, tmp_path, until=until)
    assert not list(tmp_path.iterdir())


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "simulation.json"
    }
