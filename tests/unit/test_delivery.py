"""Messages for people who deliver files: the doctor, templates, and proposals for a mapping."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.cli.doctor import examine
from orchestration.core.database import connect
from orchestration.core.errors import LandingError
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.landing import land
from orchestration.landing.advice.guide import guide_page, write_templates
from orchestration.landing.advice.proposals import propose_mapping
from orchestration.landing.exports import header_of, recognise
from orchestration.landing.withdrawing import withdraw
from orchestration.pipeline.steps import land_step
from orchestration.releases.candidate import Candidate

PERIODS = "subscription_id,account_id,currency,unit_amount,interval,period_start"
ACCOUNTS = "account_id,account_name\na1,One\n"

STRIPE = (
    "id,Customer ID,Customer Email,Plan,Product,Quantity,Interval,Currency,Amount,Status,Cancellation Reason,"
    "Created (UTC),Start Date (UTC),Current Period Start (UTC),Current Period End (UTC),Canceled At (UTC),"
    "Ended At (UTC)\n"
    "sub_1,a1,jo@x.example,price_1,Pro,1,month,usd,49.00,active,,2024-01-05 14:03,2024-01-05 14:03,"
    "2024-06-05 14:03,2024-07-05 14:03,,\n"
    "sub_2,a1,al@x.example,price_1,Pro,1,month,usd,98.00,canceled,too_expensive,2024-02-05 14:03,"
    "2024-02-05 14:03,2024-04-05 14:03,2024-05-05 14:03,2024-04-20 10:00,2024-05-05 14:03\n"
)
HUBSPOT = (
    "Record ID,Company name,Company Domain Name,Industry,Create Date\n"
    "1,One,one.example,TECH,2024-01-05 10:00\n"
)
TYPEFORM = (
    '"#","How likely are you to recommend us?","Start Date (UTC)","Submit Date (UTC)","Network ID"\n'
    "t1,9,2024-04-05 10:00:00,2024-04-05 10:01:00,n1\n"
)


def delivered(home: Path, files: dict[str, str]) -> Settings:
    for name, text in files.items():
        path = home / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_settings(home=home, as_of="2024-07-15", environment={})


def told(settings: Settings, level: str = "") -> str:
    return "\n".join(str(one) for one in examine(settings) if one.level == level or not level)


def test_every_mistake_of_a_file_is_reported_at_once_with_value_and_advice(tmp_path: Path) -> None:
    rows = (
        's1,a1,USD,"99,90",monthly,01/05/2024,cancelled\n'
        "s2,a1,$,8.333333333333334,month,2024-01-01,\n"
        "s3,,USD,1,month,2024-13-01,\n"
    )
    found = told(
        delivered(tmp_path, {"generic/subscription_periods/a.csv": f"{PERIODS},status\n{rows}"}), "FAIL"
    )
    for words in (
        "unit_amount '99,90' has a comma instead of a decimal point (1 row, in line 2)",
        "unit_amount '8.333333333333334' has more than 8 decimals (1 row, in line 3)",
        "interval 'monthly' is not one of day, week, month, year (1 row, in line 2). Write month",
        "status 'cancelled' is not one of",
        "Leave status empty and give period_end.",
        "period_start '01/05/2024' does not start with the year",
        "period_start '2024-13-01' is not a calendar day",
        "currency '$' is not a currency code of three letters",
        "account_id is required and empty (1 row, in line 4)",
    ):
        assert words in found
    assert "decimal(" not in found
    assert "varchar" not in found


def test_a_refusal_of_the_file_does_not_hide_its_wrong_rows(tmp_path: Path) -> None:
    text = (
        "subscription_id;account_id;currency;unit_amount;billing_interval;period_start\n"
        "s1;a1;EUR;1.200;month;2024-01-01\ns2;a1;EURO;99;monthly;2024-13-01\n"
    )
    found = told(delivered(tmp_path, {"generic/subscription_periods/a.csv": text}), "FAIL")
    for words in (
        "required column interval missing",
        "'billing_interval' may be interval: rename it, or map it in mapping.yml",
        "its numbers fit two formats",
        "currency 'EURO' is not a currency code of three letters, such as EUR (1 row, in line 3)",
        "interval 'monthly' is not one of day, week, month, year (1 row, in line 3)",
        "period_start '2024-13-01' is not a calendar day",
    ):
        assert words in found


@pytest.mark.parametrize(
    ("name", "text", "looks_like", "target"),
    [
        ("typeform/r.csv", TYPEFORM, "a Typeform responses export", "generic/survey_responses/"),
        ("typeform/responses/r.csv", TYPEFORM, "a Typeform responses export", "generic/survey_responses/"),
    ],
)
def test_an_export_in_the_wrong_place_is_recognised(
    tmp_path: Path, name: str, text: str, looks_like: str, target: str
) -> None:
    found = told(delivered(tmp_path, {name: text}))
    assert looks_like in found
    assert target in found
    assert "csw landing map" in found
    # A run could build nothing from it, and would report the same.
    assert "generic/subscription_periods: no file has been accepted" in told(
        load_settings(home=tmp_path, environment={}), "FAIL"
    )


@pytest.mark.parametrize(
    "place", ["companies.csv", "hubspot/companies.csv", "crm/companies/c.csv", "generic/plans/c.csv"]
)
@pytest.mark.parametrize("others", ["", ",".join(f"Property {number}" for number in range(100))])
def test_an_export_of_hubspot_is_told_the_folder_of_the_connector(
    tmp_path: Path, place: str, others: str
) -> None:
    """Also an export of all properties, most of which no contract reads."""
    header, row = HUBSPOT.splitlines()
    text = f"{header},{others}\n{row}{',' * others.count(',')},\n" if others else HUBSPOT
    found = told(delivered(tmp_path, {place: text}))
    assert "Put it into the folder hubspot/companies/" in found
    assert "csw landing map" not in found


def test_an_export_of_hubspot_loads_from_the_folder_of_the_connector(tmp_path: Path) -> None:
    found = told(delivered(tmp_path, {"hubspot/companies/c.csv": HUBSPOT}))
    assert "hubspot/companies/c.csv: 1 of 1 row can be loaded" in found
    assert "Put it into" not in found


@pytest.mark.parametrize(
    "place", ["subscriptions.csv", "stripe/subscriptions/s.csv", "generic/accounts/s.csv"]
)
def test_a_file_of_a_connected_system_is_told_its_folder(tmp_path: Path, place: str) -> None:
    """The API's object has amounts in cents, and this export in dollars."""
    found = told(delivered(tmp_path, {place: STRIPE}))
    assert "looks like stripe/subscriptions_export" in found
    assert "Put it into the folder stripe/subscriptions_export/" in found
    assert "csw landing map" not in found


def test_the_doctor_says_what_a_connected_system_lacks_and_who_wrote_its_files(tmp_path: Path) -> None:
    item = (
        '{"id": "sub_1", "customer": "cus_1", "status": "active", "_fivetran_synced": "2024-01-05T00:00:00Z"}'
    )
    found = told(delivered(tmp_path, {"stripe/subscription_history/s.jsonl": item}))
    assert "stripe/subscription_history/s.jsonl: 1 of 1 row can be loaded as stripe/subscriptions" in found
    assert "written by Fivetran" in found
    assert "stripe/invoices: nothing has arrived, so the past is unknown" in found
    assert "no file has been accepted" not in found


@pytest.mark.parametrize(
    ("object_name", "text", "unread"),
    [
        ("subscription_periods", STRIPE, "Customer Email"),
        ("accounts", HUBSPOT, ""),
        ("survey_responses", TYPEFORM, "#"),
        (
            "subscription_periods",
            "Kunde;Vertrag;Betrag;Währung;Start;Ende;Intervall\n"
            "a1;V1;1.200,50;EUR;05.01.2024;31.12.2024;yearly\na1;V2;99,90;EUR;15.02.2024;;monthly\n",
            "",
        ),
    ],
)
def test_a_proposed_mapping_makes_the_export_load(
    tmp_path: Path, object_name: str, text: str, unread: str
) -> None:
    settings = delivered(tmp_path, {f"generic/{object_name}/export.csv": text})
    path = settings.landing / "generic" / object_name / "export.csv"
    found = propose_mapping(path, generic_contracts())
    assert found.object == object_name
    assert not unread or f"Unused columns: {unread}" in found.text
    path.with_name("mapping.yml").write_text(found.text, encoding="utf-8")
    [batch] = land(settings).new
    assert (batch.status, batch.rows_quarantined, batch.reason) == ("accepted", 0, None)


def test_a_proposal_needs_a_file_that_matches_an_object(tmp_path: Path) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("sun,rain\n1,2\n", encoding="utf-8")
    with pytest.raises(LandingError, match=r"weather.csv matches no object. Choose one with --object"):
        propose_mapping(path, generic_contracts())
    with pytest.raises(LandingError, match="There is no object 'wether'"):
        propose_mapping(path, generic_contracts(), "wether")
    assert recognise(header_of(path)) is None


def test_a_proposal_lists_open_decisions(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("account_id,account_name,created_at,updated_at\na,A,31.01.2025,\nb,B,31.04.2025,\n")
    proposal = propose_mapping(path, generic_contracts())
    assert (proposal.object, proposal.looks_like) == ("accounts", None)  # our names suggest no vendor
    assert "dates: DD.MM.YYYY" in proposal.text
    path.write_text("account_id,created_at,updated_at\na,01/02/2025,03/04/2025\n")
    unclear = "# Please decide: created_at fits the formats DD/MM/YYYY and MM/DD/YYYY."
    assert unclear in propose_mapping(path, generic_contracts()).text
    path.write_text("account_id,created_at,updated_at\na,01/02/2025,03/14/2025\n")
    found = propose_mapping(path, generic_contracts()).text
    assert "dates: MM/DD/YYYY" in found
    assert "Please decide" not in found


def test_implausible_deliveries_cause_warnings(tmp_path: Path) -> None:
    prices = "".join(f"s{n},a{n},USD,{50 + n},month,2024-01-0{1 + n % 9},pro\n" for n in range(12))
    odd = "s98,a98,USD,500000,month,2024-01-05,pro\ns99,a2,CHF,10,month,1994-01-05,pro\n"
    names = "".join(f"a{n},N{n}\n" for n in range(12))
    found = told(
        delivered(
            tmp_path,
            {
                "generic/accounts/a.csv": f"account_id,account_name\n{names}",
                "generic/subscription_periods/a.csv": f"{PERIODS},plan_id\n{prices}{odd}",
            },
        ),
        "warn",
    )
    for words in (
        "account a98 has 100% of the money of",
        "some prices are 50 times higher or lower: 1, for instance subscription s98",
        "CHF has no exchange rate to the reporting currency (rows: 1)",
        "rows that start long before the others: 1, the first on 1994-01-05",
        "rows with an account that is missing in generic/accounts: 1 of 14",
    ):
        assert words in found


def test_the_doctor_reports_currencies_that_stop_a_run(tmp_path: Path) -> None:
    periods = f"{PERIODS}\ns1,a1,CHF,10,month,2024-01-01\ns2,a1,CHF,10,month,2024-01-01\n"
    files = {
        "generic/accounts/a.csv": ACCOUNTS,
        "generic/subscription_periods/p.csv": f"{periods}s3,a1,USD,10,month,2024-01-01\n",
    }
    most = (
        "2 of 3 periods are in CHF, without any exchange rate to USD. "
        "A run publishes nothing if most periods lack a rate"
    )
    settings = delivered(tmp_path, files)
    assert most in told(settings, "FAIL")
    with pytest.raises(LandingError, match=most):
        land_step(settings, Candidate("c", tmp_path / "c"))
    old = "CHF has no rate in the 31 days up to 2024-04-30. Month ends without such a rate: 4."
    settings = delivered(
        tmp_path,
        {"generic/fx_rates/f.csv": "currency,rate_on,rate\nCHF,2024-01-31,1.1\nCHF,2024-03-01,1.1\n"},
    )
    assert most not in told(settings)
    assert old in told(settings, "warn")
    rated = replace(settings, policies={"fx_policy": "fixed_rate"})
    assert "has no rate in" not in told(rated)


def test_an_unread_column_is_reported_until_it_is_fixed(tmp_path: Path) -> None:
    path = "generic/subscription_periods/a.csv"
    row = "s1,a1,USD,100,month,2024-01-01,2024-03-01\n"
    settings = delivered(tmp_path, {"generic/accounts/a.csv": ACCOUNTS, path: f"{PERIODS},end_date\n{row}"})
    words = "period_end is missing, so it stays empty and no period ever ends"
    assert words in told(settings, "warn")
    land(settings)
    assert words in told(settings, "warn")
    delivered(tmp_path, {path: f"{PERIODS},period_end\n{row}"})
    land(settings)
    assert words not in told(settings)


def test_the_template_of_every_object_loads(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, environment={})
    written = write_templates(settings.landing, generic_contracts())
    assert len(written) == 2 * len(generic_contracts())
    report = land(settings)
    assert [(one.object, one.rows_loaded) for one in report.accepted] == sorted(
        (name, 1) for _, name in generic_contracts()
    )
    assert not any(remark.kind != "note" for batch in report.new for remark in batch.remarks)


def test_the_page_of_files_is_generated_from_the_contracts() -> None:
    """To write the page again: python -m orchestration.landing.advice.guide > docs/files.md"""
    page = (PROJECT_DIR / "docs" / "files.md").read_text(encoding="utf-8")
    assert page == guide_page(generic_contracts())


def test_the_doctor_writes_nothing_and_reads_each_file_once(tmp_path: Path) -> None:
    settings = delivered(tmp_path, {"generic/accounts/a.csv": ACCOUNTS})
    examine(settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing"]
    land(settings)
    before = sorted(tmp_path.rglob("*"))
    assert "can be loaded" not in told(settings)
    assert sorted(tmp_path.rglob("*")) == before
    shutil.rmtree(tmp_path / "landing")
    with connect() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_the_doctor_does_not_warn_of_a_withdrawn_file(tmp_path: Path) -> None:
    row = "s{0},a{0},USD,{1},month,2024-01-01\n"
    rows = "".join(row.format(number, 10) for number in range(10))
    settings = delivered(
        tmp_path,
        {
            "generic/accounts/a.csv": "account_id\n" + "".join(f"a{number}\n" for number in range(10)),
            "generic/subscription_periods/right.csv": f"{PERIODS}\n{rows}",
            "generic/subscription_periods/wrong.csv": f"{PERIODS}\n{row.format(10, 10**6)}",
        },
    )
    assert "has 100% of the money" in told(settings, "warn")
    land(settings)
    assert "has 100% of the money" in told(settings, "warn")
    withdraw(settings, "wrong.csv", "cents for dollars")
    assert "of the money" not in told(settings)
    assert "wrong.csv: withdrawn by" in told(settings, "ok")
