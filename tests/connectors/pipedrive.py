"""The facts of the company as the objects of Pipedrive's API, version 2."""

from __future__ import annotations

from collections.abc import Iterator

from tests.connectors.company import Company, utc
from tests.connectors.limits import without_parents
from tests.connectors.shapes import Naming, Objects, Record

NAMES = {
    "organizations": Naming("organization", parent_key="id"),
    "persons": Naming("person", lists={"emails": "person_email"}),
    "users": Naming("user"),
}

SHAPES = ("api", "airbyte", "singer", "dlt")

LOSSES = {
    # The hierarchy is a list of its own in Pipedrive, which the connector does not read.
    "An organization does not name its parent.": without_parents,
}

STAMP = "2024-01-05T14:03:11Z"


def account_id(number: int) -> str:
    return str(400 + number)


def objects(company: Company) -> dict[str, list[Record]]:
    return {
        "organizations": list(_organizations(company)),
        "persons": list(_persons(company)),
        "users": [{"id": 7, "name": "Kim Lee", "active_flag": True, "modified": "2024-01-01 08:00:00"}],
    }


def _organizations(company: Company) -> Iterator[Record]:
    for account in company.accounts:
        yield {
            "id": int(account_id(account.number)),
            "name": account.name,
            "owner_id": 7,
            "add_time": utc(account.created),
            "update_time": STAMP,
            "is_deleted": False,
            "visible_to": 3,
            "address": {"value": "Some Street 1", "country": account.country, "postal_code": "1"},
            # Names of the fields, which the API calls by hashes.
            "custom_fields": {
                "Website": f"https://www.{account.domain}",
                "Industry": account.industry,
                "Segment": account.segment,
                "Acquisition channel": account.channel,
                "Is internal": account.is_internal,
            },
        }


def _persons(company: Company) -> Iterator[Record]:
    for account in company.accounts:
        for person in account.contacts:
            yield {
                "id": person.number,
                "name": person.email.partition("@")[0].title(),
                "org_id": int(account_id(account.number)),
                "owner_id": 7,
                "emails": [
                    {"value": f"old.{person.email}", "primary": False, "label": "home"},
                    {"value": person.email, "primary": True, "label": "work"},
                ],
                "job_title": person.role,
                "add_time": utc(account.created),
                "update_time": STAMP,
                "is_deleted": False,
            }
    nobody = {"value": "nobody@nowhere.example", "primary": True, "label": "work"}
    yield {"id": 999, "name": "Nobody", "org_id": None, "emails": [nobody], "update_time": STAMP}


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "airbyte":
        return _version_1(objects), NAMES
    if shape == "dlt":
        # Folders begin with v2_. Plain fields of an organization stand in place of custom_fields.
        return {f"v2_{name}": records for name, records in objects.items()}, {
            f"v2_{name}": Naming(f"v2_{name}") for name in NAMES
        }
    return objects, NAMES


def _version_1(objects: Objects) -> Objects:
    """The connector of Airbyte stayed with version 1 of the API."""
    found: dict[str, list[Record]] = {"users": list(objects["users"])}
    for name in ("organizations", "persons"):
        found[name] = []
        for record in objects[name]:
            one = {key: value for key, value in record.items() if key != "is_deleted"}
            one |= one.pop("custom_fields", {})
            one["active_flag"] = not record.get("is_deleted", False)
            for key in ("add_time", "update_time"):
                if key in one:
                    one[key] = one[key].replace("T", " ").replace("Z", "")
            if one.get("owner_id"):
                one["owner_id"] = {"id": 7, "name": "Kim Lee", "value": 7}
            if one.get("org_id"):
                one["org_id"] = {"name": "its name", "value": one["org_id"]}
            if "address" in one:
                address = one.pop("address")
                one |= {"address": address["value"], "address_country": address["country"]}
            if "emails" in one:
                one["email"] = one.pop("emails")
            found[name].append(one)
    return found
