"""The facts of the company as the objects of PostHog."""

from __future__ import annotations

from collections.abc import Iterator

from tests.connectors.company import Company, utc
from tests.connectors.shapes import Naming, Record
from tests.connectors.usage_facts import Person, UsageEvent

NAMES = {
    "events": Naming("event"),
    "persons": Naming("person"),
    "groups": Naming("group"),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "dlt", "singer")


def objects(company: Company, ids: dict[int, str]) -> dict[str, list[Record]]:
    """Groups have ids of their own, and a domain."""
    persons = {event.person: event for event in reversed(company.usage)}
    accounts = {one.account for one in persons}
    domains = {one.number: one.domain for one in company.accounts}
    events = [_event(event) for event in company.usage for _ in range(event.times)]
    events += [call for person, first in persons.items() for call in _calls(person, first)]
    return {
        "events": events,
        "persons": [
            {
                "id": f"p-{person.key}",
                "distinct_ids": [person.browser, *([person.key] if person.email else [])],
                "properties": {"email": person.email, "plan": "pro"},
                "is_identified": person.email is not None,
                "created_at": utc(first.received),
            }
            for person, first in persons.items()
        ],
        "groups": [
            {
                "group_type_index": 0,
                "group_key": _group(account),
                "group_properties": {"domain": domains[account]},
                "created_at": "2024-01-01T00:00:00Z",
            }
            for account in sorted(accounts)
        ]
        # A group of another type is no company.
        + [{"group_type_index": 1, "group_key": "project", "group_properties": {"domain": domains[2]}}],
    }


def _group(account: int) -> str:
    return f"company-{account}"


def _common(event: UsageEvent, uuid: str) -> Record:
    return {"uuid": uuid, "timestamp": utc(event.at), "created_at": utc(event.received)}


def _event(event: UsageEvent) -> Record:
    person = event.person
    properties: Record = {"$lib": "web", "$is_identified": event.is_logged_in}
    if person.account_by == "group":
        group = _group(person.account)
        properties |= {"$groups": {"company": group, "project": "project"}, "$group_0": group}
    return _common(event, f"e{event.number}") | {
        "event": event.name,
        "distinct_id": person.key if event.is_logged_in else person.browser,
        "properties": properties,
    }


def _calls(person: Person, first: UsageEvent) -> Iterator[Record]:
    yield _common(first, f"page-{person.key}") | {
        "event": "$pageview",
        "distinct_id": person.browser,
        "properties": {"$lib": "web", "$is_identified": False},
    }
    if person.email:
        yield _common(first, f"identify-{person.key}") | {
            "event": "$identify",
            "distinct_id": person.key,
            "properties": {
                "$anon_distinct_id": person.browser,
                "$is_identified": True,
                "$set": {"email": person.email},
            },
        }
    if person.account_by == "call":
        yield _common(first, f"group-{person.key}") | {
            "event": "$groupidentify",
            "distinct_id": person.key,
            "properties": {"$group_type": "company", "$group_key": _group(person.account)},
        }
