"""Delivered bytes to plain UTF-8 text: unpacked, and refused in words where they are something else."""

from __future__ import annotations

import codecs
import gzip
import zlib
from pathlib import Path

from orchestration.landing.reading.refusal import FileRefusedError

_CHUNK = 1 << 22

_OTHER_FORMATS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "gzip data (name it .gz)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def unpack(path: Path, target: Path) -> Path:
    """Unpack gzip data into `target`.

    Raises FileRefusedError where the data is cut short or damaged.
    """
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as plain:
            while chunk := source.read(_CHUNK):
                plain.write(chunk)
    except EOFError:
        raise FileRefusedError("truncated: the gzip data ends too early. Deliver it again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileRefusedError("not what its name says: the gzip data is damaged") from None
    return target


def check_text(path: Path, *, header_lines: int) -> int:
    """Check that a file is UTF-8 text with something in it; returns its number of lines.

    Raises FileRefusedError with the first line that is not UTF-8, or with what the file is instead.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines, last, start = 0, b"", True
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            if start:
                _check_start(chunk)
                start = False
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                # The error's object is what was left over from the chunk before, and this chunk.
                line = lines + error.object[: error.start].count(b"\n") + 1
                raise _wrong_encoding(line, count_lines(path) - header_lines) from None
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    total = lines + (last not in (b"", b"\n"))
    if start:
        raise FileRefusedError("empty")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _wrong_encoding(total, total - header_lines) from None
    return total


def count_lines(path: Path) -> int:
    lines, last = 0, b"\n"
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")


def ends_with_newline(path: Path) -> bool:
    with path.open("rb") as source:
        source.seek(max(0, path.stat().st_size - 1))
        return source.read(1) in (b"\n", b"\r")


def _check_start(chunk: bytes) -> None:
    if chunk.startswith(_UTF_16):
        raise FileRefusedError("UTF-16 text, expected UTF-8. Save it as UTF-8 and deliver it again")
    for magic, what in _OTHER_FORMATS.items():
        if chunk.startswith(magic):
            raise FileRefusedError(f"not what its name says: it holds {what}")


def _wrong_encoding(line: int, rows: int) -> FileRefusedError:
    return FileRefusedError(
        f"not UTF-8: line {line} holds bytes of another encoding (Latin-1 or Windows-1252, usually). "
        "Save it as UTF-8 and deliver it again",
        rows=rows,
    )
