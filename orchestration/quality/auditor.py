"""Audits in a companion process, which imports Great Expectations while dbt builds."""

from __future__ import annotations

import base64
import json
import pickle
import sys
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from orchestration.core.companion import Companion, requests
from orchestration.core.errors import AuditError
from orchestration.quality.audit import audit_marts, import_great_expectations
from orchestration.quality.report import AuditReport
from orchestration.quality.suites import Suite

_LIBRARY = "great_expectations"
_companion: Companion | None = None


def warm_up() -> None:
    """Start the companion, unless there is one or this process has imported Great Expectations itself."""
    global _companion
    if _LIBRARY not in sys.modules and not (_companion and _companion.is_alive):
        _companion = Companion(__name__)


def audit(
    database: Path, suites: Mapping[str, Suite], *, progress: Callable[[str], None] | None = None
) -> AuditReport:
    """Audit a marts file like `audit_marts`, in the companion if there is one."""
    if _companion is None or not _companion.is_alive:
        return audit_marts(database, suites, progress=progress)
    request = base64.b64encode(pickle.dumps((database, dict(suites)))).decode()
    for line in _companion.ask(request):
        kind, value = json.loads(line)
        if kind == "report":
            return AuditReport.from_json(value)
        if kind == "refusal":
            raise AuditError(value)
        if kind == "failure":
            raise RuntimeError(value)
        if progress is not None:
            progress(value)
    raise AuditError("The process of the audit died, perhaps because memory ran out. Run again.")


def _serve() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # What libraries print is no answer.

    def answer(kind: str, value: object) -> None:
        print(json.dumps([kind, value]), file=answers, flush=True)

    received = requests()
    import_great_expectations()
    for request in received:
        database, suites = pickle.loads(base64.b64decode(request))
        try:
            report = audit_marts(database, suites, progress=partial(answer, "mart"))
        except AuditError as error:
            answer("refusal", str(error))
        except Exception:
            answer("failure", traceback.format_exc())
        else:
            answer("report", report.to_json())


if __name__ == "__main__":
    _serve()
