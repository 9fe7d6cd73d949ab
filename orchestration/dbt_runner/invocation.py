"""Invoke dbt in this process, and explain its failures."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from orchestration.core.database import connect
from orchestration.core.environment import environment
from orchestration.core.errors import BuildError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.dbt_runner.pseudonyms import load_hash_key

WAREHOUSE_FILE = "warehouse.duckdb"
"""Name of every database file that dbt builds. Its stem is the database name in SQL."""

LOG_FILE = "dbt.log"
LOG_BYTES = 10_000_000
SAMPLE_ROWS = 3

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


def invoke(
    settings: Settings,
    command: Sequence[str],
    warehouse: Path | None,
    on_event: Callable[[DbtEvent], None] | None = None,
    *,
    manifest: Any = None,
    as_of: str | None = None,
) -> Any:
    """Run a dbt command on the engine of the home and return dbt's result. Raises BuildError if dbt fails.

    `warehouse` is the database file on DuckDB, and None on Spark.
    """
    prepare_profile(settings)
    load_hash_key(settings.home)
    arguments = [
        *command,
        *("--target", settings.engine),
        *("--project-dir", str(PROJECT_DIR)),
        *("--profiles-dir", str(settings.dbt)),
        *("--target-path", str(settings.dbt / "target")),
        # dbt formats thousands of debug lines even if it drops them. `_log_file` keeps the other lines.
        *("--log-level", "none"),
        *("--log-level-file", "none"),
        "--no-use-colors",
    ]
    variables = {
        "CSW_AS_OF": settings.as_of_text if as_of is None else as_of,
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    if warehouse is not None:
        variables["CSW_WAREHOUSE"] = str(warehouse)
    with environment(variables, without=("DBT_",)), _log_file(settings.dbt / "logs" / LOG_FILE) as log_file:
        outcome = invoke_dbt(arguments, on_event, manifest=manifest, log_file=log_file)
    if not outcome.success:
        nodes = node_results(outcome.result)
        raise BuildError(_describe_failure(settings, warehouse, outcome.exception, nodes))
    return outcome


def prepare_profile(settings: Settings) -> None:
    """Copy the profile to the folder that dbt reads."""
    settings.dbt.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT_DIR / "profiles.example.yml", settings.dbt / "profiles.yml")


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


def node_results(result: Any) -> tuple[NodeResult, ...]:
    """Return the models, seeds and tests of a dbt result."""
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
        # Report operations before the first model only if they fail. dbt does not run exposures.
        if entry.node.resource_type != "exposure"
        and (entry.node.resource_type != "operation" or entry.status != "success")
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
