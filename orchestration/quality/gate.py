"""The gate: how a release compares with the one before it, with its contract, and with the calendar.

Every finding has a name. One that breaks a limit blocks until a person accepts it by that name; one that
breaks a rule (a contract, a person's name in a text, a comparison that could not be made) blocks for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from orchestration.dbt_runner.mart_contract import MartContracts
from orchestration.quality.facts import Month, ReleaseFacts
from orchestration.quality.limits import Age, Change, Limits
from orchestration.quality.reconciliation import Figure
from orchestration.quality.report import Outcome
from orchestration.quality.suites import Severity

FAMILIES = (
    "rows",
    "closing_mrr",
    "customers",
    "restated_mrr",
    "restated_customers",
    "freshness",
    "schema",
    "contract",
    "checks",
    "personal",
    "reconciliation",
)
"""What the gate looks at: a finding is named for its family, or `<family>.<place>`."""

_CLOSED = ("restated_mrr", "restated_customers")
"""What is found of months that were complete in the release before."""

Verdict = Literal["passed", "warning", "failed", "raised"]


@dataclass(frozen=True)
class Finding:
    """One thing that the gate looked at. `raised` means that it could not be looked at."""

    name: str
    outcome: Outcome
    expected: str
    observed: str
    severity: Severity = "error"
    acceptable: bool = False
    """A person may accept it, by name and with a reason."""

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def verdict(self) -> Verdict:
        return "warning" if self.outcome == "failed" and self.severity == "warning" else self.outcome

    @property
    def is_blocking(self) -> bool:
        return self.verdict in ("failed", "raised")

    @property
    def message(self) -> str:
        """One line for people, without values of rows."""
        if self.verdict == "raised":
            return f"{self.name} could not be judged: {self.observed}"
        if self.verdict == "passed":
            return f"{self.name}: {self.observed}"
        word = "warning, " if self.verdict == "warning" else ""
        return f"{self.name}: {word}{self.observed}; expected {self.expected}"


def judge(
    release: ReleaseFacts, previous: ReleaseFacts | None, limits: Limits, contracts: MartContracts
) -> list[Finding]:
    """Everything that can be told from the two releases, in the order of FAMILIES; nothing is raised.

    An experiment is compared too, but what differs is a warning: whoever asked another question expects it.
    So it is with the counts and the latest month of a release for an earlier `as_of` or of a replay; its
    closed months, and all of a release under other policies, keep to the limits.
    """
    findings: list[Finding] = []
    if previous is not None:
        reasons = _other_question(release, previous)
        is_earlier = release.as_of < previous.as_of or release.known_at is not None
        for finding in (*_rows(release, previous, limits), *_figures(release, previous, limits)):
            if finding.outcome == "failed" and reasons:
                finding = replace(finding, observed=f"{finding.observed} ({'; '.join(reasons)})")
            if finding.outcome == "failed" and (
                release.is_experiment or (is_earlier and finding.family not in _CLOSED)
            ):
                finding = replace(finding, severity="warning")
            findings.append(finding)
    findings += _freshness(release, limits)
    if previous is not None:
        findings += _schema(release, previous)
    findings += _contract(release, contracts)
    findings += _checks(release, previous, limits)
    return findings


def personal_findings(found: Mapping[tuple[str, str], int]) -> list[Finding]:
    """What the scan for persons found, as findings; one that passed where it found nothing.

    A person may accept a finding: a contact called Human Resources makes no industry of that name personal.
    """
    expected = "no text that is a person's name or address, but in columns tagged `pii: name`"
    if not found:
        return [Finding("personal", "passed", expected, "no untagged text is a person's name or address")]
    return [
        Finding(
            f"personal.{mart}.{column}",
            "failed",
            expected,
            f"{count} of its values are persons'",
            acceptable=True,
        )
        for (mart, column), count in found.items()
    ]


def reconciliation_findings(figures: Sequence[Figure]) -> list[Finding]:
    """The figures that differ between layers, as findings; one that passed where none does."""
    expected = "the same in every layer"
    different = [figure for figure in figures if not figure.is_equal]
    if not different:
        return [Finding("reconciliation", "passed", expected, f"{len(figures)} figures are equal")]
    return [
        Finding(f"reconciliation.{figure.name}", "failed", expected, figure.in_words())
        for figure in different
    ]


def unanswered(name: str, error: Exception) -> Finding:
    """A finding that could not be made, which blocks like a bad one."""
    return _raised(name, f"{type(error).__name__}: {str(error).splitlines()[0][:200]}")


def _other_question(release: ReleaseFacts, previous: ReleaseFacts) -> list[str]:
    reasons = []
    if isinstance(release.policies, Mapping) and isinstance(previous.policies, Mapping):
        changed = [
            name
            for name, value in sorted(release.policies.items())
            if previous.policies.get(name, value) != value
        ]
        if changed:
            reasons.append(f"other policies: {', '.join(changed)}")
    if release.as_of < previous.as_of:
        reasons.append("an earlier as_of")
    if release.known_at:
        reasons.append("a replay")
    return reasons


def _rows(release: ReleaseFacts, previous: ReleaseFacts, limits: Limits) -> Iterator[Finding]:
    if isinstance(release.rows, str) or isinstance(previous.rows, str):
        yield _raised("rows", release.rows, previous.rows)
        return
    fine = 0
    for mart, before in previous.rows.items():
        after = release.rows.get(mart)
        if after is None or before < limits.rows_compared_from:
            continue
        limit = limits.rows_of.get(mart, limits.rows)
        if _is_within(before, after, limit):
            fine += 1
        else:
            yield _changed(f"rows.{mart}", before, after, limit, " rows")
    yield Finding("rows", "passed", "as many rows as before, roughly", f"{fine} marts within their limits")


def _figures(release: ReleaseFacts, previous: ReleaseFacts, limits: Limits) -> Iterator[Finding]:
    if isinstance(release.months, str) or isinstance(previous.months, str):
        for name in ("closing_mrr", "customers", "restated_mrr", "restated_customers"):
            yield _raised(name, release.months, previous.months)
        return
    before, after = _latest(previous.months), _latest(release.months)
    pairs = [("closing_mrr", limits.closing_mrr), ("customers", limits.customers)]
    for name, limit in pairs:
        yield _figure(name, name, before, after, limit, limits.customers_compared_from)
    now = {month.month: month for month in release.months}
    closed = [month for month in previous.months if month.is_complete]
    for (name, limit), kind in zip(pairs, ("restated_mrr", "restated_customers"), strict=True):
        found = [
            _figure(kind, name, old, now[old.month], limit, limits.customers_compared_from)
            for old in closed
            if old.month in now
        ]
        bad = [finding for finding in found if finding.outcome == "failed"]
        if bad:
            more = f", and {len(bad) - 1} more closed months" if len(bad) > 1 else ""
            yield replace(bad[0], observed=f"{bad[0].observed}{more}")
        else:
            expected = "closed months as they were, roughly"
            yield Finding(kind, "passed", expected, f"{len(found)} closed months within their limits")


def _figure(
    kind: str, name: str, before: Month | None, after: Month | None, limit: Change, compared_from: int
) -> Finding:
    if before is None or before.customers < compared_from:
        expected = _in_words(limit)
        return Finding(kind, "passed", expected, f"not compared below {compared_from} customers")
    old = float(getattr(before, name))
    new = float(getattr(after, name)) if after else 0.0
    month = f" in {before.month:%Y-%m}" if kind != name else ""
    if _is_within(old, new, limit):
        return Finding(kind, "passed", _in_words(limit), f"{old:,.0f} before, {new:,.0f} now{month}")
    return _changed(kind, old, new, limit, month)


def _latest(months: Sequence[Month]) -> Month | None:
    return months[-1] if months else None


def _freshness(release: ReleaseFacts, limits: Limits) -> Iterator[Finding]:
    as_of = release.as_of
    if not release.as_of_is_given:
        for label, age in limits.deliveries.items():
            if label in release.deliveries:
                yield _aged(f"freshness.{label}", "newest delivery", release.deliveries[label], as_of, age)
    if isinstance(release.events, str):
        yield _raised("freshness", release.events)
        return
    for name, age in limits.events.items():
        newest = release.events.get(name)
        if newest is not None:
            yield _aged(f"freshness.{name}", "newest", newest, as_of, age)


def _aged(name: str, what: str, newest: datetime, as_of: datetime, age: Age) -> Finding:
    days = (as_of - newest.replace(tzinfo=newest.tzinfo or UTC)).total_seconds() / 86400
    observed = f"{what} {max(days, 0):,.0f} days before as_of"
    for limit, severity in ((age.fail_after_days, "error"), (age.warn_after_days, "warning")):
        if limit is not None and days > limit:
            level: Severity = "error" if severity == "error" else "warning"
            return Finding(name, "failed", f"at most {limit:,.0f} days", observed, level, acceptable=True)
    return Finding(name, "passed", "new enough", observed)


def _schema(release: ReleaseFacts, previous: ReleaseFacts) -> Iterator[Finding]:
    """A reader of the release before must find every column again, of the same type; more is fine."""
    if isinstance(release.columns, str) or isinstance(previous.columns, str):
        yield _raised("schema", release.columns, previous.columns)
        return
    expected = "every column of the release before"
    sound = True
    for mart, columns in previous.columns.items():
        now = release.columns.get(mart)
        lost = [] if now is None else [name for name in columns if name not in now]
        retyped = [
            f"{name} from {kind} to {now[name]}"
            for name, kind in columns.items()
            if now is not None and now.get(name, kind) != kind
        ]
        parts = ["the mart was removed"] if now is None else []
        parts += [f"removed: {', '.join(lost)}"] if lost else []
        parts += [f"retyped: {', '.join(retyped)}"] if retyped else []
        if parts:
            sound = False
            yield Finding(f"schema.{mart}", "failed", expected, "; ".join(parts), acceptable=True)
    if sound:
        yield Finding("schema", "passed", expected, f"{len(previous.columns)} marts as before, or with more")


def _contract(release: ReleaseFacts, contracts: MartContracts) -> Iterator[Finding]:
    if isinstance(release.columns, str):
        yield _raised("contract", release.columns)
        return
    expected = "exactly the columns and types of the dbt contract"
    sound = True
    for mart in sorted(set(contracts) | set(release.columns)):
        declared = {name: _type(column.data_type) for name, column in contracts.get(mart, {}).items()}
        found = {name: _type(kind) for name, kind in release.columns.get(mart, {}).items()}
        if declared != found:
            sound = False
            names = sorted({name for name in {*declared, *found} if declared.get(name) != found.get(name)})
            observed = (
                f"differs in {', '.join(names[:5])}" if declared and found else "is in only one of both"
            )
            yield Finding(f"contract.{mart}", "failed", expected, observed)
    if sound:
        yield Finding("contract", "passed", expected, f"{len(contracts)} marts as declared")


def _checks(release: ReleaseFacts, previous: ReleaseFacts | None, limits: Limits) -> Iterator[Finding]:
    sound = True
    floor = limits.min_checks + 1  # the look for e-mail addresses is in every suite
    for mart, count in release.checks.items():
        before = previous.checks.get(mart, 0) if previous else 0
        if count < floor:
            sound = False
            yield Finding(f"checks.{mart}", "failed", f"at least {floor}", f"{count} checks were evaluated")
        elif count < before:
            sound = False
            observed = f"{count} checks, {before} in the release before"
            yield Finding(f"checks.{mart}", "failed", "as many checks as before", observed, acceptable=True)
    if sound:
        yield Finding("checks", "passed", "enough checks", f"{sum(release.checks.values())} checks evaluated")


def _is_within(before: float, after: float, limit: Change) -> bool:
    return before * (1 - limit.max_drop) <= after <= before * (1 + limit.max_rise)


def _changed(name: str, before: float, after: float, limit: Change, unit: str) -> Finding:
    share = f" ({(after - before) / before:+.0%})" if before else ""
    observed = f"from {before:,.0f} to {after:,.0f}{unit}{share}"
    return Finding(name, "failed", _in_words(limit), observed, acceptable=True)


def _in_words(limit: Change) -> str:
    return f"between -{limit.max_drop:.0%} and +{limit.max_rise:.0%}"


def _raised(name: str, *parts: object) -> Finding:
    reason = next(part for part in parts if isinstance(part, str))
    return Finding(name, "raised", "an answer", reason)


def _type(name: str) -> str:
    return name.upper().replace(" ", "")
