"""A process beside this one that prepares slow work. It ends with the process that started it."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator


class Companion:
    """A Python module that runs in its own process and exchanges lines of text with this one."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, line: str) -> Iterator[str]:
        """Send a line and yield the lines of the answer. Ends when the process ends."""
        if self._process.stdin is None or self._process.stdout is None:
            return
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError:
            return
        for answer in self._process.stdout:
            yield answer.rstrip("\n")

    def wait(self) -> None:
        """Wait until the process ends."""
        self._process.wait()

    def stop(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


def requests() -> Iterator[str]:
    """In a companion, return the lines that the other process sends. Exit as soon as that process ends."""
    received: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            received.put(line.rstrip("\n"))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return iter(received.get, None)
