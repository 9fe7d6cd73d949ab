"""CSV exports of HubSpot's screen load unedited as the objects of its API."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing import land
from tests.unit.landing_case import Case, make_case

COMPANIES = (
    "Record ID,Company name,Company Domain Name,Industry,Company owner,Create Date,Parent Company,"
    "Merged Company IDs,Annual Revenue,Associated Contact IDs\n"
    "9001,One,one.example,Hospital & Health Care,Kim Lee,2024-01-05 14:03,Holding,9002;9003,100.5,7;8\n"
)
CONTACTS = (
    "Record ID,First Name,Last Name,Email,Buying Role,{companies}\n"
    "7,Ann,Lee,ann@one.example,Decision Maker;Champion,{first}\n"
)
DEALS = (
    "Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Close Date,Is Closed Won,"
    "Associated Company IDs (Primary)\n"
    "5,Big one,Closed Won,Sales Pipeline,100,EUR,2024-02-05 14:03,true,9001\n"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def rows(case: Case, folder: str, files: dict[str, str], columns: str) -> list[tuple[object, ...]]:
    contracts = {key: one for key, one in load_contracts().items() if key[0] == "hubspot"}
    for name, text in files.items():
        path = case.settings.landing / "hubspot" / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = land(case.settings, contracts=contracts)
    assert [(batch.status, batch.reason) for batch in report.new] == [("accepted", None)]
    assert report.ignored == ()
    return replace(case, contracts=contracts).rows(columns, f"hubspot__{folder}")


def test_companies_have_the_ids_and_codes_of_the_api(case: Case) -> None:
    columns = "id, name, domain, industry, company_owner, hubspot_owner_id, hs_merged_object_ids, createdate"
    assert rows(
        case, "companies", {"all.csv": COMPANIES}, f"{columns}, _record_id, hs_parent_company_id"
    ) == [
        (
            *("9001", "One", "one.example", "HOSPITAL_HEALTH_CARE", "Kim Lee", None, "9002;9003"),
            *(at("2024-01-05 14:03"), None, None),
        )
    ]


@pytest.mark.parametrize(
    ("companies", "first", "company"),
    [
        ("Associated Company IDs (Primary),Associated Company IDs", "9001,9001;9002", "9001"),
        ("Associated Company IDs,Associated Company IDs (Primary)", "9001;9002,9002", "9002"),
        ("Associated Company IDs", "9001", "9001"),
    ],
)
def test_contacts_have_their_primary_company(case: Case, companies: str, first: str, company: str) -> None:
    text = CONTACTS.format(companies=companies, first=first)
    columns = "id, firstname, email, hs_buying_role, associatedcompanyid"
    assert rows(case, "contacts", {"all.csv": text}, columns) == [
        ("7", "Ann", "ann@one.example", "DECISION_MAKER;CHAMPION", company)
    ]


def test_deals_are_won_by_their_flag(case: Case) -> None:
    columns = "id, hs_is_closed_won, deal_currency_code, closedate, associated_company_id"
    assert rows(case, "deals", {"all.csv": DEALS}, columns) == [
        ("5", True, "EUR", at("2024-02-05 14:03"), "9001")
    ]


def test_a_mapping_gives_labels_of_another_language_and_the_zone_of_the_portal(case: Case) -> None:
    files = {
        "todos.csv": "ID de registro,Nombre de la empresa,Fecha de creación\n9001,Uno,2024-07-05 14:03\n",
        "mapping.yml": "columns: {ID de registro: id, Nombre de la empresa: name, "
        "Fecha de creación: createdate}\n"
        "timezone: Europe/Madrid\n",
    }
    assert rows(case, "companies", files, "id, name, createdate") == [("9001", "Uno", at("2024-07-05 12:03"))]
