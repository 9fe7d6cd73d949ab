"""Parse the dbt project once per version of its code, and load it again for each command."""

from __future__ import annotations

import gc
import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.core.errors import BuildError, LockedError
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.settings import Settings
from orchestration.dbt_runner.connectors import enabled_connectors, folders_of_others
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE, invoke
from orchestration.dbt_runner.unread import unread

log = logging.getLogger("csw")

MANIFEST_FILE = "manifest.json"
PARSED_FILE = "partial_parse.msgpack"
PREPARED_FILE = "prepared.json"
"""File that records the code version, the connectors, and the versions of dbt, for the parsed project."""

SEMANTIC_FOLDER = "models/semantic"
"""The metrics for `mf`, which no run needs."""

PREPARE_SECONDS = 120


def prepare_manifest(
    settings: Settings, code: str, lock: WarehouseLock | None = None, *, unit_tests: bool = False
) -> Path:
    """Parse the project unless this dbt has already parsed code version `code`; return the manifest's path.

    The manifest has the unit tests only if a caller of this home asked for them. Without `lock`, waits for
    a run that holds the lock, because that run parses the project itself. Raises
    BuildError if parsing fails, and LockedError if the run does not release the lock in time.
    """
    deadline = time.monotonic() + PREPARE_SECONDS
    while not is_prepared(settings, code, unit_tests=unit_tests):
        try:
            with nullcontext() if lock else hold_lock(settings.lock_file, "parsing the dbt project"):
                log.info("parsing the dbt project")
                parse(settings, code, unit_tests=unit_tests)
        except LockedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    return settings.dbt / "target" / MANIFEST_FILE


def parse(settings: Settings, code: str, *, unit_tests: bool = False) -> None:
    """Parse the project, whose code version is `code`. The caller holds the lock.

    dbt parses only the changed files again. Unit tests cost a sixth of the time, so they are parsed only once
    `unit_tests` asked for them.
    """
    record, target = settings.dbt / PREPARED_FILE, settings.dbt / "target"
    had_unit_tests = _recorded(settings).get("unit_tests", False)
    with_unit_tests = unit_tests or had_unit_tests
    record.unlink(missing_ok=True)
    if with_unit_tests and not had_unit_tests:
        (target / PARSED_FILE).unlink(missing_ok=True)
    connectors = enabled_connectors(settings)
    preparation = _preparation(settings, code, connectors, unit_tests=with_unit_tests)
    # Parsing opens no database. Always pass the same path and instant, so that dbt parses only the changed
    # files again.
    ignored = [*folders_of_others(connectors), SEMANTIC_FOLDER]
    with _without_garbage_collection(), unread(ignored, unit_tests=not with_unit_tests):
        invoke(settings, ["parse", *variables(connectors)], Path(WAREHOUSE_FILE), as_of="")
    _refuse_cycles(json.loads((target / MANIFEST_FILE).read_text(encoding="utf-8")))
    record.write_text(json.dumps(preparation), encoding="utf-8")


def variables(connectors: Sequence[str], policies: Mapping[str, Any] | None = None) -> list[str]:
    """Return the variables of a dbt command as its arguments."""
    return ["--vars", json.dumps({**(policies or {}), "connectors": list(connectors)}, sort_keys=True)]


def parsed_connectors(settings: Settings) -> list[str]:
    """Return the connectors of the parsed project."""
    found: list[str] = _recorded(settings)["connectors"]
    return found


def _refuse_cycles(manifest: Mapping[str, Any]) -> None:
    """Raise BuildError for a cycle of models. dbt would notice it only during the build."""
    try:
        TopologicalSorter(manifest["parent_map"]).prepare()
    except CycleError as error:
        nodes = [manifest["nodes"][unique_id] for unique_id in error.args[1]]
        cycle = "\n".join(f"  {node['name']} ({node['original_file_path']})" for node in nodes)
        raise BuildError(
            f"dbt: models form a cycle. Each model reads the previous one:\n{cycle}\n"
            "Remove one of these ref() calls."
        ) from None


def is_prepared(settings: Settings, code: str, *, unit_tests: bool = False) -> bool:
    """Return whether this dbt has parsed code version `code` in this home, with its connectors."""
    target, found = settings.dbt / "target", _recorded(settings)
    has_unit_tests = found.get("unit_tests", False)
    return (
        found == _preparation(settings, code, enabled_connectors(settings), unit_tests=has_unit_tests)
        and (has_unit_tests or not unit_tests)
        and (target / MANIFEST_FILE).is_file()
        and (target / PARSED_FILE).is_file()
    )


def _recorded(settings: Settings) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((settings.dbt / PREPARED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _preparation(
    settings: Settings, code: str, connectors: Sequence[str], *, unit_tests: bool
) -> dict[str, Any]:
    versions = {name: version(name) for name in ("dbt-core", f"dbt-{settings.engine}")}
    return {"code": code, "connectors": list(connectors), "unit_tests": unit_tests, **versions}


def parsed_project(settings: Settings) -> Any:
    """Load the project that dbt parsed earlier."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((settings.dbt / "target" / PARSED_FILE).read_bytes())
    manifest.build_flat_graph()
    return manifest


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Let dbt keep what it allocates. Searching a large project for cycles takes a sixth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
