"""The audit of marts: the checks of each mart, and their results.

Nothing here imports Great Expectations until an audit runs; its import takes seconds.
"""

from orchestration.quality.audit import audit_marts, audit_tables
from orchestration.quality.expectations import Expectation
from orchestration.quality.report import AuditReport, CheckResult
from orchestration.quality.suites import Suite, declared_checks, load_suites

__all__ = [
    "AuditReport",
    "CheckResult",
    "Expectation",
    "Suite",
    "audit_marts",
    "audit_tables",
    "declared_checks",
    "load_suites",
]
