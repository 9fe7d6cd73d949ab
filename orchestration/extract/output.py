"""The file that a pass writes. It appears in the landing folder only when it is whole."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

from orchestration.core.files import atomic_replace


class Output:
    """Lines of one object, kept outside the landing folder until the pass is complete."""

    def __init__(self, unfinished: Path, folder: Path) -> None:
        self._unfinished = unfinished
        self._folder = folder

    def restart(self) -> None:
        """Begin with an empty file."""
        self._unfinished.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished.write_bytes(b"")

    def resume(self, size: int) -> bool:
        """Cut off what was written after the last whole page. Return False if less than that is left."""
        try:
            if self._unfinished.stat().st_size < size:
                return False
            os.truncate(self._unfinished, size)
        except FileNotFoundError:
            return False
        return True

    def append(self, lines: list[str]) -> int:
        """Write lines to disk; return the length of the file."""
        if not lines:
            return self._unfinished.stat().st_size
        with self._unfinished.open("ab") as file:
            # JSON allows half of a surrogate pair as an escape; UTF-8 cannot hold it.
            file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def land(self, name: str) -> Path:
        """Pack the file and move it to its place under this name. A file that is there already is whole."""
        target = self._folder / name
        if not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            # The loader ignores names that begin with a dot.
            temporary = self._folder / f".{name}.tmp"
            with (
                self._unfinished.open("rb") as lines,
                temporary.open("wb") as packed,
                gzip.GzipFile("", "wb", fileobj=packed, mtime=0) as file,
            ):
                shutil.copyfileobj(lines, file, 1 << 20)
            atomic_replace(temporary, target)
        return target

    def remove(self) -> None:
        """Remove the unfinished file."""
        self._unfinished.unlink(missing_ok=True)
