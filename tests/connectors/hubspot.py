"""The facts of the company as the objects of HubSpot's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.connectors.company import Company, utc
from tests.connectors.limits import without_parents
from tests.connectors.shapes import Naming, Objects, Record

NAMES = {"companies": Naming("company"), "contacts": Naming("contact"), "owners": Naming("owner")}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "export")

EXPORT_LOSSES = {"An export names no parent company.": without_parents}

LABELS = {
    "companies": {
        "hs_object_id": "Record ID",
        "name": "Company name",
        "domain": "Company Domain Name",
        "country": "Country/Region",
        "industry": "Industry",
        "hs_analytics_source": "Original Traffic Source",
        "hubspot_owner_id": "Company owner",
        "segment": "Segment",
        "is_internal": "Is internal",
        "createdate": "Create Date",
        "hs_lastmodifieddate": "Last Modified Date",
        "hs_merged_object_ids": "Merged Company IDs",
    },
    "contacts": {
        "hs_object_id": "Record ID",
        "email": "Email",
        "firstname": "First Name",
        "lastname": "Last Name",
        "jobtitle": "Job Title",
        "createdate": "Create Date",
        "lastmodifieddate": "Last Modified Date",
    },
}
"""By object and property: its header in an English export."""

WORDS = {
    "Software": "computer_software",
    "Retail": "retail",
    "referral": "referrals",
    "search": "organic_search",
}
"""HubSpot has codes of its own for industries and sources. The connector spells them in lower case."""

STAMP = "2024-01-05T14:03:11.000Z"


def account_id(number: int) -> str:
    return str(9_000_000_000 + number)


def objects(company: Company) -> dict[str, list[Record]]:
    owner = {
        "id": "77",
        "email": "kim@own.example",
        "firstName": "Kim",
        "lastName": "Lee",
        "userId": 5,
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "archived": False,
    }
    return {
        "companies": list(_companies(company)),
        "contacts": list(_contacts(company)),
        "owners": [owner],
    }


def _companies(company: Company) -> Iterator[Record]:
    for account in company.accounts:
        properties = {
            "hs_object_id": account_id(account.number),
            "name": account.name,
            "domain": account.domain,
            "country": account.country,
            "industry": WORDS[account.industry].upper(),
            "hs_analytics_source": WORDS[account.channel].upper(),
            "hubspot_owner_id": "77",
            "hs_parent_company_id": account_id(account.parent) if account.parent else "",
            "segment": account.segment,
            "is_internal": "true" if account.is_internal else "",
            "createdate": utc(account.created),
            "hs_lastmodifieddate": STAMP,
            # The record of account 15 swallowed two others, one after the other.
            "hs_merged_object_ids": f"{account_id(115)};{account_id(215)}" if account.number == 15 else "",
        }
        yield _record(account_id(account.number), properties, account.created)


def _contacts(company: Company) -> Iterator[Record]:
    for account in company.accounts:
        for person in account.contacts:
            name = person.email.partition("@")[0].title()
            links = [{"id": account_id(account.number), "type": "contact_to_company"}]
            if person.decides:
                links.append({"id": account_id(1), "type": "contact_to_company_unlabeled"})
            yield _record(
                str(person.number),
                {
                    "hs_object_id": str(person.number),
                    "email": person.email,
                    "firstname": name,
                    "lastname": "",
                    "jobtitle": person.role,
                    "associatedcompanyid": account_id(account.number),
                    "createdate": STAMP,
                    "lastmodifieddate": STAMP,
                },
                account.created,
            ) | {"associations": {"companies": {"results": links}}}
    nobody = {"hs_object_id": "999", "email": "nobody@nowhere.example", "createdate": STAMP}
    nobody["lastmodifieddate"] = STAMP
    yield _record("999", nobody, company.accounts[0].created)


def _record(name: str, properties: dict[str, Any], created: Any) -> Record:
    return {
        "id": name,
        "properties": properties,
        "createdAt": utc(created),
        "updatedAt": STAMP,
        "archived": False,
    }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "fivetran":
        return _fivetran(objects)
    if shape == "export":
        return {name: [_exported(name, one) for one in objects[name]] for name in LABELS}, NAMES
    found: dict[str, list[Record]] = {}
    for name, records in objects.items():
        found[name] = []
        for record in records:
            one = dict(record)
            properties: Record = one.get("properties", {})
            links = one.get("associations", {}).get("companies", {}).get("results", ())
            if shape == "airbyte":
                one.pop("associations", None)
                one |= {f"properties_{key}": value for key, value in properties.items()}
                one["companies"] = [link["id"] for link in links]
            elif shape == "dlt":
                # Properties are at the top. A list of associated records has the id of each side.
                one = {**properties, "id": one["id"]} if properties else one
                if links:
                    one["companies"] = [{"value": one["id"], "companies_id": link["id"]} for link in links]
            found[name].append(one)
    return found, NAMES


def _fivetran(objects: Objects) -> tuple[Objects, dict[str, Naming]]:
    types = {"contact_to_company": 1, "contact_to_company_unlabeled": 279}
    found: dict[str, list[Record]] = {
        name: [
            {"id": one["id"], "is_deleted": one["archived"]}
            | {f"property_{key}": value for key, value in one["properties"].items()}
            for one in objects[name]
        ]
        for name in ("companies", "contacts")
    }
    found["contact_company"] = [
        {"contact_id": one["id"], "company_id": link["id"], "type_id": types[link["type"]]}
        for one in objects["contacts"]
        for link in one.get("associations", {}).get("companies", {}).get("results", ())
    ]
    found["owners"] = [
        {
            "owner_id": one["id"],
            "email": one["email"],
            "first_name": one["firstName"],
            "last_name": one["lastName"],
            "created_at": one["createdAt"],
            "updated_at": one["updatedAt"],
        }
        for one in objects["owners"]
    ]
    return found, NAMES | {"contact_company": Naming("contact_company")}


def _exported(name: str, record: Record) -> Record:
    """A row of an export: labels of options, names of owners, minutes in the zone of the portal (UTC)."""
    properties = record["properties"]
    row = {label: properties.get(key, "") for key, label in LABELS[name].items()}
    for label in ("Industry", "Original Traffic Source"):
        if label in row:
            row[label] = row[label].replace("_", " ").title()
    for label in ("Create Date", "Last Modified Date"):
        row[label] = datetime.fromisoformat(row[label]).strftime("%Y-%m-%d %H:%M")
    if name == "companies":
        return row | {"Company owner": "Kim Lee", "Associated Contact": "Ann;Bob"}
    links = [link["id"] for link in record.get("associations", {}).get("companies", {}).get("results", ())]
    primary = properties.get("associatedcompanyid", "")
    return row | {
        "Associated Company IDs (Primary)": primary,
        "Associated Company IDs": ";".join(links),
        "Associated Company": "Names Ltd",
    }
