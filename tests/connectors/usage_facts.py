"""What people do in the product of the fixture company, and what a tracking system cannot know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

PAGE = "Home"
"""Name of the page that everybody views. Nobody lists it, so it shows no activity."""


@dataclass(frozen=True)
class Person:
    """Somebody in the product."""

    key: str
    account: int
    email: str | None = None
    """None for a visitor who never logs in."""
    account_by: str = "group"
    """What names the account: the group of each event, a group call of the user, or the address."""

    @property
    def browser(self) -> str:
        return f"browser-{self.key}"


@dataclass(frozen=True)
class UsageEvent:
    """Something that a person does. It is sent as often as `times` says."""

    number: int
    person: Person
    name: str
    at: datetime
    """By the clock of the device."""
    received: datetime
    is_logged_in: bool = True
    times: int = 1

    @property
    def happened(self) -> datetime:
        return min(self.at, self.received)


def the_persons() -> tuple[Person, ...]:
    return (
        Person("u10", 1, "ann@plain.example"),
        Person("u11", 1, "bob@plain.example"),
        Person("u31", 3, "Bob@Yen.example"),
        Person("u90", 3, "freelancer@gmail.com", account_by="call"),
        Person("u91", 5, "cy@trial.example", account_by="address"),
        Person("v1", 7),
        Person("u180", 18, "dev@internal.example"),
    )


def the_usage() -> tuple[UsageEvent, ...]:
    return tuple(_usage())


def _usage() -> Iterator[UsageEvent]:
    start = datetime.fromisoformat("2024-03-04T09:00:00+00:00")
    number = 0
    for place, person in enumerate(the_persons()):
        for week in range(0, 60, place + 2):
            for minute, name in enumerate(("Report Created", "Export", "Report Created")):
                at = start + timedelta(weeks=week, days=place, minutes=25 * minute)
                number += 1
                yield UsageEvent(
                    number,
                    person,
                    name,
                    # Some devices are a year ahead.
                    at + timedelta(days=365) if number % 11 == 0 else at,
                    at + timedelta(seconds=2),
                    # Every session begins before the login.
                    is_logged_in=person.email is not None and minute > 0,
                    times=2 if number % 5 == 0 else 1,
                )
