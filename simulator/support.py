"""Who asks for help and when: customers, more often while they are new, unhappy or complaining."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.behaviour import SILENT_DAYS, Behaviour
from simulator.clock import DAY_SECONDS, Calendar, IntArray
from simulator.company import Accounts, Contacts
from simulator.hazards import mood_factor
from simulator.office import Office
from simulator.runs import repeat
from simulator.surveys import SUPPORT, Surveys

MONTHLY_RATES = (0.5, 1.5, 4.2)
"""Tickets per customer and month by segment, at a neutral mood."""
MOOD_ON_TICKETS = -0.45
EARLY_DAYS, EARLY_FACTOR = 60, 1.8
COMPLAINT_FACTOR = 3
MONTH_SECONDS = 30 * DAY_SECONDS


@dataclass(frozen=True)
class Requests:
    """One entry per ticket, ordered by creation."""

    account: IntArray
    contact: IntArray
    created: IntArray
    survey: IntArray
    """Position of the survey that asks about the ticket, or -1."""
    is_complaint: NDArray[np.bool_]


def make_requests(
    accounts: Accounts,
    contacts: Contacts,
    behaviour: Behaviour,
    surveys: Surveys,
    office: Office,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Requests:
    """Draw the tickets of all customers. Every survey after support has its ticket."""
    account, created, is_complaint = _chances(accounts, behaviour, calendar, rng)
    contact = _requesters(accounts, contacts, account, created, rng)
    asked = np.flatnonzero(surveys["touchpoint"] == SUPPORT)
    columns = (
        np.concatenate([account, surveys["account"][asked]]),
        np.concatenate([contact, surveys["contact"][asked]]),
        np.concatenate([created, _asked_about(surveys, asked, contacts, behaviour, office, rng)]),
        np.concatenate([np.full(len(account), -1, dtype=np.int64), asked]),
        np.concatenate([is_complaint, np.zeros(len(asked), dtype=np.bool_)]),
    )
    order = np.lexsort((columns[3], columns[0], columns[2]))
    return Requests(*(values[order] for values in columns))


def _chances(
    accounts: Accounts, behaviour: Behaviour, calendar: Calendar, rng: np.random.Generator
) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """Draw accounts and seconds: by month and mood, and more of them in spells of complaints."""
    stays, edges = behaviour.stays, calendar.boundaries
    stop = np.minimum(stays.end, edges[-1])
    first = np.searchsorted(edges, stays.start, side="right") - 1
    stay, number = repeat(np.searchsorted(edges, stop, side="left") - first)
    month = first[stay] + number
    begins, ends = np.maximum(stays.start[stay], edges[month]), np.minimum(stop[stay], edges[month + 1])
    account, mood = stays.account[stay], accounts.satisfaction[stays.account[stay], month // 3]
    early = begins < stays.start[stay] + EARLY_DAYS * DAY_SECONDS
    factor = mood_factor(mood, MOOD_ON_TICKETS) * np.where(early, EARLY_FACTOR, 1.0)
    usual = (account, begins, ends, factor)
    spells = behaviour.complaints
    more = (spells.account, spells.start, spells.end, np.full(len(spells.end), COMPLAINT_FACTOR - 1.0))
    account, begins, ends, factor = (np.concatenate(pair) for pair in zip(usual, more, strict=True))
    rate = np.array(MONTHLY_RATES)[accounts.segment[account]] * factor * (ends - begins) / MONTH_SECONDS
    source = np.repeat(np.arange(len(account)), rng.poisson(1.2 * rate))
    second = begins[source] + (rng.random(len(source)) * (ends - begins)[source]).astype(np.int64)
    account = account[source]
    # Most people write in their working hours, few at weekends.
    second = second // DAY_SECONDS * DAY_SECONDS + _hours(rng, len(second))
    weekday = (second // DAY_SECONDS + 3) % 7
    stay = stays.find(account, second)
    kept = (stay >= 0) & (second < edges[-1] - 60) & ((weekday < 5) | (rng.random(len(second)) < 0.2))
    kept &= ~(behaviour.is_silent[stay] & (second >= stays.end[stay] - SILENT_DAYS * DAY_SECONDS))
    account, second = account[kept], second[kept]
    return account, second, behaviour.complaints.find(account, second) >= 0


def _hours(rng: np.random.Generator, size: int) -> IntArray:
    late = rng.random(size) < 0.08
    usual = rng.integers(6 * 3600, 12 * 3600, size=size) + rng.integers(0, 5 * 3600, size=size)
    return np.where(late, rng.integers(0, DAY_SECONDS, size=size), usual)


def _requesters(
    accounts: Accounts, contacts: Contacts, account: IntArray, created: IntArray, rng: np.random.Generator
) -> IntArray:
    """Choose a contact that the company knew by then, most often the first one."""
    first = np.searchsorted(contacts.account, np.arange(len(accounts) + 1))
    count = (first[1:] - first[:-1])[account]
    chosen = first[account] + (rng.random(len(account)) ** 2 * count).astype(np.int64)
    return np.where(contacts.created[chosen] < created, chosen, first[account])


def _asked_about(
    surveys: Surveys,
    asked: IntArray,
    contacts: Contacts,
    behaviour: Behaviour,
    office: Office,
    rng: np.random.Generator,
) -> IntArray:
    """Return the creation of the tickets that surveys ask about: some working hours before the survey."""
    sent = surveys["sent"][asked]
    hours = np.exp(1.6 + 0.7 * rng.standard_normal(len(asked))).round(3)
    created = office.second(office.worked(sent) - (np.clip(hours, 1, 40) * 3600).astype(np.int64))
    stay = behaviour.stays.find(surveys["account"][asked], sent)
    # Service with a long overdue payment is no stay, but its customer is asked.
    known = contacts.created[surveys["contact"][asked]]
    known = np.where(stay >= 0, np.maximum(known, behaviour.stays.start[stay]), known)
    return np.where(created > known, created, (known + sent) // 2)
