"""Alerts for failed runs: one file per run and an optional webhook."""

from __future__ import annotations

import logging
import os
import re
from datetime import UTC, datetime
from pathlib import Path

from orchestration.core.files import write_json
from orchestration.core.settings import Settings
from orchestration.core.webhooks import post_json

WEBHOOK_VARIABLE = "CSW_ALERT_WEBHOOK"

log = logging.getLogger("csw")

# dbt and DuckDB messages contain values. The values follow the path of the model in brackets.
_DETAIL = re.compile(r"^(  \w+ \S+ \([^)]*\)):.*")


def alert(settings: Settings, run_id: str, step: str, message: str) -> Path:
    """Write `<home>/alerts/<time>-<run>.json` and post it to CSW_ALERT_WEBHOOK, once per run.

    The alert contains no rows or values from the message. If the webhook or the disk fails, the function
    logs a warning.
    """
    known = sorted(settings.alerts.glob(f"*-{run_id}.json"))
    if known:
        return known[0]
    now = datetime.now(UTC).replace(microsecond=0)
    content = {
        "at": now.isoformat(),
        "run_id": run_id,
        "step": step,
        "message": without_values(message),
        "text": f"Customer-success warehouse: run {run_id} failed at {step}; the last release stays.",
    }
    path = settings.alerts / f"{now:%Y%m%dT%H%M%SZ}-{run_id}.json"
    try:
        settings.alerts.mkdir(parents=True, exist_ok=True)
        write_json(path, content)
    except OSError as error:
        # The caller still reports the original error, such as a full disk.
        log.warning("The alert could not be written to %s: %s", path, error.strerror)
    if url := os.environ.get(WEBHOOK_VARIABLE):
        post_json(url, content, WEBHOOK_VARIABLE)
    return path


def without_values(message: str) -> str:
    """Keep the lines of an error message that name models, tests and counts. Drop lines with data."""
    lines = [line for line in message.splitlines() if not line.startswith("    ")]
    return "\n".join(_DETAIL.sub(r"\1", line) for line in lines)
