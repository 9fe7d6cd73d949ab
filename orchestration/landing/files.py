"""The landing folder: find the complete files of each contract, and take private copies."""

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
from orchestration.core.spelling import nearest, squashed
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.mapping import find_mapping, is_mapping, mapping_digest

FORMATS = ("csv.gz", "jsonl.gz", "csv", "jsonl", "parquet")
"""Readable endings of file names, in any letter case."""

_CHUNK = 1 << 22
_UNFINISHED = (".done", ".tmp", ".part")
_DLT_MARKER = "init"
"""An empty file that dlt writes into every folder."""


class ChangingFileError(Exception):
    """A file changed while it was copied, so it is not complete yet."""


@dataclass(frozen=True)
class LandingFile:
    """A complete file of one object."""

    source: str
    object: str
    path: Path
    format: str
    """One of FORMATS."""
    mapping: Path | None = None
    """The mapping file that describes its format."""
    folder: str = ""
    """Name of its folder, if a loading tool gives the object another name."""

    @cached_property
    def mapping_digest(self) -> str:
        """Return the digest of the mapping; empty without a mapping."""
        return mapping_digest(self.mapping)

    @property
    def name(self) -> str:
        """Return the file's name as printable text."""
        return safe_text(self.path.name)

    @property
    def label(self) -> str:
        return f"{self.source}/{self.folder or self.object}/{self.name}"

    def batch_id(self, digest: str) -> str:
        """Return the batch id, a digest of the object, the file's content and the mapping's content."""
        mapping = f"/{self.mapping_digest}" if self.mapping_digest else ""
        content = content_id(self.source, self.object, digest) + mapping
        return hashlib.sha256(content.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class IgnoredFile:
    """An entry of the landing folder that the loader ignores, with the reason."""

    label: str
    reason: str


@dataclass(frozen=True)
class Snapshot:
    """A private copy of a file, under a name without special characters."""

    path: Path
    digest: str
    """SHA-256 of the bytes, in hexadecimal."""
    bytes: int


def find_files(
    landing: Path, contracts: Mapping[tuple[str, str], LandingObject]
) -> tuple[list[LandingFile], list[IgnoredFile]]:
    """List the complete files in order of source, object and file name, and the ignored entries.

    Numbers in file names sort as numbers, so that export_10 comes after export_9. Raises LandingError if the
    landing folder does not exist.
    """
    if not landing.is_dir():
        raise LandingError(
            f"There is no landing folder {landing}. Create it and put files into "
            f"{landing}/<source>/<object>/ (for instance generic/accounts/accounts.csv), or choose another "
            "folder with --landing or CSW_LANDING."
        )
    files: list[LandingFile] = []
    ignored: list[IgnoredFile] = []
    root = landing.resolve()
    for source in _entries(landing, root, ignored):
        if not source.is_dir():
            ignored.append(_ignore(landing, source, "not in a folder <source>/<object>/"))
            continue
        for folder in _entries(source, root, ignored, landing):
            contract = object_of(source.name, folder.name, contracts)
            if not folder.is_dir():
                ignored.append(_ignore(landing, folder, "not in a folder <source>/<object>/"))
            elif contract is None:
                ignored.append(_ignore(landing, folder, _no_contract(source.name, folder.name, contracts)))
            else:
                for path in _entries(folder, root, ignored, landing):
                    found = _landing_file(contract, folder.name, path)
                    if isinstance(found, LandingFile):
                        files.append(found)
                    elif found:
                        ignored.append(_ignore(landing, path, found))
    return files, ignored


def object_of(
    source: str, folder: str, contracts: Mapping[tuple[str, str], LandingObject]
) -> LandingObject | None:
    """Return the object of a folder. For a vendor's object, any loading tool's name is right."""
    found = contracts.get((source, folder))
    if found:
        return found
    wanted = squashed(folder)
    vendors = [one for (owner, _), one in contracts.items() if owner == source and one.is_vendor]
    named = (one for one in vendors if wanted == squashed(one.name))
    called = (one for one in vendors if wanted in {squashed(name) for name in one.also})
    return next(named, None) or next(called, None)


def content_id(source: str, name: str, digest: str) -> str:
    """Return a key that identifies a content of an object, independent of its mapping."""
    return f"{source}/{name}/{digest}"


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def take_snapshot(file: LandingFile, target: Path) -> Snapshot:
    """Copy a file and hash the copy, in one pass.

    Raises ChangingFileError if the file changes meanwhile, OSError if it is unreadable.
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
    """Return the size, modification time and inode of a file, which change when the file changes."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def safe_text(name: str) -> str:
    """Escape control characters and undecodable bytes in a file name; other names stay unchanged."""
    if name.isprintable():
        return name
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name
    )


def _entries(
    folder: Path, root: Path, ignored: list[IgnoredFile], landing: Path | None = None
) -> Iterator[Path]:
    """Yield the visible entries by name; ignore links to targets outside the landing folder."""
    for path in sorted(folder.iterdir(), key=_natural):
        if path.name.startswith(("_", ".")) or path.name.lower().endswith(_UNFINISHED):
            continue
        if path.is_symlink() and not _is_inside(path, root):
            reason = (
                "a link to a place outside the landing folder, which the loader does not follow; copy the "
                "files, or point --landing to their folder"
            )
            ignored.append(_ignore(landing or folder, path, reason))
            continue
        yield path


def _natural(path: Path) -> tuple[list[tuple[int, int | str]], str]:
    """Return a sort key that compares numbers in names as numbers, then the spelling."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part)) if part.isdecimal() else (0, part) for part in parts], path.name


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _landing_file(contract: LandingObject, folder: str, path: Path) -> LandingFile | str:
    """Return the file, or the reason to ignore it; an empty reason for a mapping or a loading tool's file."""
    if is_mapping(path.name) or (contract.is_vendor and path.name == _DLT_MARKER):
        return ""
    if path.is_dir():
        return "a folder inside an object's folder; move its files up one level"
    if not stat.S_ISREG(path.stat().st_mode):
        return "not a regular file"
    for ending in FORMATS:
        if path.name.lower().endswith("." + ending):
            called = "" if folder == contract.name else folder
            return LandingFile(contract.source, contract.name, path, ending, find_mapping(path), called)
    endings = ", ".join("." + ending for ending in sorted(FORMATS))
    reason = f"unknown format; the name must end in one of {endings}"
    advice = {
        ".xlsx": "save the sheet as CSV in UTF-8",
        ".xls": "save the sheet as CSV in UTF-8",
        ".ods": "save the sheet as CSV in UTF-8",
        ".json": "write one JSON object per line, and use the ending .jsonl",
        ".txt": "rename a text with columns to .csv",
        ".tsv": "rename a text with columns to .csv",
    }.get(path.suffix.lower())
    return f"{reason}; {advice}" if advice else reason


def _no_contract(source: str, name: str, contracts: Mapping[tuple[str, str], LandingObject]) -> str:
    known = sorted(one for owner, one in contracts if owner == source)
    sources = sorted({owner for owner, _ in contracts})
    meant = nearest(name, known) if known else nearest(source, sources)
    hint = f"; the closest name is {meant}" if meant else ""
    if known:
        return f"no contract; the objects of {source} are {', '.join(known)}{hint}"
    return f"no contract; the sources are {', '.join(sources)}{hint}"


def _ignore(landing: Path, path: Path, reason: str) -> IgnoredFile:
    return IgnoredFile("/".join(safe_text(part) for part in path.relative_to(landing).parts), reason)
