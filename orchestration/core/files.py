"""Files that must survive a crash whole: hashing, syncing and replacing them."""

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
    """Hexadecimal sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Have a file, or the entries of a folder, on disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def settle(temporary: Path, target: Path) -> None:
    """Have a finished file on disk, then give it its final name."""
    sync(temporary)
    os.replace(temporary, target)
    sync(target.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text under its final name at once: readers see the old file or the new one."""
    temporary = path.with_name(f".{path.name.lstrip('.')}.tmp")
    temporary.write_text(text, encoding="utf-8")
    settle(temporary, path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON like `write_text`."""
    write_text(path, json.dumps(content, indent=2, default=str) + "\n")


def append_line(path: Path, line: str) -> None:
    """Add a line to a file and have it on disk: the whole line, or, where that fails, none of it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        # Whatever cut the last line short must not take this one with it.
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


def point_link(link: Path, target: str) -> None:
    """Make the symbolic link `link` lead to `target` in one step, whatever it led to before."""
    # Whoever calls this holds the lock of the warehouse, so a link of this name is a dead process's.
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.symlink(target, temporary)
    os.replace(temporary, link)
    sync(link.parent)


def remove_tree(folder: Path) -> None:
    """Remove a folder that may hold read-only files; a folder that is not there is fine."""
    shutil.rmtree(folder, ignore_errors=True)
