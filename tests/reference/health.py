"""Health, alerts and the back-test in plain Python, from the definitions in docs/health.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from tests.reference.health_company import Company
from tests.reference.usage import Row, Usage, World, monday

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


class Health:
    """Every figure of one company, account by account and week by week."""

    def __init__(self, company: Company) -> None:
        self.company, self.world = company, company.world
        self.usage = Usage(company.world).weeks()
        self.segments = {row["account_id"]: row["segment"] for row in self.world.accounts}
        self.cards = {row["segment"]: row["score_card"] for row in company.seeds["health_score_cards"]}
        self.bands = {row["band"]: row["from_score"] for row in company.seeds["health_bands"]}
        self.thresholds = {row["signal"]: row["threshold"] for row in company.seeds["alert_plays"]}
        self.facts = {account: self._facts(account) for account in self.world.measured}
        heard = [day for facts in self.facts.values() for day in facts["tickets"]]
        self.first_ticket = min(heard, default=None)
        late = [start for facts in self.facts.values() for start, _ in facts["past_due"]]
        self.first_past_due = min(late, default=None)
        self.weeks = self._weeks()

    # ---------------------------------------------------------------- what was heard, by day
    def _facts(self, account: str) -> dict[str, Any]:
        day, now = self.world.day, self.world.as_of
        mine = [
            row
            for row in sorted(self.company.answers, key=lambda row: (row["responded_at"], row["response_id"]))
            if row["account_id"] == account and row["responded_at"] <= now
        ]
        tickets = [
            row for row in self.company.tickets if row["account_id"] == account and row["created_at"] <= now
        ]
        told = {row["ticket_id"] for row in self.company.events}
        reopens, escalations = [], []
        for row in tickets:
            known = day(row["updated_at"] or row["created_at"])
            # A version after as_of tells nothing.
            if (row["updated_at"] or row["created_at"]) <= now:
                escalations += [known] * bool(row["is_escalated"])
                if row["ticket_id"] not in told:
                    reopens += [known] * (row["reopens"] or 0)
            reopens += list(self._reopenings(row["ticket_id"]))
        return {
            "nps": [
                (day(row["responded_at"]), _person(row), row["score"])
                for row in mine
                if row["survey_type"] == "nps" and 0 <= row["score"] <= 10
            ],
            "csat": [
                (day(row["responded_at"]), row["score"] >= 4)
                for row in mine
                if row["survey_type"] == "csat" and row["score"] <= 5
            ],
            "tickets": [day(row["created_at"]) for row in tickets],
            "reopens": reopens,
            "escalations": escalations,
            "past_due": [
                (
                    day(row["period_start"]),
                    day(row["period_end"]) if row["period_end"] and row["period_end"] <= now else date.max,
                )
                for row in self.world.periods
                if row["account_id"] == account and row["status"] == "past_due" and row["period_start"] <= now
            ],
        }

    def _reopenings(self, ticket: str) -> Iterator[date]:
        was_solved = False
        for row in sorted(self.company.events, key=lambda row: row["occurred_at"]):
            if row["ticket_id"] != ticket or row["occurred_at"] > self.world.as_of:
                continue
            is_solved = row["status"] in ("solved", "closed")
            if was_solved and not is_solved:
                yield self.world.day(row["occurred_at"])
            was_solved = is_solved

    # ---------------------------------------------------------------- weeks
    def _weeks(self) -> dict[tuple[str, date], Row]:
        first = monday(min(self.world.day(row["period_start"]) for row in self.world.periods))
        mondays = []
        while first <= self.world.today:
            mondays.append(first)
            first += WEEK
        used = {account: min(week for one, week in self.usage if one == account) for account, _ in self.usage}
        customer = Usage.is_customer
        rows: dict[tuple[str, date], Row] = {}
        for account in self.world.measured:
            for week in mondays:
                # The closing instant of a week belongs to it.
                if customer(_Ends(self.world), account, week + WEEK):  # type: ignore[arg-type]
                    rows[account, week] = self._week(account, week, used.get(account))
        for (account, week), row in rows.items():
            earlier = rows.get((account, week - 4 * WEEK), {}).get("health_score")
            is_known = row["health_score"] is not None and earlier is not None
            row["trend_30d"] = row["health_score"] - earlier if is_known else None
            row["risk_signals"] = self._signals(row, self._risks(row))
            row["expansion_signals"] = self._signals(row, _chances(row))
        return rows

    def _week(self, account: str, week: date, first_use: date | None) -> Row:
        end = min(week + 6 * DAY, self.world.today)
        facts = self.facts[account]

        def recent(days: Sequence[date], length: int) -> int:
            return sum(timedelta(0) <= end - day < length * DAY for day in days)

        latest: dict[str, tuple[date, int]] = {}
        for day, person, score in facts["nps"]:
            if day <= end:
                latest[person] = day, score
        scores = [score for day, score in latest.values() if end - day < 180 * DAY]
        said = [score for day, _, score in facts["nps"] if day <= end]
        satisfied = [is_good for day, is_good in facts["csat"] if timedelta(0) <= end - day < 90 * DAY]
        due = [
            row for row in self.world.milestones if row["account_id"] == account and row["target_on"] < end
        ]
        late = [
            row
            for row in due
            if row["reached_at"] is None
            or self.world.day(row["reached_at"]) > end
            or row["reached_at"] > self.world.as_of
        ]
        has_tickets = self.first_ticket is not None and monday(self.first_ticket) <= week
        has_past_due = self.first_past_due is not None and monday(self.first_past_due) <= week
        reopens, escalations = recent(facts["reopens"], 30), recent(facts["escalations"], 30)
        usage = self.usage.get((account, week), {})
        before = self.usage.get((account, week - WEEK), {})
        last = usage if usage.get("is_complete") else before
        makers = [
            one
            for (who, one), row in self.usage.items()
            if who == account and one <= week and row["decision_makers_active"]
        ]
        users, seats = usage.get("active_users_28d"), usage.get("seats_paid")
        row: Row = {
            "nps": sum(scores) / len(scores) if scores else None,
            "csat": sum(satisfied) / len(satisfied) if satisfied else None,
            "tickets": recent(facts["tickets"], 30) if has_tickets else None,
            "ticket_trouble": reopens + escalations if has_tickets else None,
            "usage_trend": last.get("usage_trend") if usage else None,
            "seat_utilisation": users / seats if users is not None and seats else None,
            "inactive_days": (end - (usage["last_active_on"] or first_use or week)).days if usage else None,
            "decision_maker_weeks": sum(week - one < 4 * WEEK for one in makers)
            if usage and makers
            else None,
            "late_milestones": len(late) if due else None,
            "past_due": sum(start <= end < until for start, until in facts["past_due"])
            if has_past_due
            else None,
        }
        card = self._card(account)
        row.update(_scored(row, card))
        row.update(
            detractors=sum(score <= 6 for score in scores),
            last_is_detractor=bool(said and said[-1] <= 6),
            reopens=reopens,
            escalations=escalations,
            is_slipping=bool(last.get("is_slipping")) and bool(usage),
            maker_days=(week - max(makers)).days if usage and makers else None,
            renewals=self._renewals(account, end),
            open_expansions=self._expansions(account, end),
            health_band=self._band(row["health_score"]),
            end=end,
        )
        return row

    def _card(self, account: str) -> list[Row]:
        name = self.cards.get(self.segments[account], self.cards["all"])
        return [row for row in self.company.seeds["health_measures"] if row["score_card"] == name]

    def _band(self, score: float | None) -> str | None:
        if score is None:
            return None
        return str(max((bound, band) for band, bound in self.bands.items() if score >= bound)[1])

    def _renewals(self, account: str, end: date) -> int:
        return sum(
            row["account_id"] == account and row["starts_on"] <= end < row["ends_on"] <= end + 90 * DAY
            for row in self.company.contracts
        )

    def _expansions(self, account: str, end: date) -> int:
        day, now = self.world.day, self.world.as_of
        return sum(
            row["account_id"] == account
            and row["opportunity_type"] == "expansion"
            and row["created_at"] <= now
            and day(row["created_at"]) <= end
            and not (row["is_closed"] and row["closed_at"] <= now and day(row["closed_at"]) <= end)
            for row in self.company.opportunities
        )

    # ---------------------------------------------------------------- signals
    def _risks(self, row: Row) -> dict[str, float | None]:
        drop = row["trend_30d"]
        return {
            "detractor": row["detractors"],
            "escalated_ticket": row["escalations"],
            "inactive_decision_maker": row["maker_days"],
            "low_seat_use": row["seat_utilisation"],
            "no_login": row["inactive_days"],
            "past_due": row["past_due"],
            "red_health": int(row["health_band"] == "red"),
            "renewal_at_risk": row["renewals"] if row["health_band"] in ("red", "yellow") else 0,
            "reopened_tickets": row["reopens"],
            "score_drop": None if drop is None else round(-drop, 4),
            "usage_slipping": int(row["is_slipping"]),
        }

    def _signals(self, row: Row, values: Mapping[str, float | None]) -> str | None:
        on = []
        for name, value in values.items():
            if value is not None and name in self.thresholds:
                limit = self.thresholds[name]
                if value < limit if name == "low_seat_use" else value >= limit:
                    on.append(name)
        return ", ".join(sorted(on)) or None

    def alerts(self) -> dict[tuple[str, str], date]:
        """The first week of each unbroken run of a signal that is on in the week of as_of."""
        now = monday(self.world.today)
        found = {}
        for account in {one for one, week in self.weeks if week == now}:
            row = self.weeks[account, now]
            for name in _names(row):
                since = now
                while name in _names(self.weeks.get((account, since - WEEK), {})):
                    since -= WEEK
                found[account, name] = since
        return found

    # ---------------------------------------------------------------- churn
    def churns(self) -> dict[str, list[date]]:
        """Days on which each account churned."""
        found = defaultdict(list)
        for row in self.world.periods:
            end = row["period_end"]
            if end is None or end > self.world.as_of or row["account_id"] not in self.world.measured:
                continue
            others = [one for one in self.world.periods if one["account_id"] == row["account_id"]]
            if not any(one["period_start"] == end for one in others):
                found[row["account_id"]].append(self.world.day(end))
        return found

    def backtest(self, month: date, horizon: int, rule: str) -> tuple[int, int, int, int]:
        """Scored, flagged, churned, and both, for the last week that ended in the month."""
        following = (month + timedelta(days=32)).replace(day=1)
        week = monday(following) - WEEK
        scored = {
            account: row
            for (account, one), row in self.weeks.items()
            if one == week and row["health_score"] is not None
        }
        flagged = {account for account, row in scored.items() if _is_flagged(row, rule)}
        end, churns = week + 6 * DAY, self.churns()
        left = {
            account
            for account in scored
            if any(end < day <= end + horizon * DAY for day in churns.get(account, ()))
        }
        return len(scored), len(flagged), len(left), len(flagged & left)


class _Ends:
    """Lets Usage.is_customer answer for a world without its events."""

    def __init__(self, world: World) -> None:
        self.world = world


def _person(row: Row) -> str:
    is_own = row["survey_kind"] == "transactional" or row["respondent_id"] is None
    return f"response {row['response_id']}" if is_own else str(row["respondent_id"])


def _chances(row: Row) -> dict[str, float | None]:
    return {
        "high_seat_use": row["seat_utilisation"],
        "open_expansion": row["open_expansions"],
        "promoter": row["nps"],
        "usage_growing": row["usage_trend"],
    }


def _names(row: Row) -> list[str]:
    return [
        name
        for kind in ("risk", "expansion")
        if row.get(f"{kind}_signals")
        for name in row[f"{kind}_signals"].split(", ")
    ]


def _scored(values: Row, card: Sequence[Row]) -> Row:
    known = []
    for measure in card:
        value = values[measure["measure"]]
        if value is None or not measure["weight"]:
            continue
        low, high = measure["score_0_at"], measure["score_100_at"]
        known.append((measure["weight"], 100 * min(max((value - low) / (high - low), 0), 1)))
    total = sum(weight for weight, _ in known)
    score = round(sum(weight * score for weight, score in known) / total, 4) if known else None
    return {"health_score": score, "measures_present": len(known)}


def _is_flagged(row: Row, rule: str) -> bool:
    if rule == "no_login_30d":
        return (row["inactive_days"] or 0) >= 30
    if rule == "last_nps_detractor":
        return bool(row["last_is_detractor"])
    return row["health_band"] in {"red": ["red"], "red_or_yellow": ["red", "yellow"]}[rule]
