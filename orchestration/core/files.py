"""Write files so that a crash leaves them complete; hash and remove them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


def sha256_file(path: Path) -> str:
    """Return the hexadecimal sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def fsync(path: Path) -> None:
    """Flush a file, or the entries of a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def atomic_replace(temporary: Path, target: Path) -> None:
    """Flush a finished file to disk, then rename it to its final name."""
    fsync(temporary)
    os.replace(temporary, target)
    fsync(target.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically: readers see the old file or the new one."""
    temporary = path.with_name(f".{path.name.lstrip('.')}.tmp")
    temporary.write_text(text, encoding="utf-8")
    atomic_replace(temporary, path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON like `write_text`."""
    write_text(path, json.dumps(content, indent=2, default=str) + "\n")


def append_line(path: Path, line: str) -> None:
    """Append a line to a file and flush it to disk. On failure, nothing of the line remains."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        # If a crash truncated the last line, start a new one.
        is_whole = size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
        content = f"{'' if is_whole else chr(10)}{line}\n".encode()
        try:
            if os.write(descriptor, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def swap_symlink(link: Path, target: str) -> None:
    """Atomically point the symbolic link `link` to `target`."""
    # The caller holds the warehouse lock, so a dead process left any existing temporary link.
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.symlink(target, temporary)
    os.replace(temporary, link)
    fsync(link.parent)


def remove_tree(folder: Path) -> None:
    """Remove a folder with its read-only files. A missing folder is not an error."""
    shutil.rmtree(folder, ignore_errors=True)
