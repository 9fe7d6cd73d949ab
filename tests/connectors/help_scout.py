"""The facts of the company as the objects of Help Scout's API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.connectors.company import Company, utc
from tests.connectors.shapes import Naming, Objects, Record, in_snake_case
from tests.connectors.ticket_facts import (
    last_solve,
    requesters,
    with_four_statuses,
    without_companies,
    without_escalations,
    without_figures,
    without_merged_tickets,
    without_offers,
    without_priorities,
)
from tests.connectors.tickets import UPDATED, Rating, Ticket

NAMES = {
    "conversations": Naming("conversation", lists={"_embedded.threads": "conversation_thread"}),
    "conversation_threads": Naming("conversation_thread"),
    "happiness_ratings": Naming("happiness_rating"),
    "happiness_ratings_report": Naming("happiness_ratings_report"),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "singer")

LOSSES = {
    "A conversation has no priority and no type.": without_priorities,
    "Help Scout does not escalate conversations.": without_escalations,
    "A merged conversation no longer exists.": without_merged_tickets,
    "Nobody knows who was asked for a rating.": without_offers,
    "Only threads tell of a reply.": without_figures,
}

LIMITS = {
    "A conversation is active, pending or closed.": with_four_statuses,
    "A conversation names no company.": without_companies,
}

WORDS: dict[str, str] = {}

STATUSES = {"open": "active", "pending": "pending", "solved": "closed"}
PERSONS = {"agent": ("user", 9001), "left": ("user", 9002), "automation": ("system_user", 1)}


def ticket_id(number: int) -> str:
    return str(2000000 + number)


def rating_id(rating: Rating) -> str:
    return f"{ticket_id(rating.ticket)}-{_thread_id(rating.ticket, 99)}"


def _thread_id(ticket: int, place: int) -> int:
    return 3000000 + ticket * 100 + place


def objects(company: Company, ids: dict[int, str]) -> dict[str, list[Record]]:
    people = requesters(company)
    kept = [one for one in company.tickets if one.merged_into is None]
    return {
        "conversations": [_conversation(one, people) for one in kept],
        "happiness_ratings": [
            {
                "number": one.ticket,
                "threadid": _thread_id(one.ticket, 99),
                "threadCreatedAt": utc(one.scores[0][0]),
                "id": int(ticket_id(one.ticket)),
                "type": "email",
                "ratingId": {5: 1, 3: 2, 1: 3}[score],
                "ratingCustomerId": people[company.ticket(one.ticket).email],
                "ratingComments": "text",
                "ratingCreatedAt": utc(moment),
            }
            for one in company.ratings
            for moment, score in one.scores
        ],
    }


def _conversation(ticket: Ticket, people: dict[str, int]) -> Record:
    return {
        "id": int(ticket_id(ticket.number)),
        "number": ticket.number,
        "type": "email",
        "status": "spam" if ticket.is_spam else STATUSES.get(ticket.status, "active"),
        "state": "deleted" if ticket.is_deleted else "published",
        "subject": "Export fails",
        "mailboxId": 85,
        "createdAt": utc(ticket.created),
        "closedAt": utc(last_solve(ticket)),
        "userUpdatedAt": UPDATED,
        "source": {"type": "email", "via": "customer"},
        "tags": [],
        "primaryCustomer": {"id": people[ticket.email], "type": "customer", "email": ticket.email},
        "_embedded": {"threads": list(_threads(ticket, people))},
    }


def _threads(ticket: Ticket, people: dict[str, int]) -> Iterator[Record]:
    """Yield the threads: a comment with the status that it sets, or a line item with a status alone."""
    written = {(one.at, one.by) for one in ticket.events if one.kind in ("public", "private")}
    states = {(one.at, one.by): one.kind for one in ticket.events if one.kind in STATUSES}
    for place, event in enumerate(ticket.events):
        is_status = event.kind in STATUSES
        if is_status and (event.at, event.by) in written:
            continue
        kind, number = PERSONS.get(event.by, ("customer", people[ticket.email]))
        types = {"private": "note", "public": "customer" if kind == "customer" else "message"}
        yield {
            "id": _thread_id(ticket.number, place),
            "type": types.get(event.kind, "lineitem"),
            "status": STATUSES.get(states.get((event.at, event.by), ""), "nochange"),
            "state": "published",
            "createdBy": {"id": number, "type": kind, "email": "somebody@desk.example"},
            "createdAt": utc(event.at),
            "body": "text",
        }
        if event.kind == "private":
            draft = {"id": _thread_id(ticket.number, 50 + place), "type": "message", "status": "nochange"}
            author = {"id": 9001, "type": "user"}
            yield draft | {"state": "draft", "createdBy": author, "createdAt": utc(event.at), "body": "text"}


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return what a tool delivers. The tap has names in snake case, and threads of their own."""
    if shape != "singer":
        return objects, NAMES
    found: dict[str, Any] = {"conversations": [], "conversation_threads": []}
    for one in objects["conversations"]:
        record = in_snake_case(one)
        for thread in record.pop("_embedded")["threads"]:
            found["conversation_threads"].append({"conversation_id": one["id"], **thread})
        found["conversations"].append(record)
    words = {"id": "conversation_id", "threadid": "thread_id"}
    found["happiness_ratings_report"] = [
        {words.get(key, key): value for key, value in in_snake_case(one).items()}
        for one in objects["happiness_ratings"]
    ]
    return found, NAMES
