"""The work of the company's own people on accounts: opportunities of sales, and calls with customers."""

from __future__ import annotations

import numpy as np

from simulator import catalog as c
from simulator.behaviour import Behaviour
from simulator.clock import DAY_SECONDS, NEVER, Calendar, IntArray
from simulator.company import Accounts
from simulator.contracts import Contracts
from simulator.office import WORKING_SECONDS, Office
from simulator.onboarding import Onboarding
from simulator.periods import ADD_ON, MAIN, SECOND, Periods
from simulator.runs import repeat
from simulator.support import Requests

OPPORTUNITY_TYPES = ("new", "renewal", "expansion")
NEW, RENEWAL, EXPANSION = range(3)
OUTCOMES = ("open", "won", "lost")
IS_OPEN, WON, LOST = range(3)
STAGES = (("qualification", "proposal", "negotiation"), ("closed_won",), ("closed_lost",))
"""Stages by outcome."""
LOST_EXPANSIONS = 0.5
"""Expansions that come to nothing, per won one."""
RENEWAL_DAYS = 90
"""Days before the due date at which the renewal becomes an opportunity."""

CALL_KINDS = ("onboarding", "check_in", "qbr", "renewal", "support")
ONBOARDING, CHECK_IN, QBR, RENEWAL_CALL, SUPPORT_CALL = range(5)
CALL_MINUTES = (45, 30, 60, 40, 25)
RHYTHMS = ((CHECK_IN, (0, 75, 40)), (QBR, (0, 182, 91)))
"""Days between two calls of a kind, by segment; 0 for no such calls."""

Rows = dict[str, IntArray]


def make_opportunities(
    accounts: Accounts,
    periods: Periods,
    behaviour: Behaviour,
    contracts: Contracts,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Rows:
    """Return the opportunities in order of creation. Small accounts buy and renew by themselves.

    The fields are account, type, outcome, stage (draw), currency, amount (minor units), created and closed
    (seconds; of an open one the expected time).
    """
    end = int(calendar.boundaries[-1])
    parts = [
        _purchases(accounts, periods, behaviour, end, rng),
        _renewals(contracts, end, rng),
        *_expansions(periods, end, rng),
    ]
    rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    # A first purchase can follow the sign-up within hours.
    rows["created"] = np.clip(rows["created"], accounts.created[rows["account"]], rows["closed"])
    kept = (rows["created"] < end) & (accounts.segment[rows["account"]] != c.SMB) & (rows["amount"] > 0)
    rows = {name: values[kept] for name, values in rows.items()}
    rows["stage"] = rng.integers(0, 6, size=len(rows["account"]))
    order = np.lexsort((rows["type"], rows["account"], rows["created"]))
    return {name: values[order] for name, values in rows.items()}


def _yearly(periods: Periods) -> IntArray:
    """Return the price of each row for a year, in minor units."""
    months, parts = (np.array(column) for column in zip(*c.INTERVAL_MONTHS, strict=True))
    price = periods["quantity"] * periods["unit_amount"] - periods["discount_amount"]
    yearly: IntArray = price * 12 * parts[periods["interval"]] // months[periods["interval"]]
    return yearly


def _rows(
    account: IntArray,
    kind: int,
    outcome: IntArray | int,
    currency: IntArray,
    amount: IntArray,
    created: IntArray,
    closed: IntArray,
) -> Rows:
    fields = {"account": account, "type": kind, "outcome": outcome, "currency": currency}
    fields |= {"amount": amount, "created": created, "closed": closed}
    return {name: np.broadcast_to(np.asarray(value), account.shape) for name, value in fields.items()}


def _purchases(
    accounts: Accounts, periods: Periods, behaviour: Behaviour, end: int, rng: np.random.Generator
) -> Rows:
    """One opportunity per first purchase, and a lost or open one for every account that never bought."""
    size = len(accounts)
    bought, amount = np.full(size, NEVER, dtype=np.int64), np.zeros(size, dtype=np.int64)
    bought[behaviour.stays.account[::-1]] = behaviour.stays.start[::-1]
    first = (periods["slot"] == MAIN) & (periods["start"] == bought[periods["account"]])
    amount[periods["account"][first]] = _yearly(periods)[first]
    created = accounts.created + rng.integers(600, 5 * 3600, size=size)
    wait = rng.integers(20, 90, size=size) * DAY_SECONDS
    hoped = 1_200_000 * rng.integers(1, 8, size=size)
    never = bought == NEVER
    closed = np.where(never, created + wait, bought)
    outcome = np.where(never, np.where(closed < end, LOST, IS_OPEN), WON)
    return _rows(
        np.arange(size), NEW, outcome, accounts.currency, np.where(never, hoped, amount), created, closed
    )


def _renewals(contracts: Contracts, end: int, rng: np.random.Generator) -> Rows:
    due = contracts.ends * DAY_SECONDS
    begins = np.maximum(due - RENEWAL_DAYS * DAY_SECONDS, contracts.starts * DAY_SECONDS)
    begins = begins + rng.integers(8 * 3600, 16 * 3600, size=len(due))
    follows = contracts.follower
    closed = np.where(follows >= 0, contracts.starts[follows] * DAY_SECONDS, due) + 17 * 3600
    outcome = np.where(follows >= 0, WON, np.where(closed < end, LOST, IS_OPEN))
    amount = np.where(follows >= 0, contracts.amount[follows], contracts.amount)
    return _rows(contracts.account, RENEWAL, outcome, contracts.currency, amount, begins, closed)


def _expansions(periods: Periods, end: int, rng: np.random.Generator) -> list[Rows]:
    """Won: more seats, a higher plan, an add-on, a second product. Lost ones are drawn from the same rows."""
    yearly = _yearly(periods)
    before = np.arange(len(yearly)) - 1
    joined = periods["end"][before] == periods["start"]
    for name in ("account", "number", "slot"):
        joined &= periods[name][before] == periods[name]
    grows = (periods["quantity"] > periods["quantity"][before]) | (periods["plan"] > periods["plan"][before])
    grows &= joined & (periods["slot"] == MAIN) & (periods["unit_amount"][before] > 0)
    opens = ~joined & np.isin(periods["slot"], (ADD_ON, SECOND))
    gain = np.where(opens, yearly, yearly - yearly[before])
    won = np.flatnonzero((grows | opens) & (gain > 0))
    lead = rng.integers(5, 45, size=len(won)) * DAY_SECONDS
    closed = periods["start"][won]
    account, currency = periods["account"][won], periods["currency"][won]
    real = _rows(account, EXPANSION, WON, currency, gain[won], closed - lead, closed)
    tried = rng.random(len(won)) < LOST_EXPANSIONS
    begins = (closed + rng.integers(20, 200, size=len(won)) * DAY_SECONDS)[tried]
    ends = begins + lead[tried] + 20 * DAY_SECONDS
    outcome = np.where(ends < end, LOST, IS_OPEN)
    return [real, _rows(account[tried], EXPANSION, outcome, currency[tried], gain[won][tried], begins, ends)]


def make_calls(
    accounts: Accounts,
    behaviour: Behaviour,
    onboarding: Onboarding,
    contracts: Contracts,
    requests: Requests,
    office: Office,
    calendar: Calendar,
    rng: np.random.Generator,
) -> Rows:
    """Return account, kind, minutes, held (second) and note (draw) of all calls, in order of time."""
    stays, end = behaviour.stays, int(calendar.boundaries[-1])
    kickoff = onboarding.reached[0]
    met = np.flatnonzero(
        (kickoff < NEVER) & ((accounts.segment != c.SMB) | (rng.random(len(accounts)) < 0.4))
    )
    parts = [(met, ONBOARDING, kickoff[met])]
    for kind, days in RHYTHMS:
        gap = np.array(days)[accounts.segment[stays.account]] * DAY_SECONDS
        length = np.minimum(stays.end, end) - stays.start
        stay, number = repeat(np.where(gap > 0, length // np.maximum(gap, 1), 0))
        shift = rng.integers(-7, 8, size=len(stay)) * DAY_SECONDS
        held = stays.start[stay] + (number + 1) * gap[stay] + shift
        kept = rng.random(len(stay)) < 0.8
        parts.append((stays.account[stay[kept]], kind, held[kept]))
    due = (contracts.ends - rng.integers(25, 70, size=len(contracts.ends))) * DAY_SECONDS
    called = rng.random(len(due)) < 0.7
    parts.append((contracts.account[called], RENEWAL_CALL, due[called]))
    spoken = rng.random(len(requests.account)) < 0.03
    spoken &= accounts.segment[requests.account] != c.SMB
    parts.append((requests.account[spoken], SUPPORT_CALL, requests.created[spoken] + DAY_SECONDS))

    account = np.concatenate([who for who, _, _ in parts])
    kind_of_call = np.concatenate([np.full(len(who), kind, dtype=np.int64) for who, kind, _ in parts])
    held = np.concatenate([at for _, _, at in parts])
    moved = rng.integers(0, WORKING_SECONDS // 900, size=len(held)) * 900
    held = office.second(office.worked(held) // WORKING_SECONDS * WORKING_SECONDS + moved)
    minutes = np.array(CALL_MINUTES)[kind_of_call] * rng.integers(60, 151, size=len(held)) // 100
    rows = {"account": account, "kind": kind_of_call, "held": held, "minutes": minutes}
    rows["note"] = rng.integers(0, 40, size=len(held))
    # Calls take place while the account is a customer.
    kept = (behaviour.stays.find(account, held) >= 0) & (held < end - 7200)
    order = np.lexsort((kind_of_call[kept], account[kept], held[kept]))
    return {name: values[kept][order] for name, values in rows.items()}
