"""Tables of Spark's catalog become the raw relations that the same rows in files become on DuckDB."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import LandingError, SettingsError
from orchestration.core.settings import load_settings
from orchestration.dbt_runner.connectors import enabled_connectors
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.landing.lake import read_tables
from simulator import simulate
from tests.spark.company import UNTIL
from tests.spark.lake import Delivery

pytestmark = pytest.mark.slow

WRONG = {
    "accounts": """\
account_id,account_name,created_at,updated_at,is_deleted,domain,Region,segment
a1,Ada,2024-01-05,2024-03-01 10:00:00,no,ada.example,EMEA,smb
a2,N/A,2024-03-31T02:30:00+02:00,2024-03-01T10:00:00.123456789Z,YES,,NA,-
a2,Bob,1704067200,2024-03-02,false,bob.example,,n/a
,No id,2024-01-05,,,,,
boss@mail.example,Mail me at x@y.example,05.01.2024,,,,,
boss@mail.example,Mail me at x@y.example,2024-01-05 00:00-05,,maybe,,,
,,,,,,,
a3,"quote "" and \\ and é",1900-01-01,2024-02-30,,,,
""",
    "subscription_periods": """\
subscription_id,item_id,account_id,plan_id,period_start,period_end,unit_amount,quantity,currency,interval
s1,i1,a1,p1,2024-01-01,2024-01-31,10.50,1,EUR,month
s1,i1,a1,p1,2024-02-01,2024-02-29,1.05e1,2,eur,Month
s1,i1,a1,p1,2024-03-01,2024-03-31,10.123456789,1,EUR,month
s2,i1,a1,p1,1900-01-01,2024-12-31,"1,5",1,EUR,month
s3,i1,a1,p1,31.01.2024,2024-12-31,EUR 5,1,EUR,monthly
s4,i1,a1,p1,2024-01-01,9999-12-31,(5.00),1,EURO,month
s5,i1,a1,p1,45292,,1 200.50,x,EUR,month
s6,i1,a1,p1,2024-01-01,,900000000000,100,EUR,day
""",
    "survey_responses": """\
response_id,account_id,survey_type,score,sent_at,responded_at
r1,a1,nps,9,2024-05-01,2024-05-02
r2,a1,nps,9.5,,
r3,a1,csat,five,2024-05-01 23:59:59,
r4,a1,NPS,,2024-10-27 02:30:00,1714521600000
r5,a1,other,1,2024-05-01,
""",
    "usage_events": """\
event_id,account_id,user_id,event_name,occurred_at
e1,a1,u1,login,2024-05-01T10:00:00Z
e1,a1,u1,login,2024-05-01T10:00:00Z
e1,a1,,login,2024-05-01T10:00:00Z
e2,a1,u1,export,2024-05-01T10:20:00Z
e3,a1,u1,export,2024-05-01T11:20:00Z
e4,a1,,export,2024-05-02T23:59:00Z
e5,x@y.example,u2,mail x@y.example,2024-05-02T23:59:00Z
e6,a1,u2,login,2031-05-02T23:59:00Z
e7,,u2,login,2024-05-02
""",
    "fx_rates": "currency,rate_on,rate\nUSD,2024-01-01,0.9\nUSD,2024-01-02,-1\n",
}
"""Rows that are right and rows that break every kind of rule."""

CUSTOMERS = """\
{"id": "cus_1", "name": "Ada", "email": "ada@ada.example", "created": 1704067200, "livemode": true, \
"metadata": {"crm_id": "0015", "ratio": 1.10}, "address": {"country": "DE", "city": null}, "deleted": false}
{"id": "cus_2", "name": null, "created": 1704153600, "livemode": false, "metadata": {}, \
"discount": {"id": "di_1", "coupon": {"id": "co_1", "percent_off": 12.50}}}
{"id": "", "created": "never", "metadata": null}
"""
"""Records of an API, with objects in them."""

PARTS = (
    "source_system, account_id, user_id, visitor_id, occurred_on, started_at, ended_at, events",
    "source_system, account_id, event_name, week, is_counted, first_at, last_at, events, "
    "events_without_user, events_of_ignored_users, events_after_receipt",
)


def deliver(spark: Any, folder: Path, files: dict[str, str]) -> Delivery:
    """Write files of generic objects, and land them on both engines."""
    settings = load_settings(
        folder / "home",
        as_of=UNTIL.isoformat(),
        policies=["reporting_timezone=Europe/Berlin", "account_attributes=[region]"],
        environment={},
    )
    load_hash_key(settings.home)
    for name, text in files.items():
        path = settings.landing / "generic" / name / "export.csv"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    delivery = Delivery(settings, spark, folder)
    delivery.land()
    return delivery


def test_a_company_is_the_same_from_files_and_from_tables(spark: Any, tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", as_of=UNTIL.isoformat(), environment={})
    simulate(15, 6, 3, settings.landing, until=UNTIL, messy=True)
    delivery = Delivery(settings, spark, tmp_path)
    delivery.land()
    warehouse, batches = delivery.build("company")
    assert len(batches) == len(delivery.settings.raw_tables) > 12
    wrong = []
    for batch in batches:
        wrong += delivery.differences(warehouse, f"{batch.source}__{batch.object}")
        wrong += delivery.rejected_differences(warehouse, batch.source, batch.object)
    assert wrong == []
    assert sum(batch.rows_quarantined for batch in batches) > 0, "nothing was compared there"
    records = "source, object, outcome, row_count"
    assert delivery.sql_differences(warehouse, "landing__row_counts", records) == []


def test_wrong_rows_are_rejected_with_the_reasons_of_the_loader(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSW_MAX_REJECT_SHARE", "1")
    delivery = deliver(spark, tmp_path, WRONG)
    warehouse, batches = delivery.build("wrong")
    found = []
    for batch in batches:
        found += delivery.differences(warehouse, f"{batch.source}__{batch.object}")
        found += delivery.rejected_differences(warehouse, batch.source, batch.object)
    for name, columns in zip(("session_parts", "event_weeks"), PARTS, strict=True):
        found += delivery.sql_differences(warehouse, f"usage__{name}", columns)
    for name, columns in (
        ("row_counts", "source, object, outcome, row_count"),
        ("remarks", "source, object, kind, remark, row_count"),
        ("rows_set_aside", "source, object, kind, column_name, reason, currency, row_count, amount"),
    ):
        found += delivery.sql_differences(warehouse, f"landing__{name}", columns)
    assert found == []
    reasons = {
        row[0] for row in delivery.export(warehouse, "generic__subscription_periods__rejected", "_reason")
    }
    assert len(reasons) > 4
    key = load_hash_key(delivery.settings.home).decode()
    views = spark.sql(f"show create table {warehouse.schemas['raw']}.generic__plans").collect()
    assert key not in views[0][0]


def test_columns_are_found_in_the_objects_of_an_api(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSW_MAX_REJECT_SHARE", "1")
    settings = load_settings(tmp_path / "home", as_of=UNTIL.isoformat(), environment={})
    load_hash_key(settings.home)
    path = settings.landing / "stripe" / "customers" / "customers.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(CUSTOMERS, encoding="utf-8")
    delivery = Delivery(settings, spark, tmp_path)
    delivery.land()
    warehouse, _ = delivery.build("api")
    assert delivery.differences(warehouse, "stripe__customers") == []
    assert delivery.rejected_differences(warehouse, "stripe", "customers") == []


def test_the_order_of_rows_does_not_matter(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSW_MAX_REJECT_SHARE", "1")
    delivery = deliver(spark, tmp_path, {name: WRONG[name] for name in ("accounts", "usage_events")})
    rows = []
    for run, order in (("up", "c0"), ("down", "c0 desc")):
        for label, table in delivery.settings.raw_tables.items():
            cells = spark.table(table).drop("_row", "_loaded_at")
            by = order.replace("c0", cells.columns[0]).split()
            sorted_cells = cells.repartition(3).sort(cells[by[0]].desc() if len(by) > 1 else cells[by[0]])
            name = label.replace("/", "__")
            delivery.store(f"{run}_{name}", sorted_cells)
        tables = {label: f"lake.{run}_{label.replace('/', '__')}" for label in delivery.settings.raw_tables}
        shuffled = replace(delivery, settings=replace(delivery.settings, raw_tables=tables))
        warehouse, batches = shuffled.build(run)
        relations = ("generic__accounts", "usage__session_parts", "usage__event_weeks")
        rows.append(
            [[batch.batch_id for batch in batches], *(shuffled.export(warehouse, one) for one in relations)]
        )
    assert rows[0] == rows[1]


def test_typed_columns_read_as_their_texts(spark: Any, tmp_path: Path) -> None:
    text = "currency,rate_on,rate\nUSD,2024-01-01,0.90000000\nGBP,2024-01-02,1.5\n"
    delivery = deliver(spark, tmp_path, {"fx_rates": text})
    typed = spark.sql(
        "select currency, cast(rate_on as date) as rate_on, "
        "cast(rate as decimal(18, 8)) as rate, _row, _loaded_at from lake.generic__fx_rates"
    ).collect()
    schema = "currency string, rate_on date, rate decimal(18, 8), _row bigint, "
    delivery.store("generic__fx_rates", spark.createDataFrame(typed, schema + "_loaded_at timestamp"))
    warehouse, _ = delivery.build("typed")
    assert delivery.differences(warehouse, "generic__fx_rates") == []


def test_a_mistake_of_the_user_has_a_message(spark: Any, tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", as_of=UNTIL.isoformat(), environment={"CSW_ENGINE": "spark"})
    spark.sql("create schema if not exists lake")
    spark.sql("create table lake.few as select 'a' as account_id")
    spark.sql(
        "create table lake.bad as select 'x' as rate, 'USD' as currency, '2024-01-01' as rate_on "
        "from range(3)"
    )
    for tables, error, text in (
        ({"generic/acounts": "lake.few"}, SettingsError, "Did you mean 'generic/accounts'?"),
        ({"generic/accounts": "drop table x"}, SettingsError, "is no table"),
        ({"generic/accounts": "lake.none"}, LandingError, "lake.none, which the catalog cannot open"),
        ({"generic/invoices": "lake.few"}, LandingError, "required columns"),
        ({"generic/fx_rates": "lake.bad"}, LandingError, "3 of 3 rows"),
    ):
        with pytest.raises(error, match=text.replace("?", r"\?")):
            read_tables(replace(settings, raw_tables=tables), spark)
    for text in ("[a]", "{a: 1}", "a: [", "{a: ''}"):
        with pytest.raises(SettingsError, match="CSW_RAW_TABLES"):
            load_settings(tmp_path, environment={"CSW_RAW_TABLES": text})
    given = load_settings(
        tmp_path, environment={"CSW_RAW_TABLES": "{stripe/customers: crm.c}", "CSW_ENGINE": "spark"}
    )
    assert enabled_connectors(given) == ["stripe"]
