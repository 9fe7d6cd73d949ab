"""Usage and onboarding in plain Python, from the definitions in docs/metrics.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from orchestration.dbt_runner.pseudonyms import TEST_KEY, pseudonym

Row = dict[str, Any]
GAP = timedelta(minutes=30)


@dataclass(frozen=True)
class World:
    """A company: what is true, and the rows of usage events as they are delivered, some of them twice."""

    as_of: datetime
    zone: str
    accounts: Sequence[Row]
    periods: Sequence[Row]
    contacts: Sequence[Row]
    seats: Sequence[Row]
    milestones: Sequence[Row]
    delivered: Sequence[Row]
    uncounted: frozenset[str] = frozenset({"page_view"})
    ignored: frozenset[str] = frozenset({"bot"})
    core: frozenset[str] = frozenset({"export", "report", "never_used"})
    activating: frozenset[str] = frozenset({"report"})

    def day(self, instant: datetime) -> date:
        return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(self.zone)).date()

    def midnight(self, day: date) -> datetime:
        """The UTC instant at which a day begins."""
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
        return local.astimezone(UTC).replace(tzinfo=None)

    @property
    def today(self) -> date:
        return self.day(self.as_of)

    @property
    def measured(self) -> list[str]:
        """Accounts that metrics include."""
        return [row["account_id"] for row in self.accounts if not row["is_internal"]]


@dataclass(frozen=True)
class Event:
    account: str
    user: str | None
    name: str
    at: datetime
    day: date


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


class Usage:
    """Every figure of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        copies: dict[tuple[Any, ...], Row] = {}
        for row in world.delivered:
            key = row["event_id"], row["account_id"], row["occurred_at"]
            if key not in copies or copies[key]["user_id"] is None:
                copies[key] = row
        self.distinct = list(copies.values())
        self.counted = [
            Event(row["account_id"], _user(row), row["event_name"], at, world.day(at))
            for row in self.distinct
            for at in [row["occurred_at"]]
            if at <= world.as_of
            and row["event_name"] not in world.uncounted
            and row["user_id"] not in world.ignored
        ]
        self.mine = [event for event in self.counted if event.account in world.measured]
        self.sessions = Counter(_sessions(self.mine))
        self.by_account: dict[str, list[Event]] = defaultdict(list)
        for event in self.mine:
            self.by_account[event.account].append(event)

    # ---------------------------------------------------------------- money and seats
    def is_customer(self, account: str, end: date) -> bool:
        """Whether the account is a customer at the end of the last day before `end`, or at as_of."""
        midnight = self.world.midnight(end)
        now = min(midnight, self.world.as_of + timedelta(seconds=1))
        return any(
            period["account_id"] == account
            and period["period_start"] < now
            and (period["period_end"] is None or period["period_end"] >= now)
            for period in self.world.periods
        )

    def seats(self, account: str, end: date) -> int | None:
        """Paid seats of all keys on the day before `end`, or on the day of as_of."""
        last = min(end - timedelta(days=1), self.world.today)
        latest: dict[str, Row] = {}
        for row in sorted(self.world.seats, key=lambda row: row["effective_on"]):
            if row["account"] == account and row["effective_on"] <= last:
                latest[row["account_id"]] = row
        return sum(max(row["seats_paid"], 0) for row in latest.values()) if latest else None

    # ---------------------------------------------------------------- weeks
    def weeks(self) -> dict[tuple[str, date], Row]:
        start = min(monday(event.day) for event in self.mine)
        now = monday(self.world.today)
        mondays = [start + timedelta(weeks=n) for n in range((now - start).days // 7 + 1)]
        known = {monday(event.day) for event in self.mine}
        known |= {week + timedelta(weeks=1) for week in known} & {now}
        found = {}
        for account in self.world.measured:
            activity = {week: self._activity(account, week) for week in mondays}
            rows = {week: self._week(account, week, now) for week in mondays}
            begun = [week for week in sorted(known) if rows[week]["is_customer"] or activity[week]]
            for week in sorted(known):
                row = rows[week]
                if not (row["is_customer"] or row["events"]):
                    continue
                earlier = [one for one in mondays if begun[0] <= one <= week - timedelta(weeks=4)][-13:]
                recent = sum(activity.get(week - timedelta(weeks=n), 0) for n in range(4))
                before = sum(activity[one] for one in earlier)
                is_known = week < now and len(earlier) >= 4 and before
                row["usage_trend"] = (recent / 4) / (before / len(earlier)) - 1 if is_known else None
                row["is_slipping"] = bool(is_known and row["is_customer"] and row["usage_trend"] <= -0.4)
                found[account, week] = row
        return found

    def _activity(self, account: str, week: date) -> int:
        days = _within(self.by_account[account], week, week + timedelta(weeks=1))
        users: dict[date, set[str | None]] = defaultdict(set)
        for event in days:
            users[event.day] |= {event.user} - {None}
        return sum(max(len(found), 1) for found in users.values())

    def _week(self, account: str, week: date, now: date) -> Row:
        world = self.world
        end = week + timedelta(weeks=1)
        events = _within(self.by_account[account], week, end)
        window = _within(self.by_account[account], end - timedelta(days=28), end)
        days = (world.today - week).days + 1 if week == now else 7
        sessions = self._sessions(account, week, end)
        paid = self.seats(account, end)
        features = {event.name for event in window} & world.core
        active = _users(events)
        makers = {
            contact["contact_id"]
            for contact in world.contacts
            if contact["account_id"] == account and contact["is_decision_maker"]
            if active & {contact["contact_id"], pseudonym(contact["email"], TEST_KEY)}
        }
        last = [event.day for event in self.by_account[account] if event.day < end]
        return {
            "is_complete": week < now,
            "is_customer": self.is_customer(account, end),
            "active_users": _count(events),
            "active_days": len({event.day for event in events}),
            "events": len(events),
            "sessions": sessions,
            "sessions_per_user_day": rate(sessions, _user_days(events)),
            "stickiness": rate(_user_days(events) / days, len(active)),
            "active_users_28d": _count(window),
            "stickiness_28d": rate(_user_days(window) / (21 + days), len(_users(window))),
            "seats_paid": paid,
            "seat_utilisation": rate(_count(events), paid),
            "decision_makers_active": len(makers),
            "features_used": len(features),
            "feature_adoption_rate": len(features) / len(world.core),
            "last_active_on": max(last, default=None),
        }

    def _sessions(self, account: str, start: date, end: date) -> int:
        return sum(n for (one, day), n in self.sessions.items() if one == account and start <= day < end)

    # ---------------------------------------------------------------- months
    def account_month(self, account: str, month: date) -> tuple[int | None, int | None]:
        """Active users and seats of an account; its users are unknown in a month without any event at all."""
        end = next_month(month)
        if not _within(self.mine, month, end):
            return None, self.seats(account, end)
        return _count(_within(self.by_account[account], month, end)), self.seats(account, end)

    def months(self, segment: str | None) -> dict[date, Row]:
        """Rows of usage_monthly of a segment, or of all accounts."""
        accounts = self.of_segment(segment)
        first = min(event.day for event in self.mine).replace(day=1)
        found = {}
        while first <= self.world.today:
            start, first = first, next_month(first)
            if not _within(self.mine, start, first):
                continue
            events = {name: _within(self.by_account[name], start, first) for name in accounts}
            customers = {name for name in accounts if self.is_customer(name, first)}
            days = (min(first, self.world.today + timedelta(days=1)) - start).days
            users = sum(len(_users(one)) for one in events.values())
            user_days = sum(map(_user_days, events.values()))
            sessions = sum(self._sessions(name, start, first) for name in accounts)
            active = {name for name in accounts if events[name]}
            seated = {
                name: self.seats(name, first) or 0 for name in customers if _count(events[name]) is not None
            }
            is_named = users > 0 or not active
            in_seats = sum(_count(events[name]) or 0 for name, seats in seated.items() if seats)
            found[start] = {
                "active_users": users if is_named else None,
                "average_daily_users": user_days / days if is_named else None,
                "stickiness": rate(user_days / days, users),
                "sessions_per_user_day": rate(sessions, user_days),
                "active_accounts": len(active),
                "customers": len(customers),
                "active_customers": len(customers & active),
                "usage_coverage_rate": rate(len(customers & active), len(customers)),
                "seats_paid": sum(seated.values()),
                "seat_utilisation": rate(in_seats, sum(seated.values())) if is_named else None,
            }
        return found

    def of_segment(self, segment: str | None) -> list[str]:
        return [
            row["account_id"]
            for row in self.world.accounts
            if not row["is_internal"] and segment in (None, row["segment"])
        ]

    # ---------------------------------------------------------------- quality
    def quality(self) -> dict[str, int]:
        world = self.world
        known = {row["account_id"] for row in world.accounts}
        internal = known - set(world.measured)
        distinct = self.distinct
        return {
            "starts_after_as_of": sum(row["occurred_at"] > world.as_of for row in distinct),
            "account_unknown": sum(row["account_id"] not in known for row in distinct),
            "internal_account": sum(row["account_id"] in internal for row in distinct),
            "without_user": sum(row["user_id"] is None for row in distinct),
            "ignored_user": sum(row["user_id"] in world.ignored for row in distinct),
            "without_activity": sum(
                row["event_name"] in world.uncounted and row["user_id"] not in world.ignored
                for row in distinct
            ),
            "delivered_again": len(world.delivered) - len(distinct),
        }


def _user(row: Mapping[str, Any]) -> str | None:
    user: str | None = row["user_id"]
    return pseudonym(user, TEST_KEY) if user and "@" in user else user


def _sessions(events: Iterable[Event]) -> list[tuple[str, date]]:
    """The account and the day of the start of each session."""
    times: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.user is not None:
            times[event.account, event.user].append(event)
    starts = []
    for (account, _), found in times.items():
        found.sort(key=lambda event: event.at)
        starts.append((account, found[0].day))
        starts += [(account, later.day) for earlier, later in pairwise(found) if later.at - earlier.at > GAP]
    return starts


def _within(events: Iterable[Event], start: date, end: date) -> list[Event]:
    return [event for event in events if start <= event.day < end]


def _users(events: Iterable[Event]) -> set[str]:
    return {event.user for event in events if event.user is not None}


def _count(events: Sequence[Event]) -> int | None:
    """The number of users; None if there are events, but none of them names a user."""
    return len(_users(events)) if _users(events) or not events else None


def _user_days(events: Iterable[Event]) -> int:
    return len({(event.user, event.day) for event in events if event.user is not None})


def rate(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None
