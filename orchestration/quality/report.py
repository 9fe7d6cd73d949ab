"""The results of an audit: plain counts, never a value of a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.core.errors import AuditError
from orchestration.quality.expectations import Severity

Outcome = Literal["passed", "failed", "error"]

MAX_LISTED = 10
"""Maximum number of failing checks in an error message. The report file has all of them."""


@dataclass(frozen=True)
class CheckResult:
    """One check and its outcome. `error` means that it could not be evaluated, not that the data is bad."""

    mart: str
    check: str
    severity: Severity
    outcome: Outcome
    expected: str
    """The expected result, such as `at least 1 row`."""
    observed: str | None
    """The observed result, such as `3 of 120 rows`; None if nothing was counted."""
    message: str
    """One line for users: mart, check, counts."""

    @property
    def verdict(self) -> str:
        """The outcome and the severity together: passed, warning, failed or error."""
        return "warning" if self.outcome == "failed" and self.severity == "warning" else self.outcome

    @property
    def is_blocking(self) -> bool:
        """Whether it blocks publishing. A check with an error always does, whatever its severity."""
        return self.outcome == "error" or (self.outcome == "failed" and self.severity == "error")


@dataclass(frozen=True)
class AuditReport:
    """All results of one audit, in the order of the suites."""

    results: tuple[CheckResult, ...]
    declared: int
    """Number of checks that the suites declare."""
    evaluated: int
    """Number of checks with an outcome. Equals `declared` unless the audit itself failed."""
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
        """Whether no result blocks. Warnings do not block."""
        return not self.blocking

    def summary(self) -> str:
        """Return one line, such as `182 checks of 15 marts: 180 passed, 1 failed, 0 errors, 1 warning`."""
        errors = sum(result.outcome == "error" for result in self.results)
        warnings = len(self.warnings)
        return (
            f"{len(self.results)} checks of {len({result.mart for result in self.results})} marts: "
            f"{sum(result.outcome == 'passed' for result in self.results)} passed, "
            f"{len(self.blocking) - errors} failed, {errors} error{'' if errors == 1 else 's'}, "
            f"{warnings} warning{'' if warnings == 1 else 's'}"
        )

    def raise_if_blocking(self, full_list: Path | None = None) -> None:
        """Raise AuditError with up to ten failing checks and the file that has all of them."""
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

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> AuditReport:
        """Return the report of a document of `to_json`."""
        return cls(
            results=tuple(CheckResult(**result) for result in document["results"]),
            declared=document["declared"],
            evaluated=document["evaluated"],
            suite_digests=document["suite_digests"],
        )

    def to_json(self) -> dict[str, Any]:
        """Return it in the manifest's format: verdict, counts, digests, one record per check."""
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
