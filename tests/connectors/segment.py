"""The facts of the company as the calls of Segment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.connectors.company import Company, utc
from tests.connectors.shapes import Naming, Objects, Record
from tests.connectors.usage_facts import PAGE, Person, UsageEvent

NAMES = {
    "tracks": Naming("track"),
    "identifies": Naming("identify"),
    "groups": Naming("group"),
    "pages": Naming("page"),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "export")

OBJECTS = {"track": "tracks", "identify": "identifies", "group": "groups", "page": "pages"}


def objects(company: Company, ids: dict[int, str]) -> dict[str, list[Record]]:
    """The id of a group is the account's id in the CRM."""
    return by_type(calls(company, ids))


def by_type(found: list[Record]) -> dict[str, list[Record]]:
    return {name: [one for one in found if one["type"] == kind] for kind, name in OBJECTS.items()}


def calls(company: Company, groups: Mapping[int, str], *, with_domains: bool = False) -> list[Record]:
    """All calls. With `with_domains`, group calls tell the domain of the account."""
    domains = {one.number: one.domain for one in company.accounts}
    found = [_event(event, groups, copy) for event in company.usage for copy in range(event.times)]
    seen: set[Person] = set()
    for event in company.usage:
        person = event.person
        if person in seen:
            continue
        seen.add(person)
        common = _common(event, f"{person.key}-first")
        found.append({**common, "type": "page", "name": PAGE, "messageId": f"page-{person.key}"})
        if person.email:
            traits = {"email": person.email, "name": "Somebody"}
            user = {"userId": person.key, "traits": traits}
            found.append({**common, **user, "type": "identify", "messageId": f"identify-{person.key}"})
        if person.account_by == "call" or with_domains:
            call: Record = {"type": "group", "groupId": groups[person.account]}
            call["userId"] = person.key if person.account_by == "call" else None
            call["traits"] = {"domain": domains[person.account]} if with_domains else {"plan": "pro"}
            found.append({**common, **call, "messageId": f"group-{person.key}"})
    return found


def _common(event: UsageEvent, message: str) -> Record:
    return {
        "messageId": message,
        "anonymousId": event.person.browser,
        "userId": None,
        "context": {"ip": "192.0.2.1", "library": {"name": "analytics.js"}},
        "timestamp": utc(event.at),
        "originalTimestamp": utc(event.at),
        "sentAt": utc(event.at),
        "receivedAt": utc(event.received),
    }


def _event(event: UsageEvent, groups: Mapping[int, str], copy: int) -> Record:
    person = event.person
    call = _common(event, f"m{event.number}")
    call |= {"type": "track", "event": event.name, "properties": {"size": copy}}
    if event.is_logged_in:
        call["userId"] = person.key
    if person.account_by == "group":
        call["context"] = {**call["context"], "groupId": groups[person.account]}
    return call


def told(found: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """The warehouse has a table for each type of call, with columns of its own."""
    if shape != "export":
        return found, NAMES
    return {name: [_row(one) for one in records] for name, records in found.items()}, NAMES


def _row(call: Record) -> Record:
    row: dict[str, Any] = {
        "id": call["messageId"],
        "user_id": call["userId"],
        "anonymous_id": call["anonymousId"],
        "context_group_id": call["context"].get("groupId"),
        "context_ip": call["context"]["ip"],
        "timestamp": call["timestamp"],
        "original_timestamp": call["originalTimestamp"],
        "sent_at": call["sentAt"],
        "received_at": call["receivedAt"],
        "uuid_ts": call["receivedAt"],
    }
    if call["type"] == "track":
        row |= {"event": re.sub(r"\W+", "_", call["event"]).lower(), "event_text": call["event"]}
    if call["type"] == "group":
        row["group_id"] = call["groupId"]
    if call["type"] == "page":
        row["name"] = call["name"]
    return row | {name: value for name, value in call.get("traits", {}).items() if name != "name"}
