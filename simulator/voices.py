"""What customers say and do, all drawn from one behaviour, so that it agrees with money and with itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.behaviour import Behaviour, make_behaviour
from simulator.clock import Calendar
from simulator.company import Accounts, Contacts
from simulator.contracts import Contracts
from simulator.desk import Desk, run_desk
from simulator.office import make_office
from simulator.onboarding import make_onboarding, milestone_rows
from simulator.periods import Periods
from simulator.sales import Rows, make_calls, make_opportunities
from simulator.support import make_requests
from simulator.surveys import Surveys
from simulator.usage import Events, Product, seat_rows

STREAMS = 4
"""Random streams that `make_voices` needs."""


@dataclass(frozen=True)
class Voices:
    """Rows of each object. Tickets and usage are drawn while they are read, because they are many."""

    behaviour: Behaviour
    tickets: int
    """Number of tickets in `desk`."""
    desk: Iterator[Desk]
    usage: Iterator[Events]
    seats: Rows
    milestones: Rows
    opportunities: Rows
    calls: Rows


def make_voices(
    accounts: Accounts,
    contacts: Contacts,
    periods: Periods,
    contracts: Contracts,
    surveys: Surveys,
    calendar: Calendar,
    usage_months: int,
    streams: Sequence[np.random.Generator],
) -> Voices:
    """Draw what customers say and do. Every survey after support gets a ticket."""
    office = make_office(calendar)
    behaviour = make_behaviour(accounts, periods, surveys, calendar, streams[0])
    onboarding = make_onboarding(accounts, periods, behaviour, calendar, streams[0])
    requests = make_requests(accounts, contacts, behaviour, surveys, office, calendar, streams[1])
    product = Product(accounts, contacts, periods, behaviour, onboarding, calendar, streams[2])
    return Voices(
        behaviour=behaviour,
        tickets=len(requests.account),
        desk=run_desk(requests, surveys, office, calendar, streams[1]),
        usage=product.events(usage_months),
        seats=seat_rows(periods),
        milestones=milestone_rows(onboarding),
        opportunities=make_opportunities(accounts, periods, behaviour, contracts, calendar, streams[3]),
        calls=make_calls(accounts, behaviour, onboarding, contracts, requests, office, calendar, streams[3]),
    )
