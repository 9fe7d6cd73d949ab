"""Surveys: NPS at fixed intervals, CSAT and CES after support and onboarding. Mood decides the answers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import DAY_SECONDS, Calendar, IntArray
from simulator.company import Accounts, Contacts

SURVEY_TYPES = ("nps", "csat", "ces")
NPS, CSAT, CES = range(3)
SURVEY_KINDS = ("relational", "transactional")
TOUCHPOINTS = ("periodic", "support", "onboarding")
PERIODIC, SUPPORT, ONBOARDING = range(3)

ANSWER_SHARE = 0.35
UNDELIVERED_SHARE = 0.02

# Lowest and highest score, score at a neutral mood, effect of a unit of mood, random spread.
SCORES = ((0, 10, 8.25, 1.5, 1.0), (1, 5, 4.25, 0.55, 0.6), (1, 7, 5.6, 0.7, 0.9))

Surveys = dict[str, IntArray]
"""One entry per invitation: account, contact, type, kind, touchpoint, score (-1 none), sent, responded
(seconds, -1 none), is_delivered."""


def make_surveys(
    accounts: Accounts,
    contacts: Contacts,
    is_customer: NDArray[np.bool_],
    calendar: Calendar,
    rng: np.random.Generator,
) -> Surveys:
    """Draw every invitation and answer, ordered by the time of the invitation.

    `is_customer`: whether an account had paid service just before each boundary.
    """
    # Only customers of the whole month are asked, so that no survey follows a churn.
    whole_month = is_customer[:, :-1] & is_customer[:, 1:]
    invited = [
        _relational(accounts, contacts, whole_month, calendar, rng),
        _after_onboarding(contacts, is_customer, whole_month, rng),
        _after_support(contacts, accounts, whole_month, calendar, rng),
    ]
    month, contact, kind_of_survey, touchpoint = (
        np.concatenate(parts) for parts in zip(*invited, strict=True)
    )
    length = np.diff(calendar.month_starts)[month]
    sent_day = calendar.month_starts[month] + (rng.random(len(month)) * length).astype(np.int64)
    sent = sent_day * DAY_SECONDS + rng.integers(7 * 3600, 18 * 3600, size=len(month))
    known = sent > contacts.created[contact]
    contact, kind_of_survey, touchpoint, sent = (
        values[known] for values in (contact, kind_of_survey, touchpoint, sent)
    )
    order = np.lexsort((kind_of_survey, contact, sent))
    contact, kind_of_survey, touchpoint, sent = (
        values[order] for values in (contact, kind_of_survey, touchpoint, sent)
    )
    return _answers(accounts, contacts, contact, kind_of_survey, touchpoint, sent, calendar, rng)


_Invitations = tuple[IntArray, IntArray, IntArray, IntArray]


def _relational(
    accounts: Accounts,
    contacts: Contacts,
    whole_month: NDArray[np.bool_],
    calendar: Calendar,
    rng: np.random.Generator,
) -> _Invitations:
    """Ask every contact each quarter, at small accounts each half-year, spread over the months."""
    rhythm = np.where(accounts.segment == c.SMB, 6, 3)[contacts.account]
    turn = rng.integers(0, 6, size=len(contacts))
    months, people = [], []
    for month in range(calendar.months):
        asked = whole_month[contacts.account, month] & ((month + turn) % rhythm == 0)
        people.append(np.flatnonzero(asked))
        months.append(np.full(len(people[-1]), month, dtype=np.int64))
    contact = np.concatenate(people)
    return np.concatenate(months), contact, np.full_like(contact, NPS), np.full_like(contact, PERIODIC)


def _after_onboarding(
    contacts: Contacts,
    is_customer: NDArray[np.bool_],
    whole_month: NDArray[np.bool_],
    rng: np.random.Generator,
) -> _Invitations:
    """Ask the first contact in the first full month, at six in ten accounts: half CSAT, half CES."""
    month = np.argmax(whole_month, axis=1)
    account = np.flatnonzero(whole_month.any(axis=1) & (rng.random(len(is_customer)) < 0.6))
    contact = _first_contacts(contacts)[account]
    kind_of_survey = np.where(rng.random(len(account)) < 0.5, CSAT, CES)
    return month[account], contact, kind_of_survey, np.full_like(contact, ONBOARDING)


def _after_support(
    contacts: Contacts,
    accounts: Accounts,
    whole_month: NDArray[np.bool_],
    calendar: Calendar,
    rng: np.random.Generator,
) -> _Invitations:
    """Ask after a support case. Larger and unhappy accounts have more cases."""
    base = np.array((0.05, 0.10, 0.22))[accounts.segment]
    months, people = [], []
    for month in range(calendar.months):
        rate = base * np.round(np.exp(-0.4 * accounts.satisfaction[:, month // 3]), 6)
        account = np.flatnonzero(whole_month[:, month] & (rng.random(len(accounts)) < rate))
        people.append(_first_contacts(contacts)[account])
        months.append(np.full(len(account), month, dtype=np.int64))
    contact = np.concatenate(people)
    kind_of_survey = np.where(rng.random(len(contact)) < 0.65, CSAT, CES)
    return np.concatenate(months), contact, kind_of_survey, np.full_like(contact, SUPPORT)


def _answers(
    accounts: Accounts,
    contacts: Contacts,
    contact: IntArray,
    kind_of_survey: IntArray,
    touchpoint: IntArray,
    sent: IntArray,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Surveys:
    size = len(contact)
    account = contacts.account[contact]
    mood = accounts.satisfaction[account, calendar.quarter_of(sent // DAY_SECONDS)]
    mood = mood + contacts.leaning[contact]
    low, high, middle, weight, spread = (
        np.array(column)[kind_of_survey] for column in zip(*SCORES, strict=True)
    )
    exact = middle + weight * mood + spread * rng.standard_normal(size)
    score = np.clip(np.floor(exact + 0.5), low, high).astype(np.int64)
    # Most respondents answer within two days, all within the two weeks of the open form.
    delay = np.minimum(120 + rng.standard_exponential(size) * 1.6 * DAY_SECONDS, 13 * DAY_SECONDS)
    responded = sent + delay.astype(np.int64)
    is_delivered = rng.random(size) >= UNDELIVERED_SHARE
    answers = is_delivered & (rng.random(size) < ANSWER_SHARE)
    answers &= responded < calendar.end_day * DAY_SECONDS
    return {
        "account": account,
        "contact": contact,
        "type": kind_of_survey,
        "kind": (kind_of_survey != NPS).astype(np.int64),
        "touchpoint": touchpoint,
        "score": np.where(answers, score, -1),
        "sent": sent,
        "responded": np.where(answers, responded, -1),
        "is_delivered": is_delivered.astype(np.int64),
        "remark": rng.integers(0, 40, size=size),
    }


def _first_contacts(contacts: Contacts) -> IntArray:
    """Return the contact number of the first contact of each account."""
    return np.flatnonzero(contacts.position == 0)
