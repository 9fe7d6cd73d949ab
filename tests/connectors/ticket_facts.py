"""The tickets of the company and their ratings, and what help desks cannot say about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.connectors.company import Company, at
from tests.connectors.tickets import Event, Rating, Ticket

SOLVED = ("solved", "closed")


def _ticket(
    number: int, account: int | None, email: str, start: str, *events: tuple[str, str, str], **more: Any
) -> Ticket:
    """Return a ticket whose first event has the time of its creation."""
    history = tuple(Event(at(day), kind, by) for day, kind, by in events)
    return with_status(Ticket(number, account, email, at(start), history, **more))


def with_status(ticket: Ticket) -> Ticket:
    """Return the ticket with the status in which its history ends."""
    statuses = [one.kind for one in ticket.events if one.kind not in ("public", "private")]
    return replace(ticket, status=statuses[-1]) if statuses else ticket


def asked(start: str) -> tuple[tuple[str, str, str], ...]:
    return (start, "public", "requester"), (start, "new", "requester")


def the_tickets() -> tuple[Ticket, ...]:
    return tuple(_tickets())


def _tickets() -> Iterator[Ticket]:
    friday, monday, tuesday = "2024-03-08", "2024-03-11", "2024-03-12"
    # The private note is first, the customer's answer is no reopen, and one reopen is.
    yield _ticket(
        1,
        1,
        "ann@plain.example",
        f"{friday} 16:30",
        *asked(f"{friday} 16:30"),
        (f"{friday} 16:40", "private", "agent"),
        (f"{monday} 09:30", "public", "agent"),
        (f"{monday} 09:30", "pending", "agent"),
        (f"{monday} 12:30", "public", "requester"),
        (f"{monday} 12:30", "open", "requester"),
        (f"{monday} 13:00", "solved", "agent"),
        (f"{tuesday} 10:00", "open", "requester"),
        (f"{tuesday} 11:00", "solved", "agent"),
        ("2024-03-16 11:00", "closed", "automation"),
        names_company=True,
    )
    # The follow-up of a closed ticket is a ticket of its own.
    start = "2024-03-20 09:00"
    yield _ticket(2, 1, "ann@plain.example", start, *asked(start), priority="urgent")
    # An agent opened it, so the second comment of an agent is the first reply.
    yield _ticket(
        3,
        2,
        "bob@yearly.example",
        "2024-04-02 08:00",
        ("2024-04-02 08:00", "public", "agent"),
        ("2024-04-02 08:00", "open", "agent"),
        ("2024-04-02 09:15", "public", "agent"),
        ("2024-04-02 10:00", "solved", "agent"),
        is_escalated=True,
    )
    for number, account, email in ((4, 7, "ann@coupon.example"), (5, 8, "ann@levels.example")):
        start = f"2024-05-0{number} 08:00"
        yield _ticket(
            number,
            account,
            email,
            start,
            *asked(start),
            (f"2024-05-0{number} 08:30", "public", "agent"),
            (f"2024-05-0{number} 09:00", "solved", "agent"),
        )
    # The agent has left since.
    yield _ticket(
        6,
        10,
        "ann@sudden.example",
        "2024-06-03 08:00",
        *asked("2024-06-03 08:00"),
        ("2024-06-03 08:10", "private", "left"),
        ("2024-06-03 08:20", "public", "left"),
        ("2024-06-03 09:00", "solved", "left"),
    )
    # A person of the daughter writes, and the ticket is that of the parent.
    yield _ticket(
        7, 1, "ann@daughter.example", "2024-06-10 08:00", *asked("2024-06-10 08:00"), names_company=True
    )
    yield _ticket(8, 15, "bob@merged.example", "2024-06-11 08:00", *asked("2024-06-11 08:00"))
    # Merged into the next one.
    yield _ticket(
        9,
        3,
        "ann@yen.example",
        "2024-06-12 08:00",
        *asked("2024-06-12 08:00"),
        ("2024-06-12 08:30", "private", "agent"),
        ("2024-06-12 08:30", "closed", "agent"),
        merged_into=10,
    )
    yield _ticket(
        10,
        3,
        "ann@yen.example",
        "2024-06-12 08:10",
        *asked("2024-06-12 08:10"),
        ("2024-06-12 09:00", "public", "automation"),
        ("2024-06-12 10:00", "public", "agent"),
        ("2024-06-12 10:00", "hold", "agent"),
    )
    yield _ticket(11, None, "win@spam.example", "2024-06-13 08:00", *asked("2024-06-13 08:00"), is_spam=True)
    yield _ticket(12, 4, "ann@dinar.example", "2024-06-14 08:00", *asked("2024-06-14 08:00"), is_deleted=True)
    # Nobody knows the person. Nobody knows this one either, but her address is one of the company.
    yield _ticket(13, None, "me@gmail.com", "2024-06-15 08:00", *asked("2024-06-15 08:00"))
    yield _ticket(14, 5, "new@trial.example", "2024-06-16 08:00", *asked("2024-06-16 08:00"))
    # Only the help desk's own figures are known.
    yield _ticket(
        15,
        12,
        "ann@paused.example",
        "2024-06-17 08:00",
        status="solved",
        replied=at("2024-06-17 08:45"),
        solved=at("2024-06-17 12:00"),
    )


def the_ratings() -> tuple[Rating, ...]:
    return (
        Rating(4, at("2024-05-04 10:00"), ((at("2024-05-04 11:00"), 5), (at("2024-05-06 11:00"), 1))),
        Rating(5, at("2024-05-05 10:00")),
        Rating(6, at("2024-06-03 10:00"), ((at("2024-06-04 10:00"), 1),)),
        Rating(3, at("2024-04-02 12:00"), ((at("2024-04-02 13:00"), 5),)),
    )


def _each(company: Company, change: Callable[[Ticket], Ticket]) -> Company:
    return replace(company, tickets=tuple(change(one) for one in company.tickets))


def without_escalations(company: Company) -> Company:
    return _each(company, lambda one: replace(one, is_escalated=None))


def without_offers(company: Company) -> Company:
    """Return only the ratings with a score."""
    found = tuple(replace(one, offered=None) for one in company.ratings if one.scores)
    return replace(company, ratings=found)


def without_merges(company: Company) -> Company:
    return _each(company, lambda one: replace(one, merged_into=None))


def without_merged_tickets(company: Company) -> Company:
    return replace(company, tickets=tuple(one for one in company.tickets if one.merged_into is None))


def without_priorities(company: Company) -> Company:
    return _each(company, lambda one: replace(one, priority=None, category=None))


def without_companies(company: Company) -> Company:
    """A ticket belongs to the account of its requester, whatever it names."""
    by_domain = {one.domain: one.number for one in company.accounts}

    def of_requester(ticket: Ticket) -> Ticket:
        domain = ticket.email.rpartition("@")[2]
        return replace(ticket, account=by_domain.get(domain), names_company=False)

    return _each(company, of_requester)


def without_automations(company: Company) -> Company:
    def by_persons(ticket: Ticket) -> Ticket:
        kept = tuple(one for one in ticket.events if one.by != "automation" or one.kind != "public")
        return replace(ticket, events=kept)

    return _each(company, by_persons)


def without_status_history(company: Company) -> Company:
    """Only the last solve is known, and the first comment is part of the ticket."""

    def cut(ticket: Ticket) -> Ticket:
        kept = tuple(
            one for one in ticket.events if one.kind in ("public", "private") and one.at > ticket.created
        )
        replies = sum(one.kind == "public" and one.by in ("agent", "left") for one in kept)
        return replace(ticket, events=kept, solved=last_solve(ticket), replies=replies)

    return _each(company, cut)


def last_solve(ticket: Ticket) -> datetime | None:
    """Return when the ticket was solved for the last time, if it is solved."""
    if ticket.status not in SOLVED:
        return None
    solved, was_solved = ticket.solved, False
    for one in ticket.events:
        if one.kind in ("public", "private"):
            continue
        if one.kind in SOLVED and not was_solved:
            solved = one.at
        was_solved = one.kind in SOLVED
    return solved


def with_four_statuses(company: Company) -> Company:
    """A ticket is open from its start, and never on hold or closed for good."""
    words = {"new": "open", "hold": "pending"}

    def plain(ticket: Ticket) -> Ticket:
        kept: list[Event] = []
        was_solved = False
        for one in ticket.events:
            if one.kind == "closed" and was_solved:
                continue
            kind = "solved" if one.kind == "closed" else words.get(one.kind, one.kind)
            was_solved = kind == "solved" if kind not in ("public", "private") else was_solved
            kept.append(replace(one, kind=kind))
        return with_status(replace(ticket, events=tuple(kept)))

    return _each(company, plain)


def without_new_tickets(company: Company) -> Company:
    """A ticket is open from its start."""

    def opened(ticket: Ticket) -> Ticket:
        events = tuple(replace(one, kind="open") if one.kind == "new" else one for one in ticket.events)
        return with_status(replace(ticket, events=events))

    return _each(company, opened)


def without_figures(company: Company) -> Company:
    """Only times of solves are known without a history."""
    return _each(company, lambda one: replace(one, replied=None))


def requesters(company: Company) -> dict[str, int]:
    """Return the persons who ask for help, with a number for each."""
    emails = dict.fromkeys(one.email for one in company.tickets)
    return {email: 4000 + place for place, email in enumerate(emails)}
