"""The structure of CSV text: its header, and where its records really begin and end.

DuckDB's reader drops everything after a quote that is never closed, without an error, and stops at mixed
line ends. So the records of a file are counted here on their own. A file of plain structure goes to
DuckDB as it is and must yield that count; any other is written again, record by record, in a form that
leaves nothing to guess.
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
    """A CSV file that DuckDB can read as it is."""

    records: int
    """Below the header."""
    line_end: str
    """As DuckDB's option names it."""
    has_breaks_in_fields: bool
    """Some fields have line breaks, so records and lines are not counted alike."""


@dataclass(frozen=True)
class Rewritten:
    """A CSV file split into its good records and the ones that cannot be read."""

    good: Path
    """Comma-separated, everything quoted, no header: record number, line, then the fields."""
    broken: Path
    """Likewise: record number, line, text of the record, reason."""
    records: int
    blank: int
    """Records without any value besides; they are in neither file."""


@dataclass(frozen=True)
class Head:
    """The beginning of a CSV file, read with one delimiter."""

    delimiter: str
    records: tuple[tuple[int, tuple[str, ...]], ...]
    """Line and fields of the first records that are not blank."""


def read_heads(path: Path) -> list[Head]:
    """The first records of a file, with each delimiter, or with the one that a line `sep=;` names."""
    with _open(path) as source:
        first = source.readline().strip().strip('"').lower()
    named = first.removeprefix("sep=")
    if first.startswith("sep=") and named in DELIMITERS:
        return [_read_head(path, named, skip=1)]
    return [_read_head(path, delimiter, skip=0) for delimiter in DELIMITERS]


def cut_above(path: Path, line: int, target: Path) -> Path:
    """The file without the lines above `line` (from 1); the file itself where there are none."""
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

    Plain: every quote opens at the start of a field, closes at its end or is doubled; all records end
    alike, in LF or CRLF; no blank lines. Then the number of quotes so far, odd or even, says whether a
    line break is inside a field.
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
            # The two bytes before the chunk stand in front of it, so that each byte has predecessors.
            text = np.frombuffer(bytes((before_last, last)) + chunk, dtype=np.uint8)
            quotes = text == _QUOTE
            quotes[:2] = False
            within = np.logical_xor.accumulate(quotes) ^ inside
            places = np.flatnonzero(quotes)
            opening, closing = places[within[places]], places[~within[places]]
            if last == _QUOTE and not inside:
                # The quote that ended the chunk before is judged by the byte that follows it.
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
    """Split a CSV file into good and broken records, reading it from its start, one record at a time.

    `lines_above` were cut off the delivered file; line numbers are those of the delivered one. Empty fields
    beyond the header, and missing ones of columns without a name, are what a delimiter at the end of a line
    leaves, and break no record.

    Raises FileRefusedError where it is cut short: the last record has too few fields and no line end,
    or a quote is never closed.
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
                        f"truncated: a quote in the record of line {lines.first} is never closed. "
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
    """The lines of a file, remembering those of the record being read."""

    def __init__(self, source: Iterable[str], lines_above: int = 0) -> None:
        self._source = iter(source)
        self._kept: list[str] = []
        self.read = lines_above
        """Lines so far, with those above the source."""
        self.at_end = False

    def forget(self) -> None:
        self._kept.clear()

    @property
    def first(self) -> int:
        """Number of the record's first line in the file, from 1."""
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
