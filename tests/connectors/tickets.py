"""What the facts of a help desk are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

UPDATED = "2024-06-20T08:00:00Z"
"""When every ticket was last changed."""


@dataclass(frozen=True)
class Event:
    """A public or private comment on a ticket, or a change to a status."""

    at: datetime
    kind: str
    """public, private, or the new status."""
    by: str
    """requester, agent, automation, or left for an agent who has left since."""


@dataclass(frozen=True)
class Ticket:
    """A ticket with its history, which begins at its creation."""

    number: int
    account: int | None
    email: str
    created: datetime
    events: tuple[Event, ...]
    names_company: bool = False
    """True if the ticket itself names the company. Otherwise only its requester does."""
    priority: str | None = "normal"
    category: str | None = "question"
    status: str = "new"
    """Its status at the end."""
    solved: datetime | None = None
    replied: datetime | None = None
    replies: int | None = None
    """Figures that the help desk computes. The history decides where it is known."""
    is_escalated: bool | None = False
    is_spam: bool = False
    is_deleted: bool = False
    merged_into: int | None = None


@dataclass(frozen=True)
class Rating:
    """An offer to rate a ticket, with the scores that were given one after the other."""

    ticket: int
    offered: datetime | None
    scores: tuple[tuple[datetime, int], ...] = ()
    """Of 5."""
