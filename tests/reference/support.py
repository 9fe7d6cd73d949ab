"""The help desk in plain Python: tickets from their events and columns, business time by counting ticks.

Nothing here follows the SQL. A tick counts if the wall clock of the schedule is within an opening.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]

TICK = 20
"""Seconds. All instants of the test are multiples of it."""

SOLVED = ("solved", "closed")


class Clock:
    """Business time of a schedule from `start` on, tick by tick."""

    def __init__(
        self,
        openings: Iterable[tuple[int, str, str]],
        holidays: Iterable[date],
        zone: str,
        start: datetime,
        days: int,
    ) -> None:
        hours: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for weekday, opens, closes in openings:
            hours[weekday].append((_seconds(opens), _seconds(closes)))
        closed = set(holidays)
        self._start = start
        self._open = bytearray()
        tick = start.replace(tzinfo=UTC)
        place = ZoneInfo(zone)
        for _ in range(days * 86400 // TICK):
            wall = tick.astimezone(place)
            second = wall.hour * 3600 + wall.minute * 60 + wall.second
            today = hours[wall.isoweekday()] if wall.date() not in closed else ()
            self._open.append(any(opens <= second < closes for opens, closes in today))
            tick += timedelta(seconds=TICK)

    def minutes(self, first: datetime, last: datetime) -> float:
        """Business minutes between two instants."""
        begin, end = (int((one - self._start).total_seconds()) // TICK for one in (first, last))
        assert 0 <= begin <= end <= len(self._open)
        return sum(self._open[begin:end]) * TICK / 60


def _seconds(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 3600 + int(minute) * 60


@dataclass(frozen=True)
class Desk:
    """What is delivered, and the instant of the run."""

    tickets: Sequence[Row]
    events: Sequence[Row]
    answers: Sequence[Row]
    clock: Clock
    as_of: datetime


def expected_tickets(desk: Desk) -> dict[str, dict[str, Any]]:
    """The expected row of every ticket that counts, by ticket."""
    return {
        ticket["ticket_id"]: _ticket(desk, ticket)
        for ticket in desk.tickets
        if ticket["created_at"] <= desk.as_of
        and not ticket.get("is_spam")
        and not ticket.get("is_deleted")
        and not ticket.get("merged_into_ticket_id")
    }


def history(desk: Desk, ticket: Row) -> list[tuple[datetime, str]] | None:
    """When the ticket took which status, from its creation on; None if no change of status was delivered."""
    changes = [
        event
        for event in desk.events
        if event["ticket_id"] == ticket["ticket_id"] and event["event_type"] == "status"
    ]
    if not changes:
        return None
    known = sorted(
        (
            max(event["occurred_at"], ticket["created_at"]),
            event["occurred_at"],
            event["event_id"],
            event["status"],
        )
        for event in changes
        if event["occurred_at"] <= desk.as_of
    )
    return [(ticket["created_at"], "new"), *((at, status) for at, _, _, status in known)]


def _ticket(desk: Desk, ticket: Row) -> dict[str, Any]:
    created, as_of = ticket["created_at"], desk.as_of
    is_known = (ticket.get("updated_at") or created) <= as_of

    def time(name: str) -> datetime | None:
        at = ticket.get(name)
        return at if at is not None and created <= at <= as_of else None

    def count(name: str) -> Any:
        return ticket.get(name) if is_known else None

    steps = history(desk, ticket)
    found: dict[str, Any] = {
        "account_id": ticket.get("account_id"),
        "requester_wait_minutes": None,
        "agent_wait_minutes": None,
        "on_hold_minutes": None,
        "requester_wait_business_minutes": None,
        "agent_wait_business_minutes": None,
        "is_escalated": count("is_escalated"),
    }
    if steps is None:
        solved = time("solved_at")
        once = ticket.get("reopens") == 0
        status = ticket.get("status") or ("solved" if ticket.get("solved_at") else "open")
        if (ticket.get("solved_at") or created) > as_of:
            status = "open"
        elif not is_known:
            status = "solved" if solved else "open"
        known = [at for at in (time("first_solved_at"), solved) if at is not None]
        first = min(known) if known and (once or time("first_solved_at")) else None
        last = max(known) if known and (once or solved) and status in SOLVED else None
        reopens = count("reopens")
    else:
        status = steps[-1][1]
        pairs = list(pairwise(steps))
        solves = [at for (_, was), (at, now) in pairs if now in SOLVED and was not in SOLVED]
        reopens = sum(was in SOLVED and now not in SOLVED for (_, was), (_, now) in pairs)
        first = solves[0] if solves else None
        last = solves[-1] if status in SOLVED else None
        ends = [at for at, _ in steps[1:]] + [as_of]
        for name, waits in (
            ("requester_wait", ("new", "open", "on_hold")),
            ("agent_wait", ("pending",)),
            ("on_hold", ("on_hold",)),
        ):
            spans = [(at, end) for (at, state), end in zip(steps, ends, strict=True) if state in waits]
            found[f"{name}_minutes"] = sum((end - at).total_seconds() / 60 for at, end in spans)
            if name != "on_hold":
                found[f"{name}_business_minutes"] = sum(desk.clock.minutes(at, end) for at, end in spans)

    own = [event for event in desk.events if event["ticket_id"] == ticket["ticket_id"]]
    replied, replies = time("first_replied_at"), count("agent_replies")
    if any(event["event_type"].endswith("_comment") for event in own):
        comments = {
            (event["occurred_at"], event.get("author_id"))
            for event in own
            if event["event_type"] == "public_comment"
            and event.get("author_kind") == "agent"
            and created < event["occurred_at"] <= as_of
        }
        replied, replies = min((at for at, _ in comments), default=None), len(comments)
    for name, end in (("first_reply", replied), ("first_resolution", first), ("full_resolution", last)):
        found[f"{name}_minutes"] = None if end is None else (end - created).total_seconds() / 60
        found[f"{name}_business_minutes"] = None if end is None else desk.clock.minutes(created, end)
    is_open = status not in SOLVED
    touch = None
    if not is_open:
        touch = None if reopens is None or replies is None else reopens == 0 and replies == 1
        if replies not in (None, 1) or reopens not in (None, 0):
            touch = False
    return found | {
        "status": status,
        "is_open": is_open,
        "created_at": created,
        "first_replied_at": replied,
        "first_solved_at": first,
        "solved_at": last,
        "reopens": reopens,
        "agent_replies": replies,
        "is_one_touch": touch,
        "handle_minutes": _handled(own, as_of)
        if count("handle_minutes") is None
        else float(ticket["handle_minutes"]),
        "csat_score": _rating(desk, ticket),
        "has_history": steps is not None,
    }


def _handled(own: Sequence[Row], as_of: datetime, idle: int = 600) -> float | None:
    """Minutes in which an agent was at work, estimated from the events of a ticket."""
    known = [event for event in own if event["occurred_at"] <= as_of]
    if not any(
        event["event_type"] == "public_comment" and event.get("author_kind") == "agent" for event in known
    ):
        return None
    if all(event["event_type"] not in ("status", "assignment") for event in known):
        return None

    def is_pause(event: Row) -> bool:
        return bool(event["event_type"] == "status" and event["status"] != "open")

    known.sort(key=lambda event: (event["occurred_at"], is_pause(event), event["event_id"]))
    seconds, at_work = 0.0, False
    for event, following in zip(known, [*known[1:], None], strict=True):
        if event["event_type"] in ("status", "assignment"):
            at_work = not is_pause(event)
        if at_work:
            end = following["occurred_at"] if following else as_of
            seconds += min((end - event["occurred_at"]).total_seconds(), idle)
    return seconds / 60


def _rating(desk: Desk, ticket: Row) -> float | None:
    about = [
        answer
        for answer in desk.answers
        if answer["ticket_id"] == ticket["ticket_id"] and answer["responded_at"] <= desk.as_of
    ]
    return (
        float(max(about, key=lambda one: (one["responded_at"], one["response_id"]))["score"])
        if about
        else None
    )


# ------------------------------------------------------------------------------------------------ months
def nearest_rank(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(math.ceil(round(share * len(values), 9)), 1) - 1]


def expected_months(desk: Desk, tickets: Mapping[str, Row], zone: str) -> dict[date, dict[str, Any]]:
    """The expected figures of every month with one of these tickets."""
    place = ZoneInfo(zone)

    def month(at: datetime) -> date:
        return at.replace(tzinfo=UTC).astimezone(place).date().replace(day=1)

    by_role: dict[tuple[str, date], list[Row]] = defaultdict(list)
    backlog: dict[date, list[int]] = defaultdict(list)
    delivered = {ticket["ticket_id"]: ticket for ticket in desk.tickets}
    for key, ticket in tickets.items():
        for role in ("created_at", "first_solved_at", "solved_at"):
            if ticket[role] is not None:
                by_role[role, month(ticket[role])].append(ticket)
        first = month(ticket["created_at"])
        while first <= month(desk.as_of):
            following = (first + timedelta(days=32)).replace(day=1)
            close = (
                datetime(following.year, following.month, 1, tzinfo=place)
                .astimezone(UTC)
                .replace(tzinfo=None)
            )
            steps = history(desk, delivered[key])
            if steps is None:
                is_open = ticket["is_open"] or (
                    ticket["solved_at"] is not None and ticket["solved_at"] >= close
                )
                is_open = is_open and (close <= desk.as_of or ticket["is_open"])
            else:
                is_open = [state for at, state in steps if at < close][-1] not in SOLVED
            if is_open:
                last = min(
                    following - timedelta(days=1), desk.as_of.replace(tzinfo=UTC).astimezone(place).date()
                )
                born = ticket["created_at"].replace(tzinfo=UTC).astimezone(place).date()
                backlog[first].append((last - born).days)
            first = following
    months = {at for _, at in by_role} | set(backlog)
    return {
        at: _month(
            by_role["created_at", at], by_role["first_solved_at", at], by_role["solved_at", at], backlog[at]
        )
        for at in months
    }


def _month(opened: list[Row], first: list[Row], solved: list[Row], backlog: list[int]) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "tickets_opened": len(opened),
        "tickets_first_solved": len(first),
        "tickets_solved": len(solved),
        "backlog_at_close": len(backlog),
        "median_backlog_days": median(backlog) if backlog else None,
        "resolution_rate": _share([not one["is_open"] for one in opened]),
        "escalation_rate": _share([one["is_escalated"] for one in opened]),
        "reopen_rate": _share([None if one["reopens"] is None else one["reopens"] > 0 for one in first]),
        "one_touch_rate": _share([one["is_one_touch"] for one in solved]),
        "average_handle_minutes": _share([one["handle_minutes"] for one in solved]),
    }
    for name, rows in (("first_reply", opened), ("first_resolution", first), ("full_resolution", solved)):
        for kind in ("minutes", "business_minutes"):
            values = [one[f"{name}_{kind}"] for one in rows if one[f"{name}_{kind}"] is not None]
            figures[f"median_{name}_{kind}"] = median(values) if values else None
            figures[f"p90_{name}_{kind}"] = nearest_rank(values, 0.9) if values else None
    for name in ("requester_wait", "agent_wait"):
        for kind in ("minutes", "business_minutes"):
            values = [one[f"{name}_{kind}"] for one in solved if one[f"{name}_{kind}"] is not None]
            figures[f"median_{name}_{kind}"] = median(values) if values else None
    return figures


def _share(values: Sequence[Any]) -> float | None:
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None
