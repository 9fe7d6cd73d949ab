"""Withdraw a wrong file, so that no later run reads it, or restore it. The file stays on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from orchestration.core.errors import LandingError, SettingsError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.core.spelling import did_you_mean
from orchestration.core.users import user_name
from orchestration.core.wording import count
from orchestration.landing.batches import Batch, all_batches, is_meant
from orchestration.landing.withdrawals import (
    Withdrawal,
    read_withdrawals,
    withdrawn_batches,
    write_withdrawal,
)

LISTED = 20
"""Maximum number of files in a message."""


@dataclass(frozen=True)
class Withdrawn:
    """The result of a withdrawal or a restoration."""

    batch_id: str
    file: str
    rows: int
    message: str


def withdraw(settings: Settings, what: str, reason: str, *, now: datetime | None = None) -> Withdrawn:
    """Withdraw an accepted file: the next run ignores its rows.

    `what` is a batch id or the start of it, a file name, or source/object/name. Raises SettingsError without
    a reason, LandingError unless exactly one file matches, LockedError while a run writes.
    """
    if not reason.strip():
        raise SettingsError('--reason is empty. State why the file is wrong, such as "amounts in cents".')
    with hold_lock(settings.lock_file, "csw landing withdraw"):
        batch = _the_one(settings, what, is_withdrawn=False)
        _record(settings, "withdrawn", batch, reason.strip(), now)
    return Withdrawn(
        batch.batch_id,
        batch.label,
        batch.rows_loaded,
        f"{batch.label} is withdrawn. Later runs ignore its {count(batch.rows_loaded, 'row')}, which stay in "
        f"{batch.path}. `csw run` makes a release without the file. "
        f"`csw landing restore {batch.batch_id}` restores it.",
    )


def restore(settings: Settings, what: str, reason: str = "", *, now: datetime | None = None) -> Withdrawn:
    """Restore a withdrawn file. The reason is optional; raises like `withdraw`."""
    with hold_lock(settings.lock_file, "csw landing restore"):
        batch = _the_one(settings, what, is_withdrawn=True)
        _record(settings, "restored", batch, reason.strip(), now)
    return Withdrawn(
        batch.batch_id,
        batch.label,
        batch.rows_loaded,
        f"{batch.label} is restored: the next `csw run` reads its {count(batch.rows_loaded, 'row')} again.",
    )


def _the_one(settings: Settings, what: str, *, is_withdrawn: bool) -> Batch:
    """Return the matching batch. Raises LandingError with the candidates unless exactly one matches."""
    state = withdrawn_batches(replace(settings, known_at=None))
    batches = [batch for batch in all_batches(settings) if not batch.part_of]
    matching = [batch for batch in batches if is_meant(batch, what)]
    fitting = [
        batch
        for batch in matching
        if batch.status == "accepted" and (batch.batch_id in state) == is_withdrawn
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise LandingError(f"{what!r} matches {len(fitting)} files. Give a batch id:\n{_listed(fitting)}")
    if not matching:
        meant = did_you_mean(what, {name for one in batches for name in (one.file_name, one.label)})
        raise LandingError(
            f"No loaded file has the name {what!r}, and no batch id starts with it.{meant} "
            f"The latest files are:\n{_listed(batches[-5:])}"
            if batches
            else "No file has been loaded yet. `csw run` loads the files in the landing folder."
        )
    raise LandingError("\n".join(_why_not(batch, state.get(batch.batch_id)) for batch in matching))


def _why_not(batch: Batch, entry: Withdrawal | None) -> str:
    name = f"{batch.label} (batch {batch.batch_id})"
    if batch.status == "refused":
        return f"{name} was refused, so its rows never counted."
    return f"{name} is {entry.in_words}." if entry else f"{name} is not withdrawn; its rows count."


def _listed(batches: Sequence[Batch]) -> str:
    """Return one line per batch, for the latest batches."""
    return "\n".join(
        f"  {batch.batch_id}  {batch.label}, {count(batch.rows_loaded, 'row')}, loaded "
        f"{batch.loaded_at.isoformat(timespec='seconds')}"
        for batch in batches[-LISTED:]
    )


def _record(
    settings: Settings,
    action: Literal["withdrawn", "restored"],
    batch: Batch,
    reason: str,
    now: datetime | None,
) -> None:
    write_withdrawal(
        settings,
        Withdrawal(
            batch_id=batch.batch_id,
            file=batch.label,
            action=action,
            at=_stamp(settings, (now or datetime.now(UTC)).astimezone(UTC)),
            by=user_name(),
            reason=reason,
        ),
    )


def _stamp(settings: Settings, now: datetime) -> datetime:
    """Return a time after every load and every entry, even if the clock went back."""
    moments = [
        *(batch.loaded_at for batch in all_batches(settings)),
        *(entry.at for entry in read_withdrawals(settings)),
    ]
    latest = max(moments, default=None)
    return now if latest is None or now > latest else latest + timedelta(microseconds=1)
