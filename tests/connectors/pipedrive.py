"""The facts of the company as the objects of Pipedrive's API, version 2."""

from __future__ import annotations

import hashlib
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

FIELDS = ("Website", "Industry", "Segment", "Acquisition channel", "Is internal")
"""Fields of its own that the company has. Pipedrive calls each by a key of 40 digits."""

STAMP = "2024-01-05T14:03:11Z"


def key_of(field: str) -> str:
    return hashlib.sha1(field.encode(), usedforsecurity=False).hexdigest()


def mappings(shape: str) -> dict[str, str]:
    """Return the mapping that names the fields, unless the tool names them."""
    if shape == "dlt":
        return {}
    columns = "".join(f"  {key_of(name)}: {name.lower().replace(' ', '_')}\n" for name in FIELDS)
    return {"organizations/mapping.yml": f"columns:\n{columns}"}


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
            "custom_fields": {
                key_of("Website"): f"https://www.{account.domain}",
                key_of("Industry"): account.industry,
                key_of("Segment"): account.segment,
                key_of("Acquisition channel"): account.channel,
                key_of("Is internal"): account.is_internal,
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
        # Folders begin with v2_.
        named = {f"v2_{name}": list(map(_named, records)) for name, records in objects.items()}
        return named, {name: Naming(name) for name in named}
    return objects, NAMES


def _named(record: Record) -> Record:
    """dlt gives the fields their names."""
    names = {key_of(name): name.lower().replace(" ", "_") for name in FIELDS}
    if "custom_fields" not in record:
        return record
    own = {names[key]: value for key, value in record["custom_fields"].items()}
    return {**record, "custom_fields": own}


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
