"""Parses the dbt project in a companion process, while files land and Dagster is imported."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orchestration.core.companion import Companion, requests
from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.runner import is_prepared, parse
from orchestration.dbt_runner.version import dbt_version

log = logging.getLogger("csw")


@contextmanager
def parsing(settings: Settings) -> Iterator[Callable[[], None]]:
    """Parse the project during the block if it changed. Yields a function that waits until it is parsed.

    The caller holds the lock. If the companion fails, `prepare_manifest` parses again and raises the error.
    """
    if is_prepared(settings, dbt_version()):
        yield lambda: None
        return
    companion = Companion(__name__, str(settings.home), str(settings.landing))

    def wait() -> None:
        log.info("parsing the dbt project, which happens once per version of the project")
        companion.wait()

    try:
        yield wait
    finally:
        companion.stop()


if __name__ == "__main__":
    requests()
    parse(load_settings(sys.argv[1], landing=sys.argv[2]), dbt_version())
