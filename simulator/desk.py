"""What happens to a ticket: replies, notes, waiting, solutions and reopenings, in working hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray
from simulator.company import pick
from simulator.office import Office
from simulator.support import Requests
from simulator.surveys import Surveys

CHANNELS = ("email", "web", "chat", "phone")
CHANNEL_SHARES = (0.5, 0.27, 0.15, 0.08)
PRIORITIES = ("low", "normal", "high", "urgent")
PRIORITY_SHARES = (0.2, 0.56, 0.19, 0.05)
CATEGORIES = ("how_to", "bug", "billing", "access", "feature_request")
CATEGORY_SHARES = (0.38, 0.24, 0.14, 0.14, 0.10)
STATUSES = ("new", "open", "pending", "on_hold", "solved", "closed")
NEW, OPEN, PENDING, ON_HOLD, SOLVED, CLOSED = range(len(STATUSES))
EVENT_TYPES = ("status", "public_comment", "private_comment", "assignment")
STATUS, PUBLIC, PRIVATE, ASSIGNMENT = range(len(EVENT_TYPES))
AUTHOR_KINDS = ("agent", "requester", "automation")
AGENT, REQUESTER, AUTOMATION = range(len(AUTHOR_KINDS))
AGENTS = 8

FIRST_REPLY_HOURS = (5.0, 2.5, 0.9, 0.3)
"""Median in working hours by priority."""
ROUND_SHARES = (0.5, 0.31, 0.13, 0.06)
"""Share of the tickets on which the requester comes back 0, 1, 2, 3 times."""
REOPENED = 0.075
NEVER_SOLVED = 0.012
CLOSES_AFTER = 4 * DAY_SECONDS
CHUNK = 50_000


@dataclass
class Desk:
    """Some tickets and their events, as arrays of equal length each."""

    tickets: dict[str, IntArray]
    """-1 means no value; `minutes` are tenths of the minutes that agents worked."""
    events: dict[str, IntArray]


def run_desk(
    requests: Requests, surveys: Surveys, office: Office, calendar: Calendar, rng: np.random.Generator
) -> Iterator[Desk]:
    """Work on the tickets, some thousands at a time."""
    for first in range(0, max(1, len(requests.created)), CHUNK):
        part = Requests(*(values[first : first + CHUNK] for values in vars(requests).values()))
        history = _History(part, surveys, office, int(calendar.boundaries[-1]), rng)
        yield history.run(first)


@dataclass
class _Event:
    ticket: IntArray
    at: IntArray
    kind: int
    status: int
    author: int


@dataclass
class _History:
    """The state of tickets while their history is written from step to step."""

    requests: Requests
    surveys: Surveys
    office: Office
    end: int
    rng: np.random.Generator
    events: list[_Event] = field(default_factory=list)

    def run(self, first: int) -> Desk:
        """Return the tickets with the events before the end; the number of the first ticket is `first`."""
        requests, rng = self.requests, self.rng
        size = len(requests.created)
        none = np.full(size, -1, dtype=np.int64)
        is_asked = requests.survey >= 0
        # A surveyed ticket is solved between its creation and the survey. Its steps share that time.
        self.limit = np.full(size, NEVER, dtype=np.int64)
        self.limit[is_asked] = self.surveys["sent"][requests.survey[is_asked]] - 120
        self.is_asked = is_asked
        self.at, self.status = requests.created.copy(), np.zeros(size, dtype=np.int64)
        self.updated, self.replied = requests.created.copy(), none.copy()
        self.solved_first, self.solved = none.copy(), none.copy()
        self.replies, self.reopens = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        self.steps = np.full(size, 2, dtype=np.int64)

        complaint = requests.is_complaint
        priority = np.minimum(pick(rng, size, PRIORITY_SHARES) + (complaint & (rng.random(size) < 0.5)), 3)
        channel = pick(rng, size, CHANNEL_SHARES)
        category = pick(rng, size, CATEGORY_SHARES)
        rounds = pick(rng, size, ROUND_SHARES)
        draw = rng.random((7, size))
        by_agent = (draw[0] < 0.05) & ~is_asked
        is_unanswered = (draw[1] < 0.03) & ~by_agent & ~is_asked
        rounds[is_unanswered] = 0
        holds = (draw[2] < 0.08) & ~is_unanswered
        is_solved = (draw[3] >= NEVER_SOLVED) | is_asked
        reopens = (draw[4] < REOPENED) & is_solved & ~is_asked & ~is_unanswered
        noted = (draw[5] < 0.25) & ~is_unanswered
        self.steps += rounds * 2 + holds * 2
        everyone = np.ones(size, dtype=np.bool_)

        self._open(everyone, by_agent, channel)
        first_reply = np.array(FIRST_REPLY_HOURS)[priority]
        self._work(noted, first_reply * 0.4, 0.8)
        self._add(noted, PRIVATE, AGENT)
        answered = ~is_unanswered
        self._work(answered, first_reply, 0.9)
        self._reply(answered)
        for number in range(1, len(ROUND_SHARES)):
            again = rounds >= number
            self._add(again, STATUS, AGENT, PENDING)
            self._work(again, 3.0, 1.1)
            self._add(again, PUBLIC, REQUESTER)
            self._add(again, STATUS, REQUESTER, OPEN)
            self._work(again, 1.5, 0.9)
            self._reply(again)
        self._add(holds, STATUS, AGENT, ON_HOLD)
        self._work(holds, 12.0, 0.6)
        self._add(holds, STATUS, AGENT, OPEN)
        self._reply(holds)
        self._work(is_solved & (is_unanswered | (draw[6] < 0.5)), 0.5, 0.5)
        self._solve(is_solved)
        self._work(reopens, 6.0, 0.8)
        self.reopens[reopens & (self.at < self.end)] = 1
        self._add(reopens, PUBLIC, REQUESTER)
        self._add(reopens, STATUS, REQUESTER, OPEN)
        self._work(reopens, 2.0, 0.8)
        self._reply(reopens)
        self._solve(reopens)
        self.at = self.at + CLOSES_AFTER
        self._add(is_solved, STATUS, AUTOMATION, CLOSED)
        # Agents work some minutes on each reply. Nobody counts the time of a ticket without a reply.
        minutes = np.exp(2.0 + 0.5 * rng.standard_normal(size)).round(2) * self.replies * 10
        escalated = rng.random(size) < np.where(complaint, 0.15, 0.03) + np.where(priority == 3, 0.1, 0.0)
        agent = rng.integers(0, AGENTS, size=size)
        tickets = {name: getattr(requests, name) for name in ("account", "contact", "created", "survey")} | {
            "ticket": first + np.arange(size),
            "channel": channel,
            "priority": priority,
            "category": category,
            "agent": agent,
            "status": self.status,
            "replied": self.replied,
            "solved_first": self.solved_first,
            "solved": self.solved,
            "reopens": self.reopens,
            "replies": self.replies,
            "minutes": minutes.astype(np.int64),
            "escalated": escalated.astype(np.int64),
            "updated": self.updated,
        }
        return Desk(tickets, self._sorted(first, agent))

    def _open(self, everyone: NDArray[np.bool_], by_agent: NDArray[np.bool_], channel: IntArray) -> None:
        """The opening comment, an automatic reply to most messages, and the assignment."""
        for who, author in ((by_agent, AGENT), (everyone & ~by_agent, REQUESTER)):
            self._add(who, STATUS, author, NEW)
            self._add(who, PUBLIC, author)
        received = ~by_agent & (channel < 2) & (self.rng.random(len(by_agent)) < 0.6)
        seconds = self.rng.integers(5, 50, size=len(by_agent))
        created = self.at.copy()
        self.at = np.minimum(self.at + seconds, self.limit)
        self._add(received, PUBLIC, AUTOMATION)
        self.at = created
        self._work(everyone, 0.1, 0.5)
        self._add(everyone, ASSIGNMENT, AUTOMATION)

    def _work(self, who: NDArray[np.bool_], hours: NDArray[np.float64] | float, spread: float) -> None:
        """Let working time pass: a median of `hours`. Surveyed tickets use a share of what is left."""
        size = len(self.at)
        median = np.broadcast_to(np.asarray(hours), (size,))
        taken = (median * np.exp(spread * self.rng.standard_normal(size)).round(6) * 3600).astype(np.int64)
        worked = self.office.worked(self.at)
        share = (self.office.worked(self.limit) - worked) // (self.steps + 2)
        taken = np.where(self.is_asked, np.minimum(taken, share), np.maximum(taken, 30))
        later = np.maximum(self.office.second(worked + taken), self.at + 1)
        # Without working time before the survey, the next step follows at once.
        later = np.where(self.is_asked & (share <= 0), self.at + 1, later)
        self.at = np.where(who, later, self.at)

    def _reply(self, who: NDArray[np.bool_]) -> None:
        self._add(who, PUBLIC, AGENT)
        happened = who & (self.at < self.end)
        self.replies[happened] += 1
        first = happened & (self.replied < 0)
        self.replied[first] = self.at[first]

    def _solve(self, who: NDArray[np.bool_]) -> None:
        self._add(who, STATUS, AGENT, SOLVED)
        happened = who & (self.at < self.end)
        self.solved[happened] = self.at[happened]
        first = happened & (self.solved_first < 0)
        self.solved_first[first] = self.at[first]

    def _add(self, who: NDArray[np.bool_], kind: int, author: int, status: int = -1) -> None:
        happened = who & (self.at < self.end)
        ticket = np.flatnonzero(happened)
        self.events.append(_Event(ticket, self.at[ticket], kind, status, author))
        self.updated[ticket] = np.maximum(self.updated[ticket], self.at[ticket])
        if status >= 0:
            self.status[ticket] = status

    def _sorted(self, first: int, agent: IntArray) -> dict[str, IntArray]:
        """Return the events by time. Events of one second keep the order in which they happened."""
        ticket = np.concatenate([event.ticket for event in self.events])
        at = np.concatenate([event.at for event in self.events])
        fixed = [
            np.concatenate([np.full(len(event.ticket), getattr(event, name)) for event in self.events])
            for name in ("kind", "status", "author")
        ]
        order = np.argsort(at, kind="stable")
        ticket = ticket[order]
        kind, status, author = (values[order] for values in fixed)
        return {
            "ticket": first + ticket,
            "moment": at[order],
            "type": kind,
            "status": status,
            "author": author,
            "agent": agent[ticket],
            "contact": self.requests.contact[ticket],
        }
