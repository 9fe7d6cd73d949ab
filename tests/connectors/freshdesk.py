"""The facts of the company as the objects of Freshdesk's API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.connectors.company import Company, utc
from tests.connectors.shapes import Naming, Objects, Record
from tests.connectors.ticket_facts import (
    last_solve,
    requesters,
    without_automations,
    without_merges,
    without_new_tickets,
    without_offers,
    without_status_history,
)
from tests.connectors.tickets import UPDATED, Rating, Ticket

NAMES = {
    "tickets": Naming("ticket"),
    "conversations": Naming("conversation"),
    "companies": Naming("company", lists={"domains": "company_domain"}),
    "contacts": Naming("contact"),
    "satisfaction_ratings": Naming("satisfaction_rating"),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "singer")

LOSSES = {
    "A merged ticket is closed, and nothing says more.": without_merges,
    "Only the last solve of a ticket is known.": without_status_history,
    "Nobody knows who was asked for a rating.": without_offers,
}

LIMITS = {
    "A ticket is open from its start.": without_new_tickets,
    "No automation writes comments.": without_automations,
}

STATUSES = {"open": 2, "pending": 3, "solved": 4, "closed": 5, "hold": 7}
PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
SCORES = {5: 103, 4: 101, 3: 100, 2: -101, 1: -103}

WORDS = {"normal": "medium"}


def ticket_id(number: int) -> str:
    return str(500 + number)


def rating_id(rating: Rating) -> str:
    return str(3000 + rating.ticket)


def objects(company: Company, ids: dict[int, str]) -> dict[str, list[Record]]:
    people = requesters(company)
    return {
        "tickets": [_ticket(one, people) for one in company.tickets],
        "conversations": list(_conversations(company, people)),
        "companies": [
            {
                "id": 600 + one.number,
                "name": one.name,
                "domains": [one.domain],
                "custom_fields": {"hubspot_company_id": ids[one.number]},
                "updated_at": "2024-01-05T14:03:11Z",
            }
            for one in company.accounts
        ],
        "contacts": list(_contacts(company, people)),
        "satisfaction_ratings": [
            {
                "id": int(rating_id(one)),
                "survey_id": 1,
                "user_id": people[company.ticket(one.ticket).email],
                "ticket_id": int(ticket_id(one.ticket)),
                "feedback": "text",
                "ratings": {"default_question": SCORES[score]},
                "created_at": utc(one.scores[0][0]),
                "updated_at": utc(moment),
            }
            for one in company.ratings
            for moment, score in one.scores
        ],
    }


def _ticket(ticket: Ticket, people: dict[str, int]) -> Record:
    comments = [one for one in ticket.events if one.kind == "public" and one.by in ("agent", "left")]
    replies = [one.at for one in comments if one.at > ticket.created]
    return {
        "id": int(ticket_id(ticket.number)),
        "subject": "Export fails",
        "status": STATUSES[ticket.status],
        "priority": PRIORITIES[ticket.priority or "normal"],
        "type": ticket.category,
        "source": 1,
        "company_id": 600 + (ticket.account or 0) if ticket.names_company else None,
        "requester_id": people[ticket.email],
        "is_escalated": ticket.is_escalated,
        "spam": ticket.is_spam,
        "deleted": ticket.is_deleted,
        "created_at": utc(ticket.created),
        "updated_at": UPDATED,
        "stats": {
            "first_responded_at": utc(replies[0] if replies else ticket.replied),
            "resolved_at": utc(last_solve(ticket)),
            "closed_at": None,
        },
    }


def _conversations(company: Company, people: dict[str, int]) -> Iterator[Record]:
    """Yield the replies and notes. The first message of a ticket is its description."""
    for ticket in company.tickets:
        for place, event in enumerate(ticket.events):
            if event.kind in ("public", "private") and event.at > ticket.created:
                is_incoming = event.by == "requester"
                yield {
                    "id": 80000 + ticket.number * 100 + place,
                    "ticket_id": int(ticket_id(ticket.number)),
                    "private": event.kind == "private",
                    "incoming": is_incoming,
                    "source": 2 if event.kind == "private" else 0,
                    "user_id": people[ticket.email] if is_incoming else 9001,
                    "body_text": "text",
                    "created_at": utc(event.at),
                    "updated_at": utc(event.at),
                }


def _contacts(company: Company, people: dict[str, int]) -> Iterator[Record]:
    by_domain = {one.domain: one.number for one in company.accounts}
    for email, number in people.items():
        # A new person has no company yet.
        account = None if email.startswith("new@") else by_domain.get(email.rpartition("@")[2])
        yield {
            "id": number,
            "name": "Somebody",
            "email": email,
            "company_id": 600 + account if account else None,
            "updated_at": "2024-01-05T14:03:11Z",
        }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return what a tool delivers."""
    found: dict[str, Any] = dict(objects)
    if shape == "fivetran":
        found["companies"] = [
            {**one, "domains": [{"domain": text} for text in one["domains"]]} for one in found["companies"]
        ]
    if shape == "dlt":
        del found["conversations"], found["satisfaction_ratings"]
        found["tickets"] = [{key: one[key] for key in one if key != "stats"} for one in found["tickets"]]
    return found, NAMES
