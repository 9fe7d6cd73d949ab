"""Progress output: separate lines in a log file, one updating line on a terminal."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

LOGGER = "csw"
PROGRESS = {"csw_progress": True}
"""`extra` of a log record that the next progress record replaces."""

PRIVATE = "csw_private"
"""Name of an `extra` of a log record: the text with row values, shown only on the terminal."""

QUIET_SECONDS = 5.0


class _Handler(logging.Handler):
    """Prints records with the seconds since the start, and limits the number of progress lines."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.INFO)
        self.console = console
        self.started = time.monotonic()
        self.status = console.status("") if console.is_terminal else None
        self.shown_at = self.started

    def emit(self, record: logging.LogRecord) -> None:
        message = escape(getattr(record, PRIVATE, None) or record.getMessage())
        if record.levelno >= logging.WARNING:
            message = f"[yellow]{record.levelname.lower()}: {message}[/yellow]"
        now = time.monotonic()
        if not getattr(record, "csw_progress", False):
            self._print(message, now)
        elif self.status is not None:
            self.status.update(message)
            self.status.start()
        elif now - self.shown_at >= QUIET_SECONDS:
            self._print(message, now)

    def close(self) -> None:
        if self.status is not None:
            self.status.stop()
        super().close()

    def _print(self, message: str, now: float) -> None:
        self.shown_at = now
        if self.status is not None:
            self.status.stop()
        self.console.print(
            f"[dim]{now - self.started:6.1f}s[/dim]  {message}", highlight=False, soft_wrap=True
        )


@contextmanager
def progress_on_console() -> Iterator[None]:
    """Show the messages of the logger `csw` on standard error until the block ends."""
    logger = logging.getLogger(LOGGER)
    handler = _Handler(Console(stderr=True))
    logger.addHandler(handler)
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate
        handler.close()
