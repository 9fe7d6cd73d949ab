"""The audit of an exported marts file: the checks of each mart, and the results for one file.

Nothing here imports Great Expectations until an audit runs; its import takes seconds.
"""

from orchestration.quality.audit import audit_marts
from orchestration.quality.expectations import Expectation
from orchestration.quality.report import AuditReport, CheckResult
from orchestration.quality.suites import Suite, declared_checks, load_suites

__all__ = [
    "AuditReport",
    "CheckResult",
    "Expectation",
    "Suite",
    "audit_marts",
    "declared_checks",
    "load_suites",
]
