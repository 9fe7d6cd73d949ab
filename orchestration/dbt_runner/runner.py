"""Run dbt in this process on one database file, and return plain results."""

from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import version
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from orchestration.core.database import connect
from orchestration.core.environment import environment
from orchestration.core.errors import BuildError, LockedError
from orchestration.core.lock import WarehouseLock, hold_lock
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.dbt_runner.connectors import enabled_connectors
from orchestration.dbt_runner.pseudonyms import load_hash_key

log = logging.getLogger("csw")

MANIFEST_FILE = "manifest.json"
LOG_FILE = "dbt.log"
LOG_BYTES = 10_000_000
PARSED_FILE = "partial_parse.msgpack"
PREPARED_FILE = "prepared.json"
"""File that records the code version, the connectors and the dbt version of the parsed project."""

WAREHOUSE_FILE = "warehouse.duckdb"
"""Name of every database file that dbt builds. Its stem is the database name in SQL."""

GRAIN_TESTS = "tag:grain"
"""Selects the tests of the keys of staging and intermediate models; dbt_project.yml tags them."""

_SKIPPED = "skipped"
"""The tag of the nodes that a command leaves out. dbt checks every name in a selection against every node."""

BUILD = ("build", "--exclude-resource-type", "unit_test", "--exclude", GRAIN_TESTS, f"tag:{_SKIPPED}")
"""The dbt command of a run. Unit and grain tests would cost each run seconds; `make test` runs them."""

SAMPLE_ROWS = 3
PREPARE_SECONDS = 120

DbtEvent = Mapping[str, Any]
"""One finished model, seed or test, in the shape of dbt's JSON log: {"info": ..., "data": ...}."""

_RESULT_EVENTS = frozenset({"LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult"})
_LOGGED = frozenset({"info", "warn", "error"})
_BAD = frozenset({"error", "fail", "runtime error", "partial success"})


@dataclass(frozen=True)
class NodeResult:
    """The result of one model, seed or test."""

    unique_id: str
    kind: str
    name: str
    path: str
    status: str
    seconds: float
    failures: int | None
    message: str
    compiled_code: str | None


@dataclass(frozen=True)
class DbtResult:
    """The result of one dbt invocation."""

    seconds: float
    nodes: tuple[NodeResult, ...]

    def count_by_status(self) -> dict[str, int]:
        """Count the results by dbt's status: success, pass, warn, error, fail, skipped."""
        counts: dict[str, int] = {}
        for node in self.nodes:
            counts[node.status] = counts.get(node.status, 0) + 1
        return counts

    @property
    def checks_passed(self) -> int:
        return sum(node.kind == "test" and node.status == "pass" for node in self.nodes)


def run_dbt(
    settings: Settings,
    command: Sequence[str],
    warehouse: Path,
    *,
    on_event: Callable[[DbtEvent], None] | None = None,
    skip: Container[str] = (),
) -> DbtResult:
    """Run a dbt command on a database file. The caller holds the lock and has prepared the project.

    `BUILD` leaves out the tests with names in `skip`. dbt's threads call `on_event` when a model, seed or
    test ends. Raises BuildError with dbt's message and the failing models and tests if dbt does not succeed.
    """
    arguments = [*command, "--no-write-json", *_variables(_parsed_connectors(settings), settings.policies)]
    started = time.monotonic()
    # The parsed project does not depend on policies or folders, but dbt would parse it again for each.
    manifest = parsed_project(settings)
    for node in manifest.nodes.values():
        if node.name in skip:
            node.tags.append(_SKIPPED)
    outcome = _invoke(settings, arguments, warehouse, on_event, manifest=manifest)
    return DbtResult(time.monotonic() - started, _node_results(outcome.result))


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


def _invoke(
    settings: Settings,
    command: Sequence[str],
    warehouse: Path,
    on_event: Callable[[DbtEvent], None] | None = None,
    *,
    manifest: Any = None,
    as_of: str | None = None,
) -> Any:
    prepare_profile(settings)
    load_hash_key(settings.home)
    arguments = [
        *command,
        *("--project-dir", str(PROJECT_DIR)),
        *("--profiles-dir", str(settings.dbt)),
        *("--target-path", str(settings.dbt / "target")),
        # dbt formats thousands of debug lines even if it drops them. `_log_file` keeps the other lines.
        *("--log-level", "none"),
        *("--log-level-file", "none"),
        "--no-use-colors",
    ]
    variables = {
        "CSW_WAREHOUSE": str(warehouse),
        "CSW_AS_OF": settings.as_of_text if as_of is None else as_of,
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with environment(variables, without=("DBT_",)), _log_file(settings.dbt / "logs" / LOG_FILE) as log_file:
        outcome = invoke_dbt(arguments, on_event, manifest=manifest, log_file=log_file)
    if not outcome.success:
        nodes = _node_results(outcome.result)
        raise BuildError(_describe_failure(settings, warehouse, outcome.exception, nodes))
    return outcome


def prepare_profile(settings: Settings) -> None:
    """Copy the profile to the folder that dbt reads."""
    settings.dbt.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "profiles.example.yml", settings.dbt / "profiles.yml")


def prepare_manifest(settings: Settings, code: str, lock: WarehouseLock | None = None) -> Path:
    """Parse the project unless this dbt has already parsed code version `code`; return the manifest's path.

    Without `lock`, waits for a run that holds the lock, because that run parses the project itself. Raises
    BuildError if parsing fails, and LockedError if the run does not release the lock in time.
    """
    deadline = time.monotonic() + PREPARE_SECONDS
    while not is_prepared(settings, code):
        try:
            with nullcontext() if lock else hold_lock(settings.lock_file, "parsing the dbt project"):
                log.info("parsing the dbt project")
                parse(settings, code)
        except LockedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    return settings.dbt / "target" / MANIFEST_FILE


def parse(settings: Settings, code: str) -> None:
    """Parse the project, whose code version is `code`. The caller holds the lock."""
    record = settings.dbt / PREPARED_FILE
    record.unlink(missing_ok=True)
    # Parsing opens no database. Always pass the same path and instant, so that dbt parses only the changed
    # files again.
    connectors = enabled_connectors(settings)
    with _without_garbage_collection():
        _invoke(settings, ["parse", *_variables(connectors)], Path(WAREHOUSE_FILE), as_of="")
    manifest = settings.dbt / "target" / MANIFEST_FILE
    _refuse_cycles(json.loads(manifest.read_text(encoding="utf-8")))
    record.write_text(json.dumps(_preparation(code, connectors)), encoding="utf-8")


def _variables(connectors: Sequence[str], policies: Mapping[str, Any] | None = None) -> list[str]:
    return ["--vars", json.dumps({**(policies or {}), "connectors": list(connectors)}, sort_keys=True)]


def _parsed_connectors(settings: Settings) -> list[str]:
    """Return the connectors of the parsed project."""
    found: list[str] = json.loads((settings.dbt / PREPARED_FILE).read_text(encoding="utf-8"))["connectors"]
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


def is_prepared(settings: Settings, code: str) -> bool:
    """Return whether this dbt has parsed code version `code` in this home, with its connectors."""
    target = settings.dbt / "target"
    try:
        found = json.loads((settings.dbt / PREPARED_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (
        found == _preparation(code, enabled_connectors(settings))
        and (target / MANIFEST_FILE).is_file()
        and (target / PARSED_FILE).is_file()
    )


def _preparation(code: str, connectors: Sequence[str]) -> dict[str, Any]:
    versions = {name: version(name) for name in ("dbt-core", "dbt-duckdb")}
    return {"code": code, "connectors": list(connectors), **versions}


def parsed_project(settings: Settings) -> Any:
    """Load the project that dbt parsed earlier."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack((settings.dbt / "target" / PARSED_FILE).read_bytes())
    manifest.build_flat_graph()
    return manifest


def invoke_dbt(
    arguments: list[str],
    on_event: Callable[[DbtEvent], None] | None = None,
    *,
    manifest: Any = None,
    log_file: logging.Handler | None = None,
) -> Any:
    """Run a dbt command line and return dbt's result. With a parsed `manifest`, dbt does not parse again."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt_common.events.functions import msg_to_dict

    def on_message(message: Any) -> None:
        if log_file is not None and message.info.level in _LOGGED:
            log_file.handle(logging.makeLogRecord({"msg": message.info.msg, "levelname": message.info.level}))
        if on_event is not None and message.info.name in _RESULT_EVENTS:
            on_event(msg_to_dict(message))

    folder = Path.cwd()
    try:
        return dbtRunner(manifest=manifest, callbacks=[on_message]).invoke(arguments)
    finally:
        os.chdir(folder)
        # dbt keeps the database open for its next invocation, which would lock out other processes.
        opened = DuckDBConnectionManager._ENV
        if opened is not None:
            opened.close()
        DuckDBConnectionManager.close_all_connections()


def _node_results(result: Any) -> tuple[NodeResult, ...]:
    return tuple(
        NodeResult(
            unique_id=entry.node.unique_id,
            kind=str(entry.node.resource_type),
            name=entry.node.name,
            path=entry.node.original_file_path,
            status=str(entry.status),
            seconds=entry.execution_time,
            failures=entry.failures,
            message=entry.message or "",
            compiled_code=getattr(entry.node, "compiled_code", None),
        )
        for entry in getattr(result, "results", None) or ()
        # Report operations before the first model only if they fail.
        if entry.node.resource_type != "operation" or entry.status != "success"
    )


def _describe_failure(
    settings: Settings, warehouse: Path | None, exception: BaseException | None, nodes: Sequence[NodeResult]
) -> str:
    bad = [node for node in nodes if node.status in _BAD]
    if not bad:
        return f"dbt: {_words(str(exception or 'stopped without a message'))}"
    skipped = sum(node.status == "skipped" for node in nodes)
    lines = [f"dbt: {len(bad)} of {len(nodes)} models and tests failed, {skipped} were skipped."]
    for node in bad[:5]:
        lines.append(f"  {node.kind} {node.name} ({node.path}): {_words(node.message)}")
        lines += [f"    {row}" for row in _sample(warehouse, node)]
    if len(bad) > 5:
        lines.append(f"  ... and {len(bad) - 5} more.")
    lines.append(f"The log is {settings.dbt / 'logs' / LOG_FILE}.")
    return "\n".join(lines)


def _words(message: str) -> str:
    """Return dbt's message without headings and without hints for dbt's command line."""
    lines = [line.strip() for line in message.strip().splitlines()]
    kept = [line for line in lines if line and not line.startswith(("compiled code at", "> "))]
    return "\n      ".join(kept)


def _sample(warehouse: Path | None, node: NodeResult) -> Iterator[str]:
    """Return a few of the rows that a test in data_tests/ found. Those tests return no personal data."""
    if node.kind != "test" or node.status != "fail" or not node.path.startswith("data_tests/"):
        return
    if warehouse is None or not node.compiled_code:
        return
    with connect(warehouse, read_only=True) as connection:
        found = connection.execute(f"select * from ({node.compiled_code}\n) limit {SAMPLE_ROWS}")
        columns = [column[0] for column in found.description or ()]
        for row in found.fetchall():
            yield ", ".join(f"{name} = {value}" for name, value in zip(columns, row, strict=True))


@contextmanager
def _log_file(path: Path) -> Iterator[logging.Handler]:
    """Log dbt's messages for users, and drop the oldest file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s [%(levelname)-5s] %(message)s"))
    try:
        yield handler
    finally:
        handler.close()
