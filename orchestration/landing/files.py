"""The landing folder: which files are complete and belong to a contract, and private copies of them."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestration.core.errors import LandingError
from orchestration.core.spelling import nearest
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.mapping import find_mapping, is_mapping, mapping_digest

FORMATS = ("csv.gz", "jsonl.gz", "csv", "jsonl", "parquet")
"""Endings of file names that can be read, in any letter case."""

_CHUNK = 1 << 22
_UNFINISHED = (".done", ".tmp", ".part")


class ChangingFileError(Exception):
    """A file was written to while it was copied: it is not complete yet."""


@dataclass(frozen=True)
class LandingFile:
    """A complete file of one object."""

    source: str
    object: str
    path: Path
    format: str
    """One of FORMATS."""
    mapping: Path | None = None
    """The file that says how it is to be read."""

    @cached_property
    def mapping_digest(self) -> str:
        """Tells the mapping; empty where there is none."""
        return mapping_digest(self.mapping)

    @property
    def name(self) -> str:
        """The file's name as text that any database and terminal can hold."""
        return safe_text(self.path.name)

    @property
    def label(self) -> str:
        return f"{self.source}/{self.object}/{self.name}"


@dataclass(frozen=True)
class IgnoredFile:
    """Something in the landing folder that is not read, and why."""

    label: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """A private copy of a file, under a name that no engine can misread."""

    path: Path
    digest: str
    """SHA-256 of the bytes, in hexadecimal."""
    bytes: int


def find_files(
    landing: Path, contracts: Mapping[tuple[str, str], LandingObject]
) -> tuple[list[LandingFile], list[IgnoredFile]]:
    """List the complete files in the order of source, object and file name, and what is left aside.

    Numbers in file names are compared as numbers, so that export_10 comes after export_9. Raises
    LandingError where there is no landing folder.
    """
    if not landing.is_dir():
        raise LandingError(
            f"There is no landing folder {landing}. Create it and put files into "
            f"{landing}/<source>/<object>/ (for instance generic/accounts/accounts.csv), or name another "
            "one with --landing or CSW_LANDING."
        )
    files: list[LandingFile] = []
    ignored: list[IgnoredFile] = []
    root = landing.resolve()
    for source in _entries(landing, root, ignored):
        if not source.is_dir():
            ignored.append(_ignore(landing, source, "not in a folder <source>/<object>/"))
            continue
        for folder in _entries(source, root, ignored, landing):
            if not folder.is_dir():
                ignored.append(_ignore(landing, folder, "not in a folder <source>/<object>/"))
            elif (source.name, folder.name) not in contracts:
                ignored.append(_ignore(landing, folder, _no_contract(source.name, folder.name, contracts)))
            else:
                for path in _entries(folder, root, ignored, landing):
                    found = _landing_file(source.name, folder.name, path)
                    if isinstance(found, LandingFile):
                        files.append(found)
                    elif found:
                        ignored.append(_ignore(landing, path, found))
    return files, ignored


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def take_snapshot(file: LandingFile, target: Path) -> Snapshot:
    """Copy a file and hash what was copied, in one pass.

    Raises ChangingFileError where the file changed meanwhile, OSError where it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with file.path.open("rb") as source, target.open("wb") as copy:
        before = os.fstat(source.fileno())
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            copy.write(chunk)
            size += len(chunk)
        after = os.fstat(source.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
        raise ChangingFileError
    return Snapshot(target, digest.hexdigest(), size)


def signature(path: Path) -> list[int]:
    """What changes when a file does, without reading it: size, time of change, inode."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def safe_text(name: str) -> str:
    """A file name without control characters and undecodable bytes; ordinary names stay as they are."""
    if name.isprintable():
        return name
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name
    )


def _entries(
    folder: Path, root: Path, ignored: list[IgnoredFile], landing: Path | None = None
) -> Iterator[Path]:
    """Visible entries by name; links that leave the landing folder are left aside."""
    for path in sorted(folder.iterdir(), key=_natural):
        if path.name.startswith(("_", ".")) or path.name.lower().endswith(_UNFINISHED):
            continue
        if path.is_symlink() and not _is_inside(path, root):
            target = (
                "a link that leads out of the landing folder, so it is not followed; copy its files, or give"
            )
            ignored.append(_ignore(landing or folder, path, f"{target} --landing the folder that holds them"))
            continue
        yield path


def _natural(path: Path) -> tuple[list[tuple[int, int | str]], str]:
    """Sorts names with their numbers as numbers; equal ones by their spelling."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part)) if part.isdecimal() else (0, part) for part in parts], path.name


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _landing_file(source: str, name: str, path: Path) -> LandingFile | str:
    """The file, or the reason why it is not one; empty for a mapping, which belongs to others."""
    if is_mapping(path.name):
        return ""
    if path.is_dir():
        return "a folder inside an object's folder: move its files up"
    if not stat.S_ISREG(path.stat().st_mode):
        return "not a regular file"
    for ending in FORMATS:
        if path.name.lower().endswith("." + ending):
            return LandingFile(source, name, path, ending, find_mapping(path))
    reason = f"unknown format: names end in {', '.join('.' + ending for ending in sorted(FORMATS))}"
    advice = {
        ".xlsx": "save the sheet as CSV in UTF-8",
        ".xls": "save the sheet as CSV in UTF-8",
        ".ods": "save the sheet as CSV in UTF-8",
        ".json": "write one JSON object per line, and end the name in .jsonl",
        ".txt": "a text with columns may end in .csv",
        ".tsv": "a text with columns may end in .csv",
    }.get(path.suffix.lower())
    return f"{reason}; {advice}" if advice else reason


def _no_contract(source: str, name: str, contracts: Mapping[tuple[str, str], LandingObject]) -> str:
    known = sorted(one for owner, one in contracts if owner == source)
    sources = sorted({owner for owner, _ in contracts})
    meant = nearest(name, known) if known else nearest(source, sources)
    hint = f"; {meant} may be meant" if meant else ""
    if known:
        return f"no contract; the objects of {source} are {', '.join(known)}{hint}"
    return f"no contract; the sources are {', '.join(sources)}{hint}"


def _ignore(landing: Path, path: Path, reason: str) -> IgnoredFile:
    return IgnoredFile("/".join(safe_text(part) for part in path.relative_to(landing).parts), reason)
