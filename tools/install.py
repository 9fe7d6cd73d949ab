"""Install the packages of a lock file into this environment, and show the progress."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from pathlib import Path

SECONDS_BETWEEN_LINES = 5
LINES_OF_A_FAILURE = 20

_OPTIONS = ("--no-deps", "--require-hashes", "--no-compile", "--progress-bar", "off")


def main(lock: Path) -> int:
    """Install the packages of `lock`; return pip's exit code, after its last lines if it failed."""
    total = sum("==" in line for line in lock.read_text(encoding="utf-8").splitlines())
    command = [sys.executable, "-u", "-m", "pip", "install", *_OPTIONS, "--requirement", str(lock)]
    last: deque[str] = deque(maxlen=LINES_OF_A_FAILURE)
    done, shown_at = 0, time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            last.append(line)
            # pip reports each pin once; it ignores the pins of other platforms.
            done += line.startswith(("Collecting ", "Requirement already satisfied: ", "Ignoring "))
            if line.startswith("Installing collected packages: "):
                _say(f"installing {line.count(',') + 1} packages")
            elif done < total and time.monotonic() - shown_at >= SECONDS_BETWEEN_LINES:
                _say(f"downloading, {done} of {total} packages")
            else:
                continue
            shown_at = time.monotonic()
    if pip.returncode:
        sys.stderr.writelines(last)
    return pip.returncode


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
