"""Survey metrics in plain Python, written from docs/metrics.md: shares, scores, changes, outcomes, voices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

from scipy.stats import binomtest, norm

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Figures = dict[Key, dict[str, Any]]

Z = float(norm.ppf(0.975))
LENGTHS = {"month": 1, "quarter": 3}
MINIMUM, MATURITY_DAYS, GOOD, FAIR = 10, 14, Fraction(3, 4), Fraction(3, 5)


@dataclass(frozen=True)
class Answer:
    """An invitation with what is known of its answer."""

    response_id: str
    account_id: str | None
    person: str
    survey_type: str
    survey_kind: str
    touchpoint: str
    scale: tuple[int, bool]
    """Top of the scale, and whether a high score is good."""
    score: Decimal | None
    is_delivered: bool
    invited: datetime
    """In the reporting time zone, as `answered`."""
    answered: datetime | None
    slices: tuple[tuple[str, str], ...]
    mrr: Decimal

    @property
    def is_valid(self) -> bool:
        top, is_high_good = self.scale
        if self.score is None:
            return False
        if self.survey_type == "nps":
            return self.scale == (10, True) and self.score in range(11)
        return (0 if is_high_good else 1) <= self.score <= top

    @property
    def is_satisfied(self) -> bool:
        assert self.score is not None
        top, is_high_good = self.scale
        good = self.score if is_high_good else top + 1 - self.score
        return Fraction(good) / top >= (Fraction(4, 5) if self.survey_type == "csat" else Fraction(5, 7))

    def period(self, period_type: str) -> date:
        months = LENGTHS[period_type]
        return date(self.invited.year, (self.invited.month - 1) // months * months + 1, 1)


def later(day: date, months: int) -> date:
    """The first day of the month that is some months later."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def read_answers(
    rows: Iterable[Row], published: Mapping[str, Row], as_of: datetime, zone: str
) -> list[Answer]:
    """The answers of landed rows. `published` has plan, segment and MRR of each account at the time."""

    def local(moment: datetime | None) -> datetime | None:
        return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) if moment else None

    found = []
    for row in rows:
        if row["response_id"] not in published:
            continue
        state = published[row["response_id"]]
        responded = (row["responded_at"] or row["sent_at"]) if row["score"] is not None else None
        is_known = responded is not None and responded <= as_of
        invited = local(row["sent_at"] or responded)
        assert invited
        found.append(
            Answer(
                row["response_id"],
                row["account_id"],
                row["respondent_id"] or f"answer {row['response_id']}",
                row["survey_type"],
                row["survey_kind"],
                row["touchpoint"] or "unknown",
                (row["scale_max"], row["higher_is_better"]),
                row["score"] if is_known else None,
                row["delivered"] or row["score"] is not None,
                invited,
                local(responded) if is_known else None,
                (
                    ("all", "all"),
                    ("segment", state["segment"] or "unknown"),
                    ("plan", state["plan"] or "unknown"),
                ),
                state["mrr"],
            )
        )
    return found


def counted(answers: Sequence[Answer], period_type: str) -> set[str]:
    """Ids of the answers that count: the latest of each person, and every answer after an event."""
    latest: dict[Key, Answer] = {}
    for answer in answers:
        if answer.is_valid:
            person = answer.person if answer.survey_kind == "relational" else answer.response_id
            key = (answer.survey_type, answer.survey_kind, person, answer.period(period_type))
            latest[key] = max(latest.get(key, answer), answer, key=_moment)
    return {answer.response_id for answer in latest.values()}


def _moment(answer: Answer) -> tuple[datetime, str]:
    assert answer.answered
    return answer.answered, answer.response_id


def _groups(items: Iterable[Any], keys: Callable[[Any], Iterable[Key]]) -> dict[Key, list[Any]]:
    groups: dict[Key, list[Any]] = defaultdict(list)
    for item in items:
        for key in keys(item):
            groups[key].append(item)
    return groups


def is_mature(start: date, period_type: str, as_of: datetime, zone: str) -> bool:
    end = datetime.combine(later(start, LENGTHS[period_type]), datetime.min.time(), ZoneInfo(zone))
    return end.astimezone(UTC).replace(tzinfo=None) + timedelta(days=MATURITY_DAYS) <= as_of


def satisfaction(answers: Sequence[Answer], as_of: datetime, zone: str) -> Figures:
    """Rows of satisfaction_periods by their key."""
    figures: Figures = {}
    for period_type in LENGTHS:
        counting = counted(answers, period_type)

        def keys(answer: Answer, period_type: str = period_type) -> Iterator[Key]:
            survey = (answer.survey_type, answer.survey_kind, *answer.scale)
            for touchpoint in (answer.touchpoint, "all"):
                for one in answer.slices:
                    yield (period_type, answer.period(period_type), *survey, touchpoint, *one)

        asked = [one for one in answers if one.survey_type != "nps" and one.is_delivered]
        for key, group in _groups(asked, keys).items():
            votes = [one for one in group if one.response_id in counting]
            good, size = sum(one.is_satisfied for one in votes), len(votes)
            ends = binomtest(good, size).proportion_ci(method="wilson") if size else (None, None)
            share = Fraction(good, size) if size else None
            band = None
            if share is not None and size >= MINIMUM:
                band = "good" if share >= GOOD else "fair" if share >= FAIR else "poor"
            figures[key] = {
                "is_mature": is_mature(key[1], period_type, as_of, zone),
                "invited": len(group),
                "responses": size,
                "response_rate": sum(one.score is not None for one in group) / len(group),
                "satisfied": good,
                "satisfaction_rate": None if share is None else float(share),
                "satisfaction_ci_low": ends[0],
                "satisfaction_ci_high": ends[1],
                "mean_score": float(sum(one.score for one in votes) / size) if size else None,
                "band": band,
            }
    return figures


def points(score: Any) -> int:
    """100 for a promoter, -100 for a detractor."""
    return 100 if score >= 9 else -100 if score <= 6 else 0


def account_votes(answers: Sequence[Answer], period_type: str) -> dict[Key, tuple[Answer, Fraction | None]]:
    """The latest invitation of each account in a period and kind of survey, and the mean of its answers."""
    counting = counted(answers, period_type)
    groups = _groups(
        (one for one in answers if one.survey_type == "nps" and one.is_delivered and one.account_id),
        lambda one: [(one.period(period_type), one.survey_kind, one.account_id)],
    )
    found: dict[Key, tuple[Answer, Fraction | None]] = {}
    for key, group in groups.items():
        scores = [Fraction(one.score) for one in group if one.response_id in counting]
        ordered = sorted(group, key=lambda one: (one.invited, one.response_id))
        # A churned account has no plan, and is in the slice of the plan that it had when it was asked before.
        plans = [one.slices[-1] for one in ordered if one.slices[-1] != ("plan", "unknown")]
        latest = replace(ordered[-1], slices=(*ordered[-1].slices[:-1], (plans or [("plan", "unknown")])[-1]))
        found[key] = (latest, sum(scores, Fraction()) / len(scores) if scores else None)
    return found


def changes(answers: Sequence[Answer]) -> Figures:
    """Scores of nps_periods and their change from the period before, by key."""
    votes: dict[Key, list[tuple[int, Decimal]]] = defaultdict(list)
    for period_type in LENGTHS:
        counting = counted(answers, period_type)
        cast: list[tuple[str, Answer, int | None, Decimal]] = [
            (
                "respondent",
                one,
                points(one.score) if one.response_id in counting else None,
                Decimal(1),
            )
            for one in answers
            if one.survey_type == "nps" and one.is_delivered
        ]
        for latest, mean in account_votes(answers, period_type).values():
            vote = None if mean is None else points(mean)
            cast += [("account", latest, vote, Decimal(1)), ("mrr", latest, vote, latest.mrr)]
        for weighting, one, vote, weight in cast:
            for dimension, value in one.slices:
                key = (period_type, one.period(period_type), one.survey_kind, weighting, dimension, value)
                votes[key] += [(vote, weight)] if vote is not None else []
    scores = {key: _score(group) for key, group in votes.items()}
    figures: Figures = {}
    for key, (nps, variance) in scores.items():
        before = (key[0], later(key[1], -LENGTHS[key[0]]), *key[2:])
        previous, earlier = scores.get(before, (None, None))
        change = None if nps is None or previous is None else nps - previous
        margin = None if variance is None or earlier is None else Z * sqrt(variance + earlier)
        figures[key] = {
            "nps": nps,
            "previous_nps": previous,
            "nps_change": change,
            "nps_change_margin": margin,
            "is_significant_change": None if change is None or margin is None else abs(change) > margin,
        }
    return figures


def _score(votes: Sequence[tuple[int, Decimal]]) -> tuple[float | None, float | None]:
    """The mean of the votes, and the variance of this mean if there are enough votes to tell."""
    total = sum((weight for _, weight in votes), Decimal())
    if not total:
        return None, None
    shares = [(vote, Fraction(weight) / Fraction(total)) for vote, weight in votes]
    mean = sum((vote * share for vote, share in shares), Fraction())
    size = 1 / sum((share * share for _, share in shares), Fraction())
    variance = sum((share * (vote - mean) ** 2 for vote, share in shares), Fraction()) / size
    return float(mean), float(variance) if size >= MINIMUM else None


def outcomes(answers: Sequence[Answer], months: Mapping[Key, Row], this_month: date) -> Figures:
    """Rows of nps_outcomes by their key. `months` has MRR by account and month."""
    names = {100: "promoter", 0: "passive", -100: "detractor"}
    nothing = {"closing_mrr": Decimal(0), "is_customer_at_close": False}
    groups: dict[Key, list[tuple[Answer, Row, Row]]] = defaultdict(list)
    for (quarter, kind, account_id), (latest, mean) in account_votes(answers, "quarter").items():
        start = later(quarter, 2)
        if mean is not None and start < this_month:
            pair = [months.get((account_id, later(start, ahead)), nothing) for ahead in (0, 12)]
            groups[quarter, kind, names[points(mean)]].append((latest, pair[0], pair[1]))
    return {key: _outcome(group, later(key[0], 14) < this_month) for key, group in groups.items()}


def _outcome(group: Sequence[tuple[Answer, Row, Row]], is_over: bool) -> dict[str, Any]:
    inside = [(first, last) for _, first, last in group if first["is_customer_at_close"]]
    start = sum((first["closing_mrr"] for first, _ in inside), Decimal())
    known = {
        "is_complete": is_over,
        "accounts": len(inside),
        "already_left_accounts": sum(
            one.mrr > 0 and not first["is_customer_at_close"] for one, first, _ in group
        ),
        "starting_mrr": start,
    }
    kept = [(first, last) for first, last in inside if last["is_customer_at_close"]]
    moves = [last["closing_mrr"] - first["closing_mrr"] for first, last in kept]
    gained = sum((move for move in moves if move > 0), Decimal())
    end = sum((last["closing_mrr"] for _, last in inside), Decimal())
    least = sum((min(first["closing_mrr"], last["closing_mrr"]) for first, last in inside), Decimal())
    found = {
        "expansion_mrr": gained,
        "contraction_mrr": sum((move for move in moves if move < 0), Decimal()),
        "churned_mrr": sum((first["closing_mrr"] for first, _ in kept), Decimal()) - start,
        "ending_mrr": end,
        "churned_accounts": len(inside) - len(kept),
        "customer_retention_rate": len(kept) / len(inside) if inside else None,
        "nrr": float(end / start) if start else None,
        "grr": float(least / start) if start else None,
        "expansion_rate": float(gained / start) if start else None,
    }
    return known | (found if is_over else dict.fromkeys(found))


def voices(answers: Sequence[Answer], account_id: str, month: date) -> dict[str, Any]:
    """Score and CSAT of an account at the close of a month."""
    given = [one for one in answers if one.account_id == account_id and one.is_valid]
    until, since = later(month, 1), later(month, -11)
    last: dict[str, Answer] = {}
    for one in sorted(given, key=_moment):
        assert one.answered
        is_nps = (one.survey_type, one.survey_kind) == ("nps", "relational")
        if is_nps and since <= one.answered.date() < until:
            last[one.person] = one
    scores = [one.score for one in last.values() if one.score is not None]
    csat = [
        one.is_satisfied
        for one in given
        if one.survey_type == "csat" and one.answered and month <= one.answered.date() < until
    ]
    return {
        "nps_score_latest": float(sum(scores, Decimal()) / len(scores)) if scores else None,
        "csat_rate": sum(csat) / len(csat) if csat else None,
    }
