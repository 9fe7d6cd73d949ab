"""The structure of CSV text: its header and the exact limits of its records.

DuckDB's reader silently drops everything after an unclosed quote, and stops at mixed line ends. So this
module counts the records of a file itself. DuckDB reads a file of plain structure unchanged and must return
the same count. Any other file is rewritten record by record in an unambiguous form.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import numpy.typing as npt

from orchestration.landing.reading.plaintext import ends_with_newline
from orchestration.landing.reading.refusal import FileRefusedError

DELIMITERS = (",", ";", "\t", "|")

_CHUNK = 1 << 22
_HEAD_RECORDS, _HEAD_LINES = 15, 200
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class Plain:
    """A CSV file that DuckDB can read unchanged."""

    records: int
    """Number of records below the header."""
    line_end: str
    """Value of DuckDB's option `new_line`."""
    has_breaks_in_fields: bool
    """Some fields contain line breaks, so the numbers of records and lines differ."""


@dataclass(frozen=True)
class Rewritten:
    """A CSV file, split into readable and broken records."""

    good: Path
    """Comma-separated, all fields quoted, no header: record number, line, then the fields."""
    broken: Path
    """In the same format: record number, line, text of the record, reason."""
    records: int
    blank: int
    """Number of records without any value. They are in neither file."""


@dataclass(frozen=True)
class Head:
    """The first records of a CSV file, read with one delimiter."""

    delimiter: str
    records: tuple[tuple[int, tuple[str, ...]], ...]
    """Line and fields of the first records that are not blank."""


def read_heads(path: Path) -> list[Head]:
    """Return the first records of a file with each delimiter, or with the delimiter of a line `sep=;`."""
    with _open(path) as source:
        first = source.readline().strip().strip('"').lower()
    named = first.removeprefix("sep=")
    if first.startswith("sep=") and named in DELIMITERS:
        return [_read_head(path, named, skip=1)]
    return [_read_head(path, delimiter, skip=0) for delimiter in DELIMITERS]


def cut_above(path: Path, line: int, target: Path) -> Path:
    """Return a copy of the file without the lines above `line` (from 1), or the file if there are none."""
    if line == 1:
        return path
    with path.open("rb") as source, target.open("wb") as body:
        for _ in range(line - 1):
            source.readline()
        while chunk := source.read(_CHUNK):
            body.write(chunk)
    return target


def _read_head(path: Path, delimiter: str, skip: int) -> Head:
    records: list[tuple[int, tuple[str, ...]]] = []
    with _open(path) as source:
        lines = _Lines(source)
        for _ in range(skip):
            next(lines)
        reader = _reader(lines, delimiter)
        while len(records) < _HEAD_RECORDS and lines.read < _HEAD_LINES:
            lines.forget()
            try:
                fields = next(reader)
            except (StopIteration, csv.Error):
                break
            if any(field.strip() for field in fields):
                records.append((lines.first, tuple(fields)))
    return Head(delimiter, tuple(records))


def plain_structure(path: Path, delimiter: str) -> Plain | None:
    """Count the records of a file of plain structure; None for any other file.

    In a plain file every quote opens at the start of a field, closes at its end or is doubled. All records
    have the same line end, LF or CRLF, and there are no blank lines. A line break is then inside a field if
    the number of quotes so far is odd.
    """
    opens_after = _table(_NEWLINE, _QUOTE, ord(delimiter))
    closes_before = _table(_NEWLINE, _RETURN, _QUOTE, ord(delimiter))
    records = returns = ends_with_return = 0
    inside = has_breaks_in_fields = False
    before_last, last = _NEWLINE, _NEWLINE
    with path.open("rb") as source:
        if source.read(3) != b"\xef\xbb\xbf":
            source.seek(0)
        while chunk := source.read(_CHUNK):
            # Prepend the last two bytes of the previous chunk, so that each byte has predecessors.
            text = np.frombuffer(bytes((before_last, last)) + chunk, dtype=np.uint8)
            quotes = text == _QUOTE
            quotes[:2] = False
            within = np.logical_xor.accumulate(quotes) ^ inside
            places = np.flatnonzero(quotes)
            opening, closing = places[within[places]], places[~within[places]]
            if last == _QUOTE and not inside:
                # Check the quote at the end of the previous chunk against the byte that follows it.
                closing = np.append(closing, 1)
            closing = closing[closing + 1 < len(text)]
            if not opens_after[text[opening - 1]].all() or not closes_before[text[closing + 1]].all():
                return None
            ends = np.flatnonzero((text[2:] == _NEWLINE) & ~within[2:]) + 2
            after_return = text[ends - 1] == _RETURN
            if (text[np.where(after_return, ends - 2, ends - 1)] == _NEWLINE).any():
                return None
            records += len(ends)
            if len(ends) < np.count_nonzero(text[2:] == _NEWLINE):
                has_breaks_in_fields = True
            ends_with_return += int(np.count_nonzero(after_return))
            returns += int(np.count_nonzero((text[2:] == _RETURN) & ~within[2:]))
            inside = bool(within[-1])
            before_last, last = int(text[-2]), int(text[-1])
    if inside or returns != ends_with_return or ends_with_return not in (0, records):
        return None
    records += last != _NEWLINE
    return Plain(max(0, records - 1), "\\r\\n" if ends_with_return else "\\n", has_breaks_in_fields)


def rewrite(
    path: Path, delimiter: str, header: Sequence[str], folder: Path, lines_above: int = 0
) -> Rewritten:
    """Split a CSV file into good and broken records, one record at a time.

    The caller cut `lines_above` lines off the delivered file. Line numbers refer to the delivered file. A
    delimiter at the end of a line adds or omits an empty field, which does not break a record.

    Raises FileRefusedError for a truncated file: the last record has too few fields and no line end, or a
    quote is never closed.
    """
    width = len(header)
    named = max((place for place, name in enumerate(header, start=1) if name.strip()), default=width)
    good_path, broken_path = folder / "good.csv", folder / "broken.csv"
    records = blank = 0
    cut_short: str | None = None
    with _open(path) as source, _create(good_path) as good, _create(broken_path) as broken:
        lines = _Lines(source, lines_above)
        write_good = csv.writer(good, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        write_broken = csv.writer(broken, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow
        reader = _reader(lines, delimiter)
        next((fields for fields in reader if fields), None)
        while True:
            lines.forget()
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error:
                if lines.at_end:
                    raise FileRefusedError(
                        f"truncated: a quote in the record at line {lines.first} is never closed. "
                        "Deliver the file again"
                    ) from None
                records += 1
                cut_short = None
                write_broken((records, lines.first, lines.text, "has broken quotes"))
                continue
            if not any(field and not field.isspace() for field in fields):
                blank += bool(fields)
                continue
            records += 1
            cut_short = None
            if len(fields) >= named and not any(fields[width:]):
                padding = [""] * (width - len(fields))
                write_good((records, lines.first, *fields[:width], *padding))
                continue
            reason = f"has {len(fields)} field{'' if len(fields) == 1 else 's'} instead of {width}"
            write_broken((records, lines.first, lines.text, reason))
            if len(fields) < width:
                cut_short = f"{reason} (line {lines.first})"
    if cut_short and not ends_with_newline(path):
        raise FileRefusedError(
            f"truncated: the last record {cut_short} and no line end. Deliver the file again", rows=records
        )
    return Rewritten(good_path, broken_path, records, blank)


class _Lines:
    """Iterates over the lines of a file and keeps the lines of the current record."""

    def __init__(self, source: Iterable[str], lines_above: int = 0) -> None:
        self._source = iter(source)
        self._kept: list[str] = []
        self.read = lines_above
        """Number of lines read so far, including the lines above the source."""
        self.at_end = False

    def forget(self) -> None:
        self._kept.clear()

    @property
    def first(self) -> int:
        """Return the number of the record's first line in the file, from 1."""
        return self.read - len(self._kept) + 1

    @property
    def text(self) -> str:
        return "".join(self._kept).rstrip("\r\n")

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._source)
        except StopIteration:
            self.at_end = True
            raise
        self.read += 1
        self._kept.append(line)
        return line


def _reader(lines: Iterable[str], delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize)
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _open(path: Path) -> TextIO:
    return path.open(encoding="utf-8-sig", newline="")


def _create(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="")


def _table(*codes: int) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, dtype=bool)
    table[list(codes)] = True
    return table
