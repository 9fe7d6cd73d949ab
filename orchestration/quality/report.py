"""The verdict on one marts file: plain counts, never a value of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.core.errors import AuditError
from orchestration.quality.expectations import Severity

Outcome = Literal["passed", "failed", "error"]

MAX_LISTED = 10
"""Failing checks that an error message names; the report file has them all."""


@dataclass(frozen=True)
class CheckResult:
    """One check and its outcome. `error` means that it could not be evaluated, which is not "bad data"."""

    mart: str
    check: str
    severity: Severity
    outcome: Outcome
    expected: str
    """What should be, in words and numbers, such as `at least 1 row`."""
    observed: str | None
    """What was found, such as `3 of 120 rows`; None where nothing was counted."""
    message: str
    """One line for people: mart, check, counts."""

    @property
    def verdict(self) -> str:
        """passed, warning, failed or error: the outcome, with the severity taken into account."""
        return "warning" if self.outcome == "failed" and self.severity == "warning" else self.outcome

    @property
    def is_blocking(self) -> bool:
        """A check that was not evaluated blocks whatever its severity: nothing is known about the data."""
        return self.outcome == "error" or (self.outcome == "failed" and self.severity == "error")


@dataclass(frozen=True)
class AuditReport:
    """All results of one audit, by mart in the order of the suites."""

    results: tuple[CheckResult, ...]
    declared: int
    """Checks that the suites declare."""
    evaluated: int
    """Checks that have an outcome; equals `declared` unless the audit itself went wrong."""
    suite_digests: Mapping[str, str]

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        return tuple(result for result in self.results if result.is_blocking)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        return tuple(
            result for result in self.results if result.outcome == "failed" and result.severity == "warning"
        )

    @property
    def passed(self) -> bool:
        """True where nothing blocks; warnings do not."""
        return not self.blocking

    def summary(self) -> str:
        """One line, such as `182 checks of 15 marts: 180 passed, 1 failed, 0 errors, 1 warning`."""
        errors = sum(result.outcome == "error" for result in self.results)
        warnings = len(self.warnings)
        return (
            f"{len(self.results)} checks of {len({result.mart for result in self.results})} marts: "
            f"{sum(result.outcome == 'passed' for result in self.results)} passed, "
            f"{len(self.blocking) - errors} failed, {errors} error{'' if errors == 1 else 's'}, "
            f"{warnings} warning{'' if warnings == 1 else 's'}"
        )

    def raise_if_blocking(self, full_list: Path | None = None) -> None:
        """Raise AuditError that names the failing checks, at most ten of them, and where all of them are."""
        blocking = self.blocking
        if not blocking:
            return
        lines = [f"The marts did not pass their audit ({self.summary()}). Nothing was published."]
        lines += [f"  {result.message}" for result in blocking[:MAX_LISTED]]
        if len(blocking) > MAX_LISTED:
            lines.append(f"  ... and {len(blocking) - MAX_LISTED} more.")
        if full_list is not None:
            lines.append(f"All results: {full_list}")
        raise AuditError("\n".join(lines))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a manifest: verdict, counts, digests, one record per check. No row values."""
        return {
            "passed": self.passed,
            "declared": self.declared,
            "evaluated": self.evaluated,
            "blocking": len(self.blocking),
            "warnings": len(self.warnings),
            "verdicts": {
                verdict: sum(result.verdict == verdict for result in self.results)
                for verdict in ("passed", "warning", "failed", "error")
            },
            "suite_digests": dict(self.suite_digests),
            "results": [asdict(result) for result in self.results],
        }
