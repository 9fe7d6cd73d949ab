"""Onboarding in plain Python, from the definitions in docs/metrics.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from statistics import median

from tests.reference.usage import Row, Usage, rate


class Onboarding:
    """The cohorts of one world."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def cohorts(self, segment: str | None, window: int = 30, one_and_done: int = 30) -> dict[date, Row]:
        members: dict[date, list[Row]] = defaultdict(list)
        for account in self._usage.of_segment(segment):
            if row := self._onboarding(account, one_and_done):
                members[row["signed_up"].replace(day=1)].append(row)
        return {month: _cohort(rows, window) for month, rows in members.items()}

    def _onboarding(self, account: str, one_and_done: int) -> Row | None:
        world = self._usage.world
        (created,) = (row["created_at"] for row in world.accounts if row["account_id"] == account)
        events = self._usage.by_account[account]
        milestones = [row for row in world.milestones if row["account_id"] == account]
        served = [row for row in world.periods if row["account_id"] == account]
        if not (events or milestones or served):
            return None
        reached = {
            row["milestone"]: world.day(row["reached_at"])
            for row in milestones
            if row["reached_at"] and row["reached_at"] <= world.as_of
        }
        value = [event.day for event in events if event.name in world.activating]
        value += [reached["first_value"]] if "first_value" in reached else []
        signed_up = world.day(created)
        due = [row for row in milestones if row["milestone"] in reached or row["target_on"] < world.today]
        late = [row for row in due if reached.get(row["milestone"], world.today) > row["target_on"]]
        days = {event.day for event in events}
        by_user = defaultdict(set)
        for event in events:
            if event.user is not None:
                by_user[event.user].add(event.day)
        seen_once = [found for found in by_user.values() if _is_done(found, world.today, one_and_done)]
        return {
            "signed_up": signed_up,
            "days": max((min(value) - signed_up).days, 0) if value else None,
            "known": (world.today - signed_up).days,
            "due": len(due),
            "late": len(late),
            "is_onboarded": "onboarded" in reached,
            "is_seen": bool(days),
            "is_done": _is_done(days, world.today, one_and_done),
            "users": len(by_user),
            "users_done": len(seen_once),
        }


def _is_done(days: set[date], today: date, one_and_done: int) -> bool:
    return len(days) == 1 and (today - max(days)).days > one_and_done


def _cohort(rows: Sequence[Row], window: int) -> Row:
    matured = [row for row in rows if row["known"] > window]
    activated = [row for row in matured if row["days"] is not None and row["days"] <= window]
    with_value = [row["days"] for row in rows if row["days"] is not None]
    seen = sum(row["is_seen"] for row in rows)
    done, users, users_done = (sum(row[name] for row in rows) for name in ("is_done", "users", "users_done"))
    due, late = (sum(row[name] for row in rows) for name in ("due", "late"))
    return {
        "accounts": len(rows),
        "matured_accounts": len(matured),
        "activated_accounts": len(activated),
        "activation_rate": rate(len(activated), len(matured)),
        "accounts_with_value": len(with_value),
        "median_days_to_value": _kaplan_meier(rows, 0.5),
        "p75_days_to_value": _kaplan_meier(rows, 0.25),
        "median_days_to_value_activated": median(with_value) if with_value else None,
        "onboarded_accounts": sum(row["is_onboarded"] for row in rows),
        "milestones_due": due,
        "late_milestones": late,
        "late_milestone_rate": rate(late, due),
        "seen_accounts": seen,
        "one_and_done_accounts": done,
        "one_and_done_rate": rate(done, seen),
        "users": users,
        "one_and_done_users": users_done,
        "one_and_done_user_rate": rate(users_done, users),
    }


def _kaplan_meier(rows: Sequence[Row], share: float) -> int | None:
    """The first day on which at most `share` of the accounts still wait for value."""
    waiting = 1.0
    for day in sorted({row["days"] for row in rows if row["days"] is not None}):
        at_risk = sum((row["known"] if row["days"] is None else row["days"]) >= day for row in rows)
        waiting *= 1 - sum(row["days"] == day for row in rows) / at_risk
        if waiting <= share + 1e-9:
            return int(day)
    return None
