"""The facts of the company as the objects of Salesforce's API."""

from __future__ import annotations

from collections.abc import Iterator

from tests.connectors.company import Company
from tests.connectors.shapes import Naming, Record

NAMES = {
    "Account": Naming("account", parent_key="Id"),
    "Contact": Naming("contact", parent_key="Id"),
    "User": Naming("user", parent_key="Id"),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "singer")

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_id(short: str) -> str:
    """Return the id of 18 characters: each of the last three says which of five characters are capitals."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())
        suffix += _LETTERS[bits]
    return short + suffix


def short_id(number: int, kind: str = "001") -> str:
    return f"{kind}Sm00000Xy{number:03d}"


def account_id(number: int) -> str:
    return long_id(short_id(number))


def objects(company: Company) -> dict[str, list[Record]]:
    return {
        "Account": list(_accounts(company)),
        "Contact": list(_contacts(company)),
        "User": [{"Id": long_id(short_id(1, "005")), "Name": "Kim Lee", "IsActive": True}],
    }


def _accounts(company: Company) -> Iterator[Record]:
    stamp = "2024-01-05T14:03:11.000+0000"
    for account in company.accounts:
        parent = long_id(short_id(account.parent)) if account.parent else None
        yield {
            "Id": long_id(short_id(account.number)),
            "Name": account.name,
            "Website": f"https://www.{account.domain}/home" if account.number % 2 else account.domain,
            "ParentId": parent,
            "Industry": account.industry,
            "BillingCountry": account.country,
            "AccountSource": account.channel,
            "OwnerId": long_id(short_id(1, "005")),
            "Segment__c": account.segment,
            "Is_Internal__c": account.is_internal,
            "CreatedDate": account.created.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "SystemModstamp": stamp,
            "IsDeleted": False,
            "MasterRecordId": None,
        }
    # Two records were merged one after the other into that of account 15.
    for number, master in ((115, 15), (215, 115)):
        yield {
            "Id": long_id(short_id(number)),
            "Name": "Merged (old)",
            "Website": "merged-old.example",
            "CreatedDate": "2023-01-01T00:00:00.000+0000",
            "SystemModstamp": stamp,
            "IsDeleted": True,
            "MasterRecordId": long_id(short_id(master)),
        }


def _contacts(company: Company) -> Iterator[Record]:
    for account in company.accounts:
        for person in account.contacts:
            yield {
                "Id": long_id(short_id(person.number, "003")),
                "AccountId": long_id(short_id(account.number)),
                "Email": person.email,
                "Title": person.role,
                "CreatedDate": "2023-12-02T00:00:00.000+0000",
                "SystemModstamp": "2023-12-02T00:00:00.000+0000",
                "IsDeleted": False,
            }
    yield {
        "Id": long_id(short_id(999, "003")),
        "AccountId": None,
        "Email": "nobody@nowhere.example",
        "CreatedDate": "2023-12-02T00:00:00.000+0000",
        "SystemModstamp": "2023-12-02T00:00:00.000+0000",
        "IsDeleted": False,
    }
