"""`csw doctor`: find the problems that would make a run fail, before it starts."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from orchestration.core.engines import SPARK
from orchestration.core.errors import CswError, PublishError, UnreadableError
from orchestration.core.lock import describe_holder, is_locked
from orchestration.core.policies import project_policies
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.wording import count
from orchestration.dbt_runner.contract_files import load_contracts

if TYPE_CHECKING:
    from orchestration.landing import Batch
    from orchestration.landing.reading.refusal import Remark

Level = Literal["ok", "warn", "FAIL"]

OLDEST_PYTHON = (3, 11)
FREE_BYTES_NEEDED = 1 << 30
FREE_BYTES_WANTED = 5 << 30
_PACKAGES = (
    "duckdb",
    "dbt-core",
    "dbt-duckdb",
    "dagster",
    "dagster-dbt",
    "great-expectations",
    "typer",
    "rich",
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    level: Level
    text: str

    def __str__(self) -> str:
        return f"{self.level:<5} {self.text}"


def examine(settings: Settings) -> list[Finding]:
    """Check everything that a run needs, including the new files. Writes nothing."""
    settings = replace(settings, known_at=None)
    parts: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _packages,
        _home,
        _policies,
        _project,
        _landing,
        _lock,
        _current,
        _last_failure,
    )
    return list(chain.from_iterable(_guarded(part, settings) for part in parts))


def _guarded(part: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    try:
        yield from part(settings)
    except (CswError, OSError) as error:
        yield Finding("FAIL", str(error))


def _python(_: Settings) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] >= OLDEST_PYTHON:
        yield Finding("ok", f"Python {found}")
    else:
        yield Finding("FAIL", f"Python {found} is too old; create the environment with 3.11 or newer.")


def _packages(_: Settings) -> Iterator[Finding]:
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", _lock_text(), flags=re.MULTILINE))
    wrong = 0
    for name in _PACKAGES:
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong += 1
            yield Finding("FAIL", f"{name} is not installed; run `make setup`.")
            continue
        if pins.get(name) not in (None, found):
            wrong += 1
            yield Finding(
                "warn", f"{name} {found} is installed, but {pins[name]} is tested; run `make setup`."
            )
    if not wrong:
        yield Finding("ok", f"{len(_PACKAGES)} packages match requirements.lock")


def _lock_text() -> str:
    path = PROJECT_DIR / "requirements.lock"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _home(settings: Settings) -> Iterator[Finding]:
    folder = settings.home
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        yield Finding("FAIL", f"{folder} is not writable; choose another --home or fix its permissions.")
        return
    free = shutil.disk_usage(folder).free
    text = f"home {settings.home}: writable, {free / (1 << 30):.1f} GiB free"
    if free < FREE_BYTES_NEEDED:
        yield Finding("FAIL", f"{text}; a run needs at least 1 GiB.")
    elif free < FREE_BYTES_WANTED:
        yield Finding("warn", f"{text}; large companies need more.")
    else:
        yield Finding("ok", text)


def _policies(settings: Settings) -> Iterator[Finding]:
    text = ", ".join(f"{name} = {value}" for name, value in settings.policies.items())
    yield Finding("ok", f"policies: {text or f'all {len(project_policies())} from dbt_project.yml'}")


def _project(settings: Settings) -> Iterator[Finding]:
    """Parse a changed dbt project and read the checks of its marts, as a run does before it builds."""
    from orchestration.dbt_runner.mart_contract import load_mart_contracts
    from orchestration.dbt_runner.parsing import PREPARED_FILE
    from orchestration.quality import load_suites

    if not (settings.dbt / PREPARED_FILE).is_file():
        yield Finding("ok", "dbt project: the first run parses it")
        return
    with tempfile.TemporaryDirectory() as scratch:
        copy = replace(settings, home=Path(scratch))
        shutil.copytree(settings.dbt, copy.dbt, ignore=shutil.ignore_patterns("logs", "run", "compiled"))
        suites = load_suites(load_mart_contracts(copy))
    checks = sum(len(suite.expectations) for suite in suites.values())
    yield Finding("ok", f"dbt project: {count(len(suites), 'published mart')}, {count(checks, 'check')}")


def _landing(settings: Settings) -> Iterator[Finding]:
    if settings.engine == SPARK:
        given = len(settings.raw_tables)
        level: Level = "ok" if given else "FAIL"
        yield Finding(level, f"raw_tables names {count(given, 'table')}; docs/lake.md explains it")
        return
    from orchestration.landing import all_batches
    from orchestration.landing.files import find_files

    contracts = load_contracts()
    records = all_batches(settings)
    if not settings.landing.is_dir():
        is_default = settings.landing == settings.home / "landing"
        level = "ok" if any(one.status == "accepted" for one in records) or is_default else "FAIL"
        hint = "`csw run` simulates a company there" if level == "ok" else "create it, or correct --landing"
        yield Finding(level, f"landing folder {settings.landing} does not exist; {hint}.")
        return
    files, ignored = find_files(settings.landing, contracts)
    yield Finding(
        "ok",
        f"landing folder {settings.landing}: {count(len(files), 'file')}; "
        f"{count(len(records), 'batch', 'batches')} on record",
    )
    for file in files:
        if not os.access(file.path, os.R_OK):
            yield Finding("FAIL", f"{file.label} is not readable; fix its permissions.")
    if files or ignored or records:
        yield from _trial(settings)


def _trial(settings: Settings) -> Iterator[Finding]:
    """Load the new files into a temporary home, so that the doctor applies the loader's rules."""
    from orchestration.landing import known_batches, land, withdrawn_batches
    from orchestration.landing.delivery import check_delivery

    contracts = load_contracts()
    log = logging.getLogger("csw")
    with tempfile.TemporaryDirectory(prefix="csw-doctor-") as scratch:
        tried = replace(settings, home=Path(scratch))
        was_disabled, log.disabled = log.disabled, True
        try:
            report = land(tried, trial_for=settings)
        finally:
            log.disabled = was_disabled
        records = known_batches(settings)
        notices = check_delivery(tried, contracts, [*records, *report.new])
    withdrawals = {withdrawal.in_words for withdrawal in withdrawn_batches(settings).values()}
    for entry in report.ignored:
        # A withdrawal is intended, so it causes no warning.
        level: Level = "ok" if entry.reason in withdrawals else "warn"
        yield Finding(level, f"ignored {entry.label}: {entry.reason}.")
    for batch in (*report.new, *report.still_refused):
        yield from _of_file(settings, batch)
    yield from _loaded_before(records)
    levels: dict[str, Level] = {"stops": "FAIL", "warn": "warn", "note": "ok"}
    yield from (Finding(levels[notice.level], notice.sentence) for notice in notices)


def _loaded_before(records: Sequence[Batch]) -> Iterator[Finding]:
    """Report each kind of warning about loaded files once, unless a later file fixed it."""
    from orchestration.landing.batches import fixed_batches

    fixed = fixed_batches(records)
    by_kind: dict[tuple[str, str | None, str], list[tuple[Batch, Remark]]] = {}
    for batch in records:
        for remark in batch.remarks:
            if batch.status == "accepted" and batch.batch_id not in fixed and remark.kind != "note":
                key = (f"{batch.source}/{batch.object}", remark.column, remark.text)
                by_kind.setdefault(key, []).append((batch, remark))
    for found in by_kind.values():
        batch, remark = found[-1]
        others = f" The same applies to {count(len(found) - 1, 'earlier file')}." if len(found) > 1 else ""
        yield Finding("warn", f"{batch.label} (loaded): {remark.sentence()}{others}")


def _of_file(settings: Settings, batch: Batch) -> Iterator[Finding]:
    """Report each kind of mistake in a file with its first value."""
    remarks = batch.remarks
    if batch.status == "refused":
        if not any(remark.value for remark in remarks):
            remarks = _with_values(settings, batch)
        yield Finding("FAIL", f"{batch.label} is refused: {batch.reason}.{_recognised(settings, batch)}")
    else:
        counts = f"{batch.rows_loaded:,} of {count(batch.rows_in, 'row')} can be loaded"
        level: Level = "warn" if batch.rows_quarantined else "ok"
        what = f" as {batch.source}/{batch.object}" if batch.folder and not batch.part_of else ""
        tool = f", written by {batch.tool}" if batch.tool else ""
        yield Finding(level, f"{batch.label}: {counts}{what}{tool}")
    for remark in remarks:
        if not remark.text.startswith("not delivered"):
            wrong: Level = "FAIL" if batch.status == "refused" else "warn"
            level = {"wrong": wrong, "told": "warn"}.get(remark.kind, "ok")
            yield Finding(level, f"  {batch.label}: {remark.sentence(with_value=True)}")


def _with_values(settings: Settings, batch: Batch) -> tuple[Remark, ...]:
    """Return the remarks of a file that an earlier run refused, with the values from the quarantine."""
    from orchestration.landing.inspection import file_report

    try:
        return file_report(settings, batch.batch_id, limit=1).remarks
    except CswError:
        return batch.remarks


def _recognised(settings: Settings, batch: Batch) -> str:
    """Name the known export that a refused file looks like, and what to do with it."""
    from orchestration.landing.exports import header_of
    from orchestration.landing.loader import advice_for
    from orchestration.landing.recognition import nearest_objects

    contracts = load_contracts()
    path = settings.landing / batch.source / (batch.folder or batch.object) / batch.file_name
    if batch.rejected_share is not None or not path.is_file() or "Put it into" in str(batch.reason):
        return ""
    header = header_of(path)
    if not header:  # a mapping cannot fix an unreadable file
        return ""
    advice = advice_for(path, contracts, f"{batch.source}/{batch.object}")
    if advice:
        return f" {advice}."
    if not contracts[batch.source, batch.object].is_vendor:
        return f" `csw landing map {path}` proposes a mapping."
    mine = [contract for (source, _), contract in contracts.items() if source == batch.source]
    near = [
        f"{one.contract.name} without {', '.join(one.lacking[:5])}" if one.lacking else one.contract.name
        for one in nearest_objects(header, mine)
    ]
    return f" Its columns look like {' or '.join(near)}." if near else ""


def _lock(settings: Settings) -> Iterator[Finding]:
    if is_locked(settings.lock_file):
        yield Finding(
            "warn", f"in use by {describe_holder(settings.lock_file)}; a run cannot start before that ends."
        )
    else:
        yield Finding("ok", "no other process is writing")


def _current(settings: Settings) -> Iterator[Finding]:
    from orchestration.releases.history import current_manifest
    from orchestration.releases.store import store_of

    manifest = current_manifest(settings)
    if manifest is None:
        yield Finding("ok", "no release yet; `csw run` makes the first one")
    else:
        yield Finding("ok", f"current release {manifest['release_id']}, as of {manifest['as_of']}")
        try:
            with store_of(settings).open_marts(settings, settings.releases / manifest["release_id"]):
                pass
        except (PublishError, UnreadableError) as error:
            yield Finding("warn", str(error))


def _last_failure(settings: Settings) -> Iterator[Finding]:
    alerts = sorted(settings.alerts.glob("*.json"))
    if not alerts:
        return
    since = settings.current.lstat().st_mtime if settings.current.is_symlink() else 0.0
    if alerts[-1].stat().st_mtime > since:
        yield Finding("warn", f"the last run failed, and no run has published since; see {alerts[-1]}")
