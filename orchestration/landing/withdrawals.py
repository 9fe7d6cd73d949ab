"""The log of withdrawals: withdrawn and restored files, with user, time and reason.

The log is append-only. Its times follow the load times, so a replay of a time before a withdrawal still reads
the file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from orchestration.core.errors import LandingError
from orchestration.core.files import append_line
from orchestration.core.settings import Settings

LOG_FILE = "withdrawals.jsonl"


@dataclass(frozen=True)
class Withdrawal:
    """One entry of the log."""

    batch_id: str
    file: str
    """source/object/name."""
    action: Literal["withdrawn", "restored"]
    at: datetime
    """UTC, microseconds."""
    by: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """Return the entry in the format of the log and the manifest."""
        return {**asdict(self), "at": self.at.isoformat(timespec="microseconds")}

    @property
    def in_words(self) -> str:
        """Describe the withdrawal, with the command that restores the file."""
        return (
            f"withdrawn by {self.by} on {self.at:%Y-%m-%d}: {self.reason}; "
            f"`csw landing restore {self.batch_id}` restores it"
        )


def read_withdrawals(settings: Settings) -> list[Withdrawal]:
    """Return all entries, oldest first. Raises LandingError for an unreadable entry."""
    path = settings.raw / LOG_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            facts = json.loads(line)
            entries.append(Withdrawal(**{**facts, "at": datetime.fromisoformat(facts["at"]).astimezone(UTC)}))
        except (ValueError, TypeError, KeyError):
            raise LandingError(
                f"Line {number} of {path} cannot be read, so the withdrawn files are unknown. "
                "Restore the file from a backup, or fix that line."
            ) from None
    return entries


def withdrawn_batches(settings: Settings) -> dict[str, Withdrawal]:
    """Return the withdrawal in force of every withdrawn batch, by batch id; as of `known_at` if given."""
    known = (
        entry
        for entry in read_withdrawals(settings)
        if settings.known_at is None or entry.at <= settings.known_at
    )
    latest = {entry.batch_id: entry for entry in known}
    return {batch_id: entry for batch_id, entry in latest.items() if entry.action == "withdrawn"}


def write_withdrawal(settings: Settings, entry: Withdrawal) -> None:
    """Append an entry and flush it to disk."""
    append_line(settings.raw / LOG_FILE, json.dumps(entry.to_json()))
