"""Turn delivered bytes into plain UTF-8 text: unpack them, and refuse other formats and encodings."""

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

    Raises FileRefusedError if the data is truncated or damaged.
    """
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as plain:
            while chunk := source.read(_CHUNK):
                plain.write(chunk)
    except EOFError:
        raise FileRefusedError("truncated: the gzip data ends too early. Deliver the file again") from None
    except (gzip.BadGzipFile, zlib.error):
        raise FileRefusedError("damaged: not valid gzip data. Deliver the file again") from None
    return target


def check_text(path: Path, *, header_lines: int) -> int:
    """Check that a file is non-empty UTF-8 text; return its number of lines.

    Raises FileRefusedError with the first line that is not UTF-8, or with the actual format.
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
                # The error's object contains the rest of the previous chunk and this chunk.
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
        raise FileRefusedError("UTF-16 text; expected UTF-8. Save it as UTF-8 and deliver it again")
    for magic, what in _OTHER_FORMATS.items():
        if chunk.startswith(magic):
            raise FileRefusedError(f"its ending does not match its content: it contains {what}")


def _wrong_encoding(line: int, rows: int) -> FileRefusedError:
    return FileRefusedError(
        f"not UTF-8: line {line} contains bytes of another encoding (usually Latin-1 or Windows-1252). "
        "Save it as UTF-8 and deliver it again",
        rows=rows,
    )
