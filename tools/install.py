"""Install the packages of a lock file into this environment, and show the progress."""

from __future__ import annotations

import compileall
import subprocess
import sys
import sysconfig
import time
from collections import deque
from pathlib import Path

SECONDS_BETWEEN_LINES = 5
LINES_OF_A_FAILURE = 20

_INSTALLING = "Installing collected packages: "

# pip prints one such line per pin. It processes local files, and ignores pins of other platforms.
_ONE_PIN = ("Collecting ", "Processing ", "Requirement already satisfied: ", "Ignoring ")
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
            if line.startswith(_INSTALLING):
                _say(f"installing {line.count(',') + 1} packages")
            elif line.startswith(_ONE_PIN):
                done += 1
                if time.monotonic() - shown_at >= SECONDS_BETWEEN_LINES:
                    _say(f"downloading, {done} of {total} packages")
                    shown_at = time.monotonic()
    if pip.returncode:
        sys.stderr.writelines(last)
    elif sys.dont_write_bytecode:
        # Containers often forbid Python to store what it compiles. Then every command would compile again.
        _say("compiling")
        compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2, workers=0)
    return pip.returncode


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
