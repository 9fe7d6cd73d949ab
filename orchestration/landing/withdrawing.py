"""Taking a wrong file back, so that no later run reads it, and bringing it back. It stays on disk."""

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
from orchestration.landing.batches import Batch, all_batches, is_meant
from orchestration.landing.report import count
from orchestration.landing.withdrawals import (
    Withdrawal,
    read_withdrawals,
    withdrawn_batches,
    write_withdrawal,
)

LISTED = 20
"""Files that a message lists at most."""


@dataclass(frozen=True)
class Withdrawn:
    """What a withdrawal or a restoration did."""

    batch_id: str
    file: str
    rows: int
    message: str


def withdraw(settings: Settings, what: str, reason: str, *, now: datetime | None = None) -> Withdrawn:
    """Take an accepted file back: from the next run on, none of its rows counts.

    `what` is a batch id or its beginning, a file name, or source/object/name. Raises SettingsError without a
    reason, LandingError where nothing or more than one file is meant, LockedError while a run writes.
    """
    if not reason.strip():
        raise SettingsError('--reason is empty. Say why the file is wrong, such as "amounts in cents".')
    with hold_lock(settings.lock_file, "csw landing withdraw"):
        batch = _the_one(settings, what, is_withdrawn=False)
        _record(settings, "withdrawn", batch, reason.strip(), now)
    return Withdrawn(
        batch.batch_id,
        batch.label,
        batch.rows_loaded,
        f"{batch.label} is withdrawn: no later run reads its {count(batch.rows_loaded, 'row')}. They "
        f"stay in {batch.path}. `csw run` makes a release without it; "
        f"`csw landing restore {batch.batch_id}` brings it back.",
    )


def restore(settings: Settings, what: str, reason: str = "", *, now: datetime | None = None) -> Withdrawn:
    """Bring a withdrawn file back; raises what `withdraw` raises, but needs no reason."""
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
    """The batch that is meant. Raises LandingError, with the candidates, where it is not exactly one."""
    state = withdrawn_batches(replace(settings, known_at=None))
    batches = all_batches(settings)
    matching = [batch for batch in batches if is_meant(batch, what)]
    fitting = [
        batch
        for batch in matching
        if batch.status == "accepted" and (batch.batch_id in state) == is_withdrawn
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise LandingError(
            f"{what!r} means {len(fitting)} files. Name one by its batch id:\n{_listed(fitting)}"
        )
    if not matching:
        meant = did_you_mean(what, {name for one in batches for name in (one.file_name, one.label)})
        raise LandingError(
            f"No file that was loaded is called {what!r}, and no batch id begins so.{meant} "
            f"The latest files are:\n{_listed(batches[-5:])}"
            if batches
            else "Nothing was landed yet. `csw run` loads what is in the landing folder."
        )
    told = [_why_not(batch, state.get(batch.batch_id)) for batch in matching]
    raise LandingError("\n".join(told))


def _why_not(batch: Batch, entry: Withdrawal | None) -> str:
    name = f"{batch.label} (batch {batch.batch_id})"
    if batch.status == "refused":
        return f"{name} was refused; none of its rows ever counted."
    return f"{name} is {entry.in_words}." if entry else f"{name} is not withdrawn; its rows count."


def _listed(batches: Sequence[Batch]) -> str:
    """One line per batch; of many the latest."""
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
    """Later than every load and every entry, even where the clock went back."""
    moments = [
        *(batch.loaded_at for batch in all_batches(settings)),
        *(entry.at for entry in read_withdrawals(settings)),
    ]
    latest = max(moments, default=None)
    return now if latest is None or now > latest else latest + timedelta(microseconds=1)
