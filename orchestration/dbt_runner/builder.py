"""Parses and builds the dbt project in a companion process, while files land and Dagster works."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestration.core.companion import Companion, requests
from orchestration.core.errors import BuildError, CswError
from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.invocation import DbtEvent
from orchestration.dbt_runner.parsing import is_prepared, parse
from orchestration.dbt_runner.runner import BUILD, DbtResult, run_dbt
from orchestration.dbt_runner.version import dbt_version

log = logging.getLogger("csw")

_LIBRARY = "dbt.cli.main"
_companion: Companion | None = None


@contextmanager
def dbt_beside(settings: Settings) -> Iterator[None]:
    """Stop the companion after the block. Start it at once if the project must be parsed.

    The caller holds the lock.
    """
    global _companion
    if not is_prepared(settings, dbt_version()):
        warm_up(settings)
    try:
        yield
    finally:
        if _companion is not None:
            _companion.stop()
            _companion = None


def warm_up(settings: Settings) -> None:
    """Start the companion, unless there is one or this process has imported dbt itself."""
    global _companion
    if _LIBRARY not in sys.modules and _companion is None:
        _companion = Companion(__name__, str(settings.home), str(settings.landing))


def wait_for_parsing(settings: Settings) -> None:
    """Wait until the companion has parsed the project. If it fails, `prepare_manifest` raises the error."""
    if _companion is None or is_prepared(settings, dbt_version()):
        return
    log.info("parsing the dbt project, which happens once per version of the project")
    next(_companion.ask(_encoded(None)), None)


def build(
    settings: Settings,
    warehouse: Path,
    *,
    on_event: Callable[[DbtEvent], None] | None = None,
    skip: Collection[str] = (),
) -> DbtResult:
    """Build the models and run the tests of a run like `run_dbt`, in the companion if there is one."""
    if _companion is None or not _companion.is_alive:
        return run_dbt(settings, BUILD, warehouse, on_event=on_event, skip=skip)
    for line in _companion.ask(_encoded((settings, warehouse, frozenset(skip)))):
        kind, value = json.loads(line)
        if kind == "event":
            if on_event is not None:
                on_event(value)
        elif kind == "result":
            result: DbtResult = _decoded(value)
            return result
        else:
            raise _decoded(value)
    raise BuildError("The process of the build died, perhaps because memory ran out. Run again.")


def _encoded(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value)).decode()


def _decoded(text: str) -> Any:
    return pickle.loads(base64.b64decode(text))


def _serve(settings: Settings) -> None:
    answers, sys.stdout = sys.stdout, sys.stderr  # What libraries print is no answer.
    answering = threading.Lock()  # dbt's threads report events.

    def answer(kind: str, value: object) -> None:
        line = json.dumps([kind, value], default=str)
        with answering:
            print(line, file=answers, flush=True)

    received = requests()
    import dbt.adapters.duckdb
    import dbt.cli.main  # noqa: F401

    if not is_prepared(settings, dbt_version()):
        with suppress(CswError):
            parse(settings, dbt_version())
    for request in received:
        wanted = _decoded(request)
        if wanted is None:
            answer("parsed", None)
            continue
        used, warehouse, skip = wanted
        try:
            result = run_dbt(used, BUILD, warehouse, on_event=lambda event: answer("event", event), skip=skip)
        except Exception as error:
            answer("error", _encoded(_portable(error)))
        else:
            answer("result", _encoded(result))


def _portable(error: Exception) -> Exception:
    """Return the error, or its traceback as text if it cannot leave its process."""
    try:
        _decoded(_encoded(error))
    except Exception:
        return RuntimeError("".join(traceback.format_exception(error)))
    return error


if __name__ == "__main__":
    _serve(load_settings(sys.argv[1], landing=sys.argv[2]))
