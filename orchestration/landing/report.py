"""The result of one landing pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from orchestration.core.wording import count
from orchestration.landing.batches import Batch
from orchestration.landing.files import IgnoredFile


@dataclass(frozen=True)
class LandingReport:
    """New batches, and files that the pass did not load."""

    new: tuple[Batch, ...]
    """Accepted and refused, in load order."""
    unchanged: int
    """Files whose content is already loaded, under the same or another name."""
    still_refused: tuple[Batch, ...]
    """Already refused under the same contract, and still in the landing folder."""
    ignored: tuple[IgnoredFile, ...]

    @property
    def accepted(self) -> tuple[Batch, ...]:
        return tuple(batch for batch in self.new if batch.status == "accepted")

    @property
    def refused(self) -> tuple[Batch, ...]:
        return tuple(batch for batch in self.new if batch.status == "refused")


def by_object(batches: tuple[Batch, ...] | list[Batch]) -> Iterator[tuple[str, list[Batch]]]:
    for label, group in groupby(batches, key=lambda batch: f"{batch.source}/{batch.object}"):
        yield label, list(group)


def object_line(label: str, batches: list[Batch]) -> str:
    """Return for instance `landed generic/accounts: 1 file, 500 rows, 3 quarantined`."""
    accepted = [batch for batch in batches if batch.status == "accepted"]
    refused = len(batches) - len(accepted)
    parts = [count(len(accepted), "file"), count(sum(batch.rows_loaded for batch in accepted), "row")]
    quarantined = sum(batch.rows_quarantined for batch in accepted)
    if quarantined:
        parts.append(f"{quarantined:,} quarantined")
    if refused:
        parts.append(f"{count(refused, 'file')} refused")
    return f"landed {label}: {', '.join(parts)}"
