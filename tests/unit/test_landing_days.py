"""The meaning of delivered days and instants under the real contracts: time zones, formats, placeholders."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from orchestration.landing import ReadingPolicies
from tests.unit.landing_case import PERIODS, Case, make_generic

LOS_ANGELES = ReadingPolicies(timezone="America/Los_Angeles")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_generic(tmp_path)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


DAYS = [
    # Los Angeles is UTC-8 in winter and UTC-7 in summer.
    ("2024-02-01", "2024-02-01 08:00:00"),
    ("2024-05-01", "2024-05-01 07:00:00"),
    ("2024-03-10", "2024-03-10 08:00:00"),
    ("2024-03-11", "2024-03-11 07:00:00"),
    ("2024-11-03", "2024-11-03 07:00:00"),
    ("2024-11-04", "2024-11-04 08:00:00"),
]


@pytest.mark.parametrize(
    ("ending", "mapping"),
    [
        ("", ""),
        ("", "timezone: Europe/Berlin\n"),
        (" 00:00:00", ""),
        ("T00:00:00.000", ""),
        (" 23:59:59", ""),
    ],
)
def test_a_date_without_a_time_is_a_day_of_the_reporting_time_zone(
    case: Case, ending: str, mapping: str
) -> None:
    """This also applies if every row of the column has the time at which a day begins or ends."""
    rows = "".join(f"{i},{text}{ending}\n" for i, (text, _) in enumerate(DAYS))
    case.deliver("accounts", "account_id,created_at\n" + rows, mapping=mapping)
    found = [row[0] for row in case.rows("created_at", "generic__accounts", LOS_ANGELES)]
    assert found == [
        at(text + ending).replace(tzinfo=ZoneInfo("America/Los_Angeles")).astimezone(UTC).replace(tzinfo=None)
        for text, _ in DAYS
    ]
    if not ending:
        assert found == [at(meant) for _, meant in DAYS]
    assert [row[0] for row in case.rows("created_at", "generic__accounts")] == [
        at(text + ending) for text, _ in DAYS
    ]


def test_days_and_instants_of_one_column(case: Case) -> None:
    case.deliver(
        "accounts",
        "account_id,created_at\n1,2024-02-01\n2,2024-02-01T00:00:00Z\n3,2024-02-01 10:00\n4,1706745600\n"
        "5,2024-02-01 00:00:00\n6,2024-02-01T00:00:00-08:00\n",
    )
    assert [row[0] for row in case.rows("created_at", "generic__accounts", LOS_ANGELES)] == [
        at("2024-02-01 08:00:00"),
        at("2024-02-01 00:00:00"),
        at("2024-02-01 10:00:00"),
        at("2024-02-01 00:00:00"),
        # One row has a time of day, so midnight is a time of day too.
        at("2024-02-01 00:00:00"),
        at("2024-02-01 08:00:00"),
    ]


def test_typed_days_of_parquet(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "made.parquet"
    duckdb.execute(
        "copy (select 'a' as account_id, date '2024-02-01' as created_at, timestamp '2024-02-01' as "
        "updated_at) "
        f"to '{path}' (format parquet)"
    )
    case.deliver("accounts", path.read_bytes(), "a.parquet")
    assert case.rows("created_at, updated_at", "generic__accounts", LOS_ANGELES) == [
        (at("2024-02-01 08:00:00"), at("2024-02-01 08:00:00"))
    ]


FORMATS = [
    ("DD/MM/YYYY", "01/02/2024", "2024-02-01 00:00"),
    ("DD/MM/YYYY", "1/2/2024", "2024-02-01 00:00"),
    ("DD/MM/YYYY", "01/02/2024 13:05", "2024-02-01 13:05"),
    ("DD/MM/YYYY", "2024-02-03", "2024-02-03 00:00"),
    ("DD/MM/YYYY", "01/02/24", None),
    ("DD/MM/YYYY", "31/04/2024", None),
    ("DD/MM/YY", "01/02/24", "2024-02-01 00:00"),
    ("M/d/yyyy", "2/1/2024", "2024-02-01 00:00"),
    ("M/d/yyyy h:mm a", "2/1/2024 1:05 PM", "2024-02-01 13:05"),
    ("M/d/yyyy h:mm a", "2/1/2024", "2024-02-01 00:00"),
    ("MM/DD/YYYY hh:mm AM", "02/01/2024 12:00 AM", "2024-02-01 00:00"),
    ("dd.mm.yyyy HH:mm:ss", "01.02.2024 10:11:12", "2024-02-01 10:11:12"),
    ("DD.MM.YYYY HH:MM", "01.02.2024 10:11", "2024-02-01 10:11"),
    ("DD-MMM-YYYY", "01-Feb-2024", "2024-02-01 00:00"),
    ("DD-MMM-YYYY", "1-Feb-24", None),
    ("D MMMM YYYY", "1 February 2024", "2024-02-01 00:00"),
    ("MMM D, YYYY", "Feb 1, 2024", "2024-02-01 00:00"),
    ("YYYYMMDD", "20240201", "2024-02-01 00:00"),
    ("YYYY/MM/DD", "2024/02/01", "2024-02-01 00:00"),
    ("%d %b %Y", "01 Feb 2024", "2024-02-01 00:00"),
]


@pytest.mark.parametrize(("written", "text", "meant"), FORMATS)
def test_formats_of_a_mapping(case: Case, written: str, text: str, meant: str | None) -> None:
    batch = case.deliver(
        "accounts", f'account_id,created_at\na,"{text}"\nb,\n', mapping=f'dates: "{written}"\n'
    )
    assert case.rows("created_at", "generic__accounts")[0][0] == (at(meant) if meant else None)
    assert batch.rows_quarantined == (meant is None)
    if meant and meant.endswith("00:00") and "AM" not in written:
        found = case.rows("created_at", "generic__accounts", LOS_ANGELES)[0][0]
        assert found == at(meant.replace("00:00", "08:00"))


def test_a_date_column_has_no_time_zone(case: Case) -> None:
    case.deliver("fx_rates", "currency,rate_on,rate\nEUR,2024-02-29T00:00:00Z,1.1\n")
    found: list[tuple[Any, ...]] = case.rows("rate_on", "generic__fx_rates", LOS_ANGELES)
    assert found == [(date(2024, 2, 29),)]


SENTINELS = ["1900-01-01", "0001-01-01", "9999-12-31", "0000-00-00", "1970-01-01T00:00:00Z", "1899-12-30",
             "0", "2099-12-31 00:00:00", "1969-12-31T16:00:00-08:00", "2999-12-31 23:59:59"]  # fmt: skip


@pytest.mark.parametrize("text", SENTINELS)
def test_placeholder_dates_are_null(case: Case, text: str) -> None:
    accounts = case.deliver("accounts", f"account_id,created_at\na,{text}\nb,2024-01-01\n")
    assert case.rows("created_at", "generic__accounts") == [(None,), (at("2024-01-01"),)]
    (remark,) = [remark for remark in accounts.remarks if remark.kind == "told"]
    assert (remark.column, remark.rows, remark.line) == ("created_at", 1, 2)
    head = "invoice_id,account_id,currency,amount,issued_at\n"
    invoices = case.deliver("invoices", head + f"1,a,USD,5,{text}\n2,a,USD,5,2024-01-01\n")
    assert case.quarantined(invoices)[0][1:] == ("issued_at", text, "is a placeholder, not a date")


@pytest.mark.parametrize(
    ("others", "meant"),
    [
        (["2023-05-05 10:00", "2023-07-01"], "2023-05-05 00:00"),
        ([], "2022-03-04 00:00"),  # no other period; the first account
    ],
)
def test_a_placeholder_start_becomes_the_first_business_day(
    case: Case, others: list[str], meant: str
) -> None:
    case.deliver("accounts", "account_id,created_at\na,2022-03-04\n")
    rows = "".join(f"s{i},a,USD,5,month,{text}\n" for i, text in enumerate(["1900-01-01", *others]))
    batch = case.deliver("subscription_periods", f"{PERIODS}\n{rows}")
    (remark,) = [remark for remark in batch.remarks if remark.kind == "told"]
    assert (remark.rows, remark.line, remark.value) == (1, 2, "1900-01-01")
    assert case.rows("period_start", "generic__subscription_periods")[0] == (at(meant),)
    local = case.rows("period_start", "generic__subscription_periods", LOS_ANGELES)[0][0]
    assert local.date() == at(meant).date()


def test_without_any_date_the_first_business_day_is_the_fallback(case: Case) -> None:
    case.deliver("subscription_periods", f"{PERIODS}\ns,a,USD,5,month,0001-01-01\n")
    policies = ReadingPolicies(first_day="2024-07-01")
    assert case.rows("period_start", "generic__subscription_periods", policies) == [(at("2024-07-01"),)]
