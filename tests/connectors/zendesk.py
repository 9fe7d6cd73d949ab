"""The facts of the company as the objects of Zendesk's API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.connectors.company import Company, utc
from tests.connectors.shapes import Naming, Objects, Record
from tests.connectors.ticket_facts import requesters, without_escalations
from tests.connectors.tickets import UPDATED, Event, Rating, Ticket

NAMES = {
    "tickets": Naming("ticket", lists={"tags": "ticket_tag"}),
    "ticket_comments": Naming("ticket_comment"),
    "ticket_audits": Naming("ticket_audit", lists={"events": "ticket_audit_event"}),
    "ticket_events": Naming("ticket_event", lists={"child_events": "ticket_event_child_event"}),
    "ticket_field_history": Naming("ticket_field_history"),
    "ticket_metrics": Naming("ticket_metric"),
    "organizations": Naming("organization", lists={"domain_names": "domain_name"}),
    "users": Naming("user"),
    "satisfaction_ratings": Naming("satisfaction_rating"),
    "survey_responses": Naming("survey_response", lists={"answers": "survey_response_answer"}),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "singer")

LOSSES = {"Zendesk does not escalate tickets.": without_escalations}

WORDS: dict[str, str] = {}

AUTHORS = {"agent": 9001, "left": 9002, "automation": -1}


def ticket_id(number: int) -> str:
    return str(70000 + number)


def rating_id(rating: Rating) -> str:
    # The last one is an answer to the newer survey.
    return "01J1WB51MG6HXTYWE6Q0C93RNW" if _is_newer(rating) else str(35000 + rating.ticket)


def _is_newer(rating: Rating) -> bool:
    return rating.offered is None


def with_newer_survey(company: Company) -> Company:
    """Nobody knows when the newer survey was sent."""
    found = tuple(replace(one, offered=None) if one.ticket == 3 else one for one in company.ratings)
    return replace(company, ratings=found)


LIMITS = {"The newer survey has no time of the offer.": with_newer_survey}


def objects(company: Company, ids: dict[int, str]) -> dict[str, list[Record]]:
    people = requesters(company)
    tickets = [_ticket(one, people) for one in company.tickets]
    metrics = [_metrics(one) for one in company.tickets if one.replied or one.solved]
    events = [(one, place, event) for one in company.tickets for place, event in enumerate(one.events)]
    return {
        "tickets": tickets,
        "ticket_comments": [
            {"id": _event_id(ticket, place), "ticket_id": int(ticket_id(ticket.number)), "type": "Comment"}
            | {"author_id": _author(ticket, event, people), "public": event.kind == "public", "body": "text"}
            | {"via": {"channel": "email"}, "created_at": utc(event.at)}
            for ticket, place, event in events
            if event.kind in ("public", "private")
        ],
        "ticket_audits": [
            {
                "id": _event_id(ticket, place) + 500,
                "ticket_id": int(ticket_id(ticket.number)),
                "created_at": utc(event.at),
                "author_id": _author(ticket, event, people),
                "via": {"channel": "web"},
                "events": [_audit_event(ticket, place, event)],
            }
            for ticket, place, event in events
        ],
        "ticket_metrics": metrics,
        "organizations": [
            {
                "id": 360000 + one.number,
                "name": one.name,
                "external_id": ids[one.number],
                "domain_names": [one.domain, f"mail.{one.domain}"],
                "organization_fields": {"tier": one.segment},
                "updated_at": "2024-01-05T14:03:11Z",
                "deleted_at": None,
            }
            for one in company.accounts
        ],
        "users": list(_users(company, people)),
        "satisfaction_ratings": [row for one in company.ratings for row in _ratings(one, company, people)],
        "survey_responses": [
            _survey_response(one, company, people) for one in company.ratings if _is_newer(one)
        ],
    }


def _event_id(ticket: Ticket, place: int) -> int:
    return 100000 + ticket.number * 1000 + place


def _author(ticket: Ticket, event: Event, people: dict[str, int]) -> int:
    return people[ticket.email] if event.by == "requester" else AUTHORS[event.by]


def _audit_event(ticket: Ticket, place: int, event: Event) -> Record:
    if event.kind in ("public", "private"):
        return {"id": _event_id(ticket, place), "type": "Comment", "public": event.kind == "public"}
    kind = "Create" if event.at == ticket.created else "Change"
    return {"id": _event_id(ticket, place), "type": kind, "field_name": "status", "value": event.kind}


def _ticket(ticket: Ticket, people: dict[str, int]) -> Record:
    deleted = ticket.is_deleted or ticket.is_spam
    return {
        "id": int(ticket_id(ticket.number)),
        "subject": "SCRUBBED" if deleted else "Export fails",
        "via": {"channel": "email"},
        "priority": ticket.priority,
        "type": ticket.category,
        "status": "deleted" if deleted else ticket.status,
        "organization_id": 360000 + (ticket.account or 0) if ticket.names_company else None,
        "requester_id": people[ticket.email],
        "assignee_id": 9001,
        "tags": ["vip", *(["closed_by_merge"] if ticket.merged_into else [])],
        "created_at": utc(ticket.created),
        "updated_at": UPDATED,
        "generated_timestamp": 1718000000,
    }


def _metrics(ticket: Ticket) -> Record:
    assert ticket.replied
    minutes = int((ticket.replied - ticket.created).total_seconds() / 60)
    return {
        "id": 81000 + ticket.number,
        "ticket_id": int(ticket_id(ticket.number)),
        "reply_time_in_minutes": {"calendar": minutes, "business": 1},
        "solved_at": utc(ticket.solved),
        "updated_at": utc(ticket.solved),
    }


def _users(company: Company, people: dict[str, int]) -> Iterator[Record]:
    by_domain = {one.domain: one.number for one in company.accounts}
    stamp = {"updated_at": "2024-01-05T14:03:11Z"}
    for email, number in people.items():
        # A new person has no organization yet.
        account = None if email.startswith("new@") else by_domain.get(email.rpartition("@")[2])
        organization = 360000 + account if account else None
        yield {"id": number, "email": email, "role": "end-user", "organization_id": organization} | stamp
    yield {"id": 9001, "email": "kim@desk.example", "role": "agent", "organization_id": None} | stamp
    yield {"id": 9002, "email": None, "role": "end-user", "organization_id": None} | stamp


def _ratings(rating: Rating, company: Company, people: dict[str, int]) -> Iterator[Record]:
    """Yield the versions of a rating of the older survey, of which the newer one leaves a copy."""
    row = {
        "id": 35000 + rating.ticket,
        "ticket_id": int(ticket_id(rating.ticket)),
        "requester_id": people[company.ticket(rating.ticket).email],
        "created_at": utc(rating.offered or rating.scores[0][0]),
    }
    if not rating.scores:
        yield row | {"score": "offered", "updated_at": row["created_at"]}
    for moment, score in rating.scores:
        yield row | {"score": "good" if score > 3 else "bad_with_comment", "updated_at": utc(moment)}


def _survey_response(rating: Rating, company: Company, people: dict[str, int]) -> Record:
    moment, score = rating.scores[-1]
    stamp = {"created_at": utc(moment), "updated_at": utc(moment)}
    return {
        "id": rating_id(rating),
        "survey_id": "01J58KJ9RAE0D2EK7HRVM7Z8F2",
        "responder_id": people[company.ticket(rating.ticket).email],
        "subject_zrns": [f"zen:ticket:{ticket_id(rating.ticket)}"],
        "answers": [
            {"type": "rating_scale", "rating": score, "rating_category": "good", "question": {"id": "q1"}}
            | stamp,
            {"type": "open_ended", "value": "text", "question": {"id": "q2"}} | stamp,
        ],
    }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return what a tool delivers: each has another history."""
    found: dict[str, Any] = dict(objects)
    if shape == "fivetran":
        found["ticket_field_history"] = list(_field_history(found.pop("ticket_audits")))
        del found["survey_responses"], found["ticket_metrics"]
        tags = {"tickets": ("tags", "tag"), "organizations": ("domain_names", "domain_name")}
        for name, (way, key) in tags.items():
            found[name] = [{**one, way: [{key: text} for text in one[way]]} for one in found[name]]
    if shape == "dlt":
        found["ticket_events"] = [_ticket_event(one) for one in found.pop("ticket_audits")]
        del found["survey_responses"]
    return found, NAMES


def _field_history(audits: list[Record]) -> Iterator[Record]:
    for audit in audits:
        for event in audit["events"]:
            if event["type"] != "Comment":
                yield {
                    "ticket_id": audit["ticket_id"],
                    "field_name": event["field_name"],
                    "updated": audit["created_at"],
                    "value": event["value"],
                    "user_id": audit["author_id"],
                }


def _ticket_event(audit: Record) -> Record:
    children = []
    for event in audit["events"]:
        child = {"id": event["id"], "event_type": event["type"]}
        if event["type"] == "Comment":
            child |= {"comment_present": True, "comment_public": event["public"]}
        else:
            child |= {"status": event["value"]}
        children.append(child)
    return {
        "id": audit["id"],
        "ticket_id": audit["ticket_id"],
        "created_at": audit["created_at"],
        "updater_id": audit["author_id"],
        "child_events": children,
    }
