"""Extract a system: one pass for each object, resumed where an earlier process stopped."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestration.core.console import LOGGER, PROGRESS
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings
from orchestration.extract import exactjson
from orchestration.extract.api import Api, Page, Patience
from orchestration.extract.completion import at, complete
from orchestration.extract.errors import ExtractError, RefusedError
from orchestration.extract.output import Output
from orchestration.extract.state import Pass, State
from orchestration.extract.steps import Step, record_params, steps_of, steps_of_parents
from orchestration.extract.systems import (
    ObjectPlan,
    System,
    chosen_objects,
    key_of,
    load_system,
    properties_of,
    url_of,
)

_log = logging.getLogger(LOGGER)

LOADER_CLOCK = "_dlt_load_id"
"""Column with the epoch seconds at which a record was asked for; the loader orders versions by it."""

_RECENT_SECONDS = 3600

Read = tuple[dict[str, Any], float]
"""A record and the time of its request."""


@dataclass(frozen=True)
class Extracted:
    """The outcome of one object."""

    object: str
    read: int
    written: int
    """Records that are new, or differ from what an earlier extract landed."""
    file: str | None
    """Path of the landed file; None if nothing is new."""


def extract(
    settings: Settings,
    name: str,
    objects: Sequence[str] = (),
    *,
    full: bool = False,
    environment: Mapping[str, str],
    patience: Patience | None = None,
) -> list[Extracted]:
    """Land what is new in a system since the last extract.

    Raises SettingsError for a wrong name or key, LockedError if the same system is being extracted, and
    ExtractError if something could not be read. The files of the other objects are landed then.
    """
    system = load_system(name)
    plans = chosen_objects(system, objects)
    properties = {plan.name: properties_of(system, plan, environment) for plan in plans}
    api = Api(system, url_of(system, environment), key_of(system, environment), patience)
    folder = settings.home / "extract"
    done, refused = [], []
    with hold_lock(folder / f"{name}.lock", f"csw extract {name}"):
        state = State(folder / f"{name}.sqlite")
        try:
            for plan in plans:
                output = Output(folder / name / f"{plan.name}.jsonl", settings.landing / name / plan.name)
                one = _Object(system, plan, properties[plan.name], api, state, output)
                try:
                    done.extend(one.extract(full))
                except RefusedError as error:
                    _log.warning(f"{plan.name}: {error}")
                    refused.append(f"{plan.name}: {error}")
        finally:
            state.close()
    if refused:
        what = "object was" if len(refused) == 1 else "objects were"
        raise ExtractError(
            f"{len(refused)} {what} not extracted; the others are complete.\n" + "\n".join(refused)
        )
    return done


class _Object:
    """One object of a system while it is extracted."""

    def __init__(
        self,
        system: System,
        plan: ObjectPlan,
        properties: Sequence[str],
        api: Api,
        state: State,
        output: Output,
    ) -> None:
        self.system, self.plan, self.properties = system, plan, properties
        self.api, self.state, self.output = api, state, output

    def extract(self, full: bool) -> list[Extracted]:
        """Complete an interrupted pass, and make a new one unless that one began recently."""
        left = self.state.unfinished(self.plan.name)
        if full and not (left and left.is_repeated):
            with self.state.transaction():
                self.state.forget_object(self.plan.name)
        resumed = self._resumed()
        if resumed is None:
            return [self._complete(self._started(full))]
        is_old = time.time() - resumed.started / 1e6 > _RECENT_SECONDS
        first = self._complete(resumed)
        return [first, self._complete(self._started(False))] if is_old else [first]

    def _complete(self, current: Pass) -> Extracted:
        name = self.plan.name
        if current.file is None:
            for step in self._steps(current):
                if step.name not in current.done:
                    self._read_step(step, current)
            if current.written:
                moment = datetime.fromtimestamp(current.started / 1e6, UTC)
                current.file = f"{moment:%Y%m%dT%H%M%S%fZ}.jsonl.gz"
                with self.state.transaction():
                    self.state.save(name, current)
        landed: Path | None = self.output.land(current.file) if current.file else None
        with self.state.transaction():
            self.state.finish(name, current)
        self.output.remove()
        _log.info(_progress(name, current))
        return Extracted(name, current.read, current.written, str(landed) if landed else None)

    def _resumed(self) -> Pass | None:
        """Return the pass that an earlier process left, unless it can no longer be completed."""
        current = self.state.unfinished(self.plan.name)
        if current is None:
            return None
        if self.output.resume(current.bytes) and (current.is_full or self._is_in_reach(current.since)):
            _log.info(f"{self.plan.name}: continues after {current.read:,} records")
            return current
        with self.state.transaction():
            self.state.forget(self.plan.name, current)
        return None

    def _started(self, full: bool) -> Pass:
        last = self.state.cursor(self.plan.name)
        since = None if last is None else last - self.system.overlap_hours * 3600
        current = Pass(time.time_ns() // 1000, not self._is_in_reach(since), since, is_repeated=full)
        self.output.restart()
        return current

    def _is_in_reach(self, since: int | None) -> bool:
        """Return whether the system's log of changes still reaches back to a time."""
        changes = self.system.changes
        return bool(changes and since is not None and since > time.time() - changes.within_days * 86400)

    def _steps(self, current: Pass) -> list[Step]:
        each = self.plan.each
        if each is None:
            return steps_of(self.system, self.plan, current, self.properties)
        parent = self.system.objects[each.object]
        pages = self.api.pages(parent.path, parent.params, parent.records, parent.paginator)
        ids = [str(record[each.id]) for page in pages for record in page.records]
        cursors = {one: self.state.cursor(self.plan.name, one) for one in ids}
        overlap = self.system.overlap_hours * 3600
        since = {one: None if read is None else read - overlap for one, read in cursors.items()}
        return steps_of_parents(self.plan, ids, since)

    def _read_step(self, step: Step, current: Pass) -> None:
        interrupted = current.next_params if current.step == step.name else None
        try:
            try:
                self._read_pages(step, interrupted or step.params, current)
            except RefusedError as error:
                # The record at which the next page begins may have been deleted meanwhile.
                if error.status not in (400, 404) or current.step != step.name:
                    raise
                self._read_pages(step, step.params, current)
        except RefusedError as error:
            # The record to which the list belongs may have been deleted meanwhile.
            if error.status != 404 or self.plan.each is None:
                raise
        if step.name not in current.done:
            current.done.append(step.name)
        current.step = current.next_params = None

    def _read_pages(self, step: Step, params: Mapping[str, Any], current: Pass) -> None:
        for page in self.api.pages(step.path, params, step.records, step.paginator):
            records = [
                (complete(self.api, self.plan, record), asked)
                for record, asked in self._records(step, page, current)
            ]
            self._write(step, records, page.next_params, current)
            _log.info(_progress(self.plan.name, current), extra=PROGRESS)

    def _write(
        self, step: Step, records: Sequence[Read], next_params: dict[str, Any] | None, current: Pass
    ) -> None:
        """Write the news of a page. What was written and what is next are saved together, or not at all."""
        name, lines = self.plan.name, []
        with self.state.transaction():
            for record, asked_at in records:
                kept = {
                    key: value
                    for key, value in {**record, **step.adds}.items()
                    if key not in self.system.drop
                }
                text = exactjson.line(kept)
                digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]
                if self.state.is_news(name, self._key(kept), digest, current):
                    lines.append(exactjson.line({**kept, LOADER_CLOCK: f"{asked_at:.6f}"}))
            current.bytes = self.output.append(lines)
            current.read += len(records)
            current.written += len(lines)
            current.step, current.next_params = step.name, next_params
            if next_params is None:
                current.done.append(step.name)
            self.state.save(name, current)

    def _records(self, step: Step, page: Page, current: Pass) -> Iterator[Read]:
        """Yield the records of a page; of a log of changes, those that this pass has not met."""
        if step.id is None:
            yield from ((record, page.asked_at) for record in page.records)
            return
        met: set[str] = set()
        for entry in page.records:
            listed = at(entry, step.entry) if step.entry else entry
            found = listed.get(step.id) if isinstance(listed, dict) else None
            if not isinstance(found, str) or found in met:
                continue
            met.add(found)
            if not self.state.was_met(self.plan.name, found, current):
                # The object of a change is the record as it was, if its own id leads to it.
                last = listed if step.entry and step.id == "id" else None
                yield from self._fetched(found, last)

    def _fetched(self, id: str, last: dict[str, Any] | None) -> Iterable[Read]:
        """Fetch one record; a deleted one is what the log knows of it, marked as deleted."""
        try:
            record, asked_at = self.api.record(
                f"{self.plan.path}/{quote(id, safe='')}", record_params(self.plan)
            )
        except RefusedError as error:
            if error.status != 404:
                raise
            return [({**last, "deleted": True}, time.time())] if last else []
        return [({**(last or {}), **record} if record.get("deleted") else record, asked_at)]

    def _key(self, record: Mapping[str, Any]) -> str:
        return "/".join(str(record.get(name, "")) for name in self.plan.key)


def _progress(name: str, current: Pass) -> str:
    return f"{name}: {current.read:,} read, {current.written:,} new or changed"
