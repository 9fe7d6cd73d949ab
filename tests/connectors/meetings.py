"""Meetings of a small company, as the records of the tools that hold them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.connectors.company import at
from tests.connectors.shapes import Files, Naming, Record

KIM = "kim@us.example"
"""Your own staff."""


@dataclass(frozen=True)
class Meeting:
    """A meeting with the addresses of the others. Kim is in every meeting."""

    id: str
    held: datetime
    minutes: int
    title: str
    others: tuple[str, ...] = ()
    account: str | None = None
    """The account that the recorder found in the CRM."""


RECORDED = (
    Meeting("77823422740259378951", at("2025-11-03 10:00"), 40, "Acme QBR", ("Jo@One.example",)),
    Meeting("5", at("2025-11-05 09:30"), 25, "Kick-off", ("ann@agency.example",), account="A-2"),
)
NOTED = (
    Meeting("64a1", at("2025-11-03 10:09"), 41, "Acme", ("jo@one.example",)),  # the first one again
    Meeting("64a2", at("2025-12-01 15:00"), 20, "Renewal talk", ("bo@gmail.com",)),
    Meeting("64a3", at("2025-12-02 15:00"), 20, "A chat", ("who@nowhere.example",)),
    Meeting("64a4", at("2025-12-03 15:00"), 20, "A chat", ("jo@one.example", "di@two.example")),
)
REPORTED = (
    Meeting("860 1234 5678", at("2025-11-03 09:56"), 45, "Acme", ("jo@one.example",)),  # once more
    Meeting("860 1234 5678", at("2025-11-10 10:00"), 45, "Weekly", ("jo@one.example",)),
    Meeting("860 1234 5678", at("2025-11-17 10:00"), 45, "Weekly", ("jo@one.example", "al@one.example")),
    Meeting("99", at("2025-11-18 10:00"), 15, "Stand-up", ()),
)

CALLS = (
    ("A-1", "2025-11-03T10:00:00Z", 40, "qbr"),
    ("A-2", "2025-11-05T09:30:00Z", 25, "onboarding"),
    ("A-2", "2025-12-01T15:00:00Z", 20, "renewal"),
    ("A-1", "2025-11-10T10:00:00Z", 45, "check_in"),
    ("A-1", "2025-11-17T10:00:00Z", 45, "check_in"),
)
"""What a plain export of calls contains: account, start, minutes, kind."""

GONG = {"calls": Naming("call")}
TLDV = {"meetings": Naming("meeting")}


def gong(meetings: Sequence[Meeting] = RECORDED) -> list[Record]:
    """Gong's list of calls, with the parties and what it found in the CRM."""
    return [
        {
            "metaData": {
                "id": one.id,
                "started": one.held.astimezone(ZoneInfo("America/New_York")).isoformat(),
                "duration": one.minutes * 60,
                "title": one.title,
                "scope": "External",
            },
            "context": [
                {
                    "system": "Salesforce",
                    "objects": [
                        {"objectType": "Opportunity", "objectId": f"006{one.id}"},
                        {"objectType": "Account", "objectId": one.account},
                    ],
                }
            ]
            if one.account
            else [],
            "parties": [
                {"emailAddress": KIM, "name": "Kim Lee", "affiliation": "Internal"},
                *({"emailAddress": mail, "name": None, "affiliation": "External"} for mail in one.others),
            ],
        }
        for one in meetings
    ]


def tldv(meetings: Sequence[Meeting] = NOTED) -> list[Record]:
    return [
        {
            "id": one.id,
            "name": one.title,
            "happenedAt": one.held.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "duration": float(one.minutes * 60),
            "organizer": {"name": "Kim Lee", "email": KIM},
            "invitees": [{"name": "Guest", "email": mail} for mail in one.others],
        }
        for one in meetings
    ]


def zoom(meetings: Sequence[Meeting] = REPORTED) -> Files:
    """The report of meetings and that of their participants, as CSV."""
    rows: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for one in meetings:
        row = {
            "Topic": one.title,
            "Meeting ID": one.id,
            "Start Time": one.held.strftime("%m/%d/%Y %I:%M:%S %p"),
            "End Time": (one.held + timedelta(minutes=one.minutes)).strftime("%m/%d/%Y %I:%M:%S %p"),
            "Duration (Minutes)": one.minutes,
        }
        rows.append({**row, "Participants": len(one.others) + 1})
        for mail in (KIM, *one.others):
            people.append(
                {
                    "Meeting ID": one.id,
                    "Start Time": row["Start Time"],
                    "Name (Original Name)": mail.partition("@")[0],
                    "Email": mail,
                    "Join Time": row["Start Time"],
                    "Guest": "No" if mail == KIM else "Yes",
                }
            )
    return {"meetings/report.csv": text(rows), "participants/report.csv": text(people)}


def text(rows: Sequence[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def the_rest() -> Files:
    """The accounts, contacts and a subscription of the company, as plain exports."""
    accounts = [
        {"account_id": "A-1", "account_name": "One", "domain": "one.example", "is_internal": "false"},
        {"account_id": "A-2", "account_name": "Two", "domain": "two.example", "is_internal": "false"},
        {"account_id": "A-9", "account_name": "Us", "domain": "us.example", "is_internal": "true"},
    ]
    contacts = [{"contact_id": "c1", "account_id": "A-2", "email": "bo@gmail.com"}]
    periods = [
        {
            "subscription_id": "S-1",
            "account_id": "A-1",
            "currency": "USD",
            "unit_amount": "100",
            "interval": "month",
            "period_start": "2025-01-01",
            "period_end": None,
        }
    ]
    found: dict[str, list[dict[str, Any]]] = {
        "accounts": accounts,
        "contacts": contacts,
        "subscription_periods": periods,
    }
    return {f"generic/{name}/a.csv": text(rows) for name, rows in found.items()}


def plain_calls() -> Files:
    rows = [
        {"call_id": f"L-{place}", "account_id": account, "held_at": held, "minutes": minutes, "kind": kind}
        for place, (account, held, minutes, kind) in enumerate(CALLS)
    ]
    return {"generic/calls/a.csv": text(rows)}
