"""A random company with all voices that health hears, and the same company without its future."""

# ruff: noqa: DTZ001 - all instants are UTC without a zone, as in the models
from __future__ import annotations

import csv
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from orchestration.core.settings import PROJECT_DIR
from tests.reference.usage import Row, World

ZONE = "America/New_York"
AS_OF = datetime(2025, 6, 19, 15)
START = datetime(2024, 3, 4)
DAYS = 480


@dataclass(frozen=True)
class Company:
    """A company with all its voices, and what its customer-success lead wrote into the seeds."""

    world: World
    answers: Sequence[Row]
    tickets: Sequence[Row]
    events: Sequence[Row]
    contracts: Sequence[Row]
    opportunities: Sequence[Row]
    seeds: Mapping[str, Sequence[Row]]

    def before(self, moment: datetime) -> Company:
        """The same company, without all that happened from that moment on."""

        def past(rows: Sequence[Row], start: str, end: str = "") -> list[Row]:
            """The rows that had begun, without an end that had not come."""
            return [
                {**row, end: None} if end and row[end] and row[end] >= moment else row
                for row in rows
                if _instant(row[start]) < moment
            ]

        world = self.world
        told = [
            row
            if (row["updated_at"] or row["created_at"]) < moment
            else {**row, "updated_at": None, "is_escalated": None, "reopens": None}
            for row in past(self.tickets, "created_at")
        ]
        return replace(
            self,
            world=replace(
                world,
                periods=past(world.periods, "period_start", "period_end"),
                seats=past(world.seats, "effective_on"),
                milestones=[
                    {**row, "reached_at": reached if reached and reached < moment else None}
                    for row in world.milestones
                    for reached in [row["reached_at"]]
                ],
                delivered=past(world.delivered, "occurred_at"),
            ),
            answers=past(self.answers, "responded_at"),
            tickets=told,
            events=past(self.events, "occurred_at"),
            contracts=past(self.contracts, "starts_on"),
            opportunities=[
                row if row["closed_at"] < moment else {**row, "is_closed": False}
                for row in past(self.opportunities, "created_at")
            ],
        )


def _instant(value: date | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)


def seeds() -> dict[str, list[Row]]:
    """The seeds as they are delivered, and a score card of their own for some accounts."""
    found: dict[str, list[Row]] = {}
    for name in ("health_score_cards", "health_measures", "health_bands", "alert_plays"):
        with (PROJECT_DIR / "seeds" / f"{name}.csv").open(encoding="utf-8") as stream:
            found[name] = [
                {key: _number(value) for key, value in row.items()} for row in csv.DictReader(stream)
            ]
    found["health_score_cards"].append({"segment": "enterprise", "score_card": "few"})
    for measure, weight, low, high in (("nps", 2, 0, 10), ("tickets", 1, 6, 0), ("past_due", 0, 1, 0)):
        found["health_measures"].append(
            {
                **{"score_card": "few", "measure": measure, "weight": weight},
                **{"score_0_at": low, "score_100_at": high},
            }
        )
    return found


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def random_company(draw: random.Random) -> Company:
    def at(days: float = DAYS) -> datetime:
        return START + timedelta(minutes=draw.randrange(int(days * 1440)))

    accounts = [
        {
            **{"account_id": f"a{n}", "segment": draw.choice(["smb", "enterprise", None])},
            **{"is_internal": n == 0, "created_at": None},
        }
        for n in range(24)
    ]
    names = [str(row["account_id"]) for row in accounts]
    periods, contacts, seats, milestones, answers, contracts, opportunities = (list[Row]() for _ in range(7))
    for name in names:
        start = at(120)
        for number in range(draw.randrange(1, 9)):
            # Twice in a row would exceed the days of grace.
            is_late = number % 2 == 1 and draw.random() < 0.6
            status = "past_due" if is_late else "active"
            end = start + timedelta(
                hours=draw.choice([300, 450] if status == "past_due" else [900, 2400, 5000])
            )
            periods.append(
                {
                    **{"subscription_id": name, "account_id": name, "status": status},
                    **{"period_start": start, "period_end": end},
                }
            )
            start = end + timedelta(hours=draw.choice([0, 0, 0, 0, 2000]))
        if draw.random() < 0.5:
            periods[-1].update(period_end=None, status="active")
        contacts.append(
            {
                **{"contact_id": f"{name}-boss", "account_id": name, "email": f"boss@{name}.example"},
                "is_decision_maker": draw.random() < 0.7,
            }
        )
        if draw.random() < 0.8:
            seats.append(
                {
                    **{"account": name, "account_id": name, "seats_paid": draw.randrange(1, 7)},
                    "effective_on": at(150).date(),
                }
            )
        for milestone in ("kickoff", "first_value"):
            if draw.random() < 0.6:
                target = at(250)
                milestones.append(
                    {
                        **{"account_id": name, "milestone": milestone, "target_on": target.date()},
                        "reached_at": draw.choice(
                            [None, target + timedelta(hours=draw.randrange(-300, 900))]
                        ),
                    }
                )
        first = at(200).date()
        for number in range(draw.randrange(3)):
            contracts.append(
                {
                    **{"contract_id": f"{name}-{number}", "account_id": name, "amount": Decimal(1200)},
                    **{"starts_on": first, "ends_on": first + timedelta(days=182)},
                }
            )
            first += timedelta(days=182)
        for number in range(draw.randrange(3)):
            created, is_closed = at(), draw.random() < 0.6
            opportunities.append(
                {
                    **{"opportunity_id": f"{name}-{number}", "account_id": name},
                    "opportunity_type": draw.choice(["expansion", "expansion", "renewal"]),
                    **{"created_at": created, "is_closed": is_closed, "is_won": False},
                    "closed_at": created + timedelta(days=draw.randrange(1, 200)),
                }
            )
    for number in range(420):
        name, kind = draw.choice(names), draw.choice(["nps", "nps", "csat"])
        answers.append(
            {
                **{"response_id": f"r{number:03}", "account_id": name, "survey_type": kind},
                "respondent_id": draw.choice([None, f"{name}-p", f"{name}-q"]),
                "survey_kind": draw.choice(["relational", "relational", "transactional"]),
                **{"score": draw.randrange(12) if kind == "nps" else draw.randrange(7)},
                **{"scale_max": 10 if kind == "nps" else 5, "responded_at": at(DAYS - 3)},
            }
        )
    tickets, events = _tickets(draw, names, at)
    world = World(AS_OF, ZONE, accounts, periods, contacts, seats, milestones, _usage(draw, names, at))
    world = replace(world, uncounted=frozenset(), ignored=frozenset(), core=frozenset({"report"}))
    return Company(world, answers, tickets, events, contracts, opportunities, seeds())


def _tickets(
    draw: random.Random, names: list[str], at: Callable[[], datetime]
) -> tuple[list[Row], list[Row]]:
    tickets: list[Row] = []
    events: list[Row] = []
    for number in range(260):
        created = max(at(), START + timedelta(days=90))
        has_events = draw.random() < 0.4
        tickets.append(
            {
                **{
                    "ticket_id": f"t{number}",
                    "account_id": draw.choice([*names, None]),
                    "created_at": created,
                },
                "updated_at": draw.choice([None, created + timedelta(hours=draw.randrange(1, 1500))]),
                "is_escalated": draw.random() < 0.2,
                "reopens": None if has_events else draw.choice([0, 0, 1, 2]),
            }
        )
        moment = created
        for status in draw.choice([("solved", "open", "solved", "open"), ("solved",), ("pending", "closed")]):
            moment += timedelta(minutes=draw.randrange(1, 30000))
            if has_events:
                events.append(
                    {
                        **{"event_id": f"e{len(events)}", "ticket_id": f"t{number}", "event_type": "status"},
                        **{"status": status, "occurred_at": moment},
                    }
                )
    return tickets, events


def _usage(draw: random.Random, names: list[str], at: Callable[[], datetime]) -> list[Row]:
    return [
        {
            **{"event_id": str(number), "account_id": name, "event_name": "report", "occurred_at": at()},
            "user_id": draw.choice([f"{name}-boss", f"boss@{name}.example", f"{name}-u", f"{name}-v", None]),
        }
        for number, name in enumerate(draw.choices(names[:20], weights=range(1, 21), k=2600))
    ]
