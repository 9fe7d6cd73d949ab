"""The gate: compares a release with the previous release, with its sources, and with the calendar.

Each finding has a name. A finding that breaks a limit blocks until a person accepts it by that name. A
finding that breaks a rule (lost rows, a comparison that failed) always blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from orchestration.core.errors import UnreadableError
from orchestration.quality.expectations import Severity
from orchestration.quality.limits import Age, Change, Limits
from orchestration.quality.profile import Month, NotMeasured, ReleaseProfile
from orchestration.quality.reconciliation import Measure
from orchestration.quality.report import Outcome

FAMILIES = {
    "rows": "Rows of every mart, compared with the previous release.",
    "closing_mrr": "Closing MRR of the latest month, compared with the previous release.",
    "customers": "Customers of the latest month, compared with the previous release.",
    "restated_mrr": "Closing MRR of months that were complete in the previous release.",
    "restated_customers": "Customers of months that were complete in the previous release.",
    "freshness": "Age of the newest delivery of an object, and of the latest event in a mart.",
    "identity": "Customers of billing systems that belong to an account of the CRM.",
    "schema": "Marts and columns of the previous release that are gone or have another type.",
    "checks": "Number of checks that the audit evaluated for every mart.",
    "personal": "E-mail addresses and similar personal data that a mart must not contain.",
    "reconciliation": "Rows and sums of the delivered files, found again in the models and the marts.",
}
"""What the gate compares, by family. The name of a finding is its family, or `<family>.<place>`."""

_CLOSED = ("restated_mrr", "restated_customers")
"""Families that compare months which were complete in the previous release."""

Verdict = Literal["passed", "warning", "failed", "error"]


@dataclass(frozen=True)
class Finding:
    """The result of one comparison. `error` means that the gate could not compare."""

    name: str
    outcome: Outcome
    expected: str
    observed: str
    severity: Severity = "error"
    acceptable: bool = False
    """Whether a person may accept it, by name and with a reason."""

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def verdict(self) -> Verdict:
        return "warning" if self.outcome == "failed" and self.severity == "warning" else self.outcome

    @property
    def is_blocking(self) -> bool:
        return self.verdict in ("failed", "error")

    @property
    def message(self) -> str:
        """One line for users, without values of rows."""
        if self.verdict == "error":
            return f"{self.name} could not be evaluated: {self.observed}"
        if self.verdict == "passed":
            return f"{self.name}: {self.observed}"
        word = "warning, " if self.verdict == "warning" else ""
        return f"{self.name}: {word}{self.observed}; expected {self.expected}"


def evaluate(release: ReleaseProfile, previous: ReleaseProfile | None, limits: Limits) -> list[Finding]:
    """Compare a release with the previous one. Returns findings in the order of FAMILIES; raises nothing.

    Differences of an experiment are warnings, because it answers another question. For a replay or an
    earlier `as_of`, differences of counts and of the latest month are warnings too. Its closed months, and a
    release under other policies, must keep to the limits.
    """
    findings: list[Finding] = []
    if previous is not None:
        reasons = _other_question(release, previous)
        is_earlier = release.as_of < previous.as_of or release.known_at is not None
        for finding in (*_rows(release, previous, limits), *_latest_and_restated(release, previous, limits)):
            if finding.outcome == "failed" and reasons:
                finding = replace(finding, observed=f"{finding.observed} ({'; '.join(reasons)})")
            if finding.outcome == "failed" and (
                release.is_experiment or (is_earlier and finding.family not in _CLOSED)
            ):
                finding = replace(finding, severity="warning")
            findings.append(finding)
    findings += _freshness(release, limits)
    findings += _identity(release, limits)
    if previous is not None:
        findings += _schema(release, previous)
    findings += _checks(release, previous, limits)
    return findings


def personal_findings(found: Mapping[tuple[str, str], int]) -> list[Finding]:
    """Return the results of the scan for persons as findings, or one that passed.

    A person may accept a finding: a contact named Human Resources does not make that industry personal.
    """
    expected = "no name or address of a person, except in columns tagged `pii: name`"
    if not found:
        return [Finding("personal", "passed", expected, "no untagged text is a name or address of a person")]
    return [
        Finding(
            f"personal.{mart}.{column}",
            "failed",
            expected,
            f"{count} of its values name a person",
            acceptable=True,
        )
        for (mart, column), count in found.items()
    ]


def reconciliation_findings(measures: Sequence[Measure]) -> list[Finding]:
    """Return the measures that differ between layers as findings, or one that passed."""
    expected = "the same in every layer"
    different = [measure for measure in measures if not measure.is_equal]
    if not different:
        return [Finding("reconciliation", "passed", expected, f"{len(measures)} measures are equal")]
    return [
        Finding(f"reconciliation.{measure.name}", "failed", expected, measure.in_words())
        for measure in different
    ]


def not_evaluated(name: str, error: UnreadableError) -> Finding:
    """Return the finding for a comparison that failed with an error."""
    return _error(name, NotMeasured(str(error)))


def _other_question(release: ReleaseProfile, previous: ReleaseProfile) -> list[str]:
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


def _rows(release: ReleaseProfile, previous: ReleaseProfile, limits: Limits) -> Iterator[Finding]:
    if isinstance(release.rows, NotMeasured) or isinstance(previous.rows, NotMeasured):
        yield _error("rows", release.rows, previous.rows)
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
    yield Finding("rows", "passed", "about as many rows as before", f"{fine} marts within their limits")


def _latest_and_restated(
    release: ReleaseProfile, previous: ReleaseProfile, limits: Limits
) -> Iterator[Finding]:
    if isinstance(release.months, NotMeasured) or isinstance(previous.months, NotMeasured):
        for name in ("closing_mrr", "customers", "restated_mrr", "restated_customers"):
            yield _error(name, release.months, previous.months)
        return
    before, after = _latest(previous.months), _latest(release.months)
    pairs = [("closing_mrr", limits.closing_mrr), ("customers", limits.customers)]
    for name, limit in pairs:
        yield _compared(name, name, before, after, limit, limits.customers_compared_from)
    now = {month.month: month for month in release.months}
    closed = [month for month in previous.months if month.is_complete]
    for (name, limit), kind in zip(pairs, ("restated_mrr", "restated_customers"), strict=True):
        found = [
            _compared(kind, name, old, now[old.month], limit, limits.customers_compared_from)
            for old in closed
            if old.month in now
        ]
        bad = [finding for finding in found if finding.outcome == "failed"]
        if bad:
            more = f", and {len(bad) - 1} more closed months" if len(bad) > 1 else ""
            yield replace(bad[0], observed=f"{bad[0].observed}{more}")
        else:
            expected = "closed months about as in the previous release"
            yield Finding(kind, "passed", expected, f"{len(found)} closed months within their limits")


def _compared(
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


def _freshness(release: ReleaseProfile, limits: Limits) -> Iterator[Finding]:
    as_of = release.as_of
    if not release.as_of_is_given:
        for label, age in limits.deliveries.items():
            if label in release.deliveries:
                yield _aged(f"freshness.{label}", "newest delivery", release.deliveries[label], as_of, age)
    if isinstance(release.events, NotMeasured):
        yield _error("freshness", release.events)
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
    return Finding(name, "passed", "not too old", observed)


def _identity(release: ReleaseProfile, limits: Limits) -> Iterator[Finding]:
    """Check that enough customers of each billing system have an account, if a CRM delivers accounts."""
    if isinstance(release.matches, NotMeasured):
        yield _error("identity", release.matches)
        return
    expected = f"at least {limits.min_match_rate:.0%} of the customers in the CRM"
    has_crm = any(matched for (_, name), (_, matched) in release.matches.items() if name == "accounts")
    fine = 0
    for (source, name), (found, matched) in sorted(release.matches.items()):
        if name != "customers" or not has_crm or found < limits.match_compared_from:
            continue
        if matched >= limits.min_match_rate * found:
            fine += 1
            continue
        yield Finding(
            f"identity.{source}",
            "failed",
            expected,
            f"{matched:,} of {found:,} customers ({matched / found:.0%})",
            "warning" if release.is_experiment else "error",
            acceptable=True,
        )
    yield Finding("identity", "passed", expected, f"{fine} billing systems above the limit")


def _schema(release: ReleaseProfile, previous: ReleaseProfile) -> Iterator[Finding]:
    """Check that each column of the previous release still exists with the same type. New ones are fine."""
    if isinstance(release.columns, NotMeasured) or isinstance(previous.columns, NotMeasured):
        yield _error("schema", release.columns, previous.columns)
        return
    expected = "every column of the previous release"
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
        yield Finding("schema", "passed", expected, f"{len(previous.columns)} marts have all of them")


def _checks(release: ReleaseProfile, previous: ReleaseProfile | None, limits: Limits) -> Iterator[Finding]:
    sound = True
    floor = limits.min_checks + 1  # every suite checks for e-mail addresses
    for mart, count in release.checks.items():
        before = previous.checks.get(mart, 0) if previous else 0
        if count < floor:
            sound = False
            yield Finding(f"checks.{mart}", "failed", f"at least {floor}", f"{count} checks were evaluated")
        elif count < before:
            sound = False
            observed = f"{count} checks, {before} in the previous release"
            yield Finding(
                f"checks.{mart}",
                "failed",
                "as many checks as before",
                observed,
                acceptable=True,
            )
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


def _error(name: str, *parts: object) -> Finding:
    reason = next(part.reason for part in parts if isinstance(part, NotMeasured))
    return Finding(name, "error", "a comparison", reason)
