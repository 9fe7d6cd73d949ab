"""Write marts to an Excel workbook: a sheet per mart, typed cells, and no formula."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from orchestration.core.console import LOGGER, PROGRESS
from orchestration.core.errors import SharingError
from orchestration.core.wording import count
from orchestration.releases.answers import as_text
from orchestration.sharing.marts import Column, Mart, OpenRelease

log = logging.getLogger(LOGGER)

# Limits of Excel.
SHEET_ROWS = 1_048_576
NAME_LENGTH = 31
DIGITS = 15
_FIRST_DAY = date(1900, 1, 1)

_BATCH = 10_000
_DATE, _TIME, _MONEY = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "#,##0.00"
_DECIMAL = re.compile(r"DECIMAL\(\d+,(?P<scale>\d+)\)")
_TEXT_IS_CUT = -2
"""XlsxWriter's answer to a text that is too long for a cell."""


def write_workbook(release: OpenRelease, path: Path) -> tuple[str, ...]:
    """Write the workbook; return notes on texts that Excel cuts and numbers that it rounds.

    Raises SharingError, before it writes, if a mart has more rows than a sheet.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError, XlsxWriterException

    for mart in release.marts:
        if mart.rows >= SHEET_ROWS:
            raise SharingError(
                f"{mart.name} has {mart.rows:,} rows, and an Excel sheet holds {SHEET_ROWS - 1:,}. Name "
                "other marts with --marts, choose --format csv or parquet, or take a part of the rows with "
                "`csw query --format spreadsheet`."
            )
    notes = list(_rounded_numbers(release))
    names = sheet_names(mart.name for mart in release.marts)
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    workbook.set_properties({"title": "Customer-success marts", "comments": release.release_id})
    bold = workbook.add_format({"bold": True})
    formats = {kind: workbook.add_format({"num_format": kind}) for kind in (_DATE, _TIME, _MONEY)}
    for number, mart in enumerate(release.marts, start=1):
        log.info("export %s (%d of %d)", mart.name, number, len(release.marts), extra=PROGRESS)
        sheet = workbook.add_worksheet(names[mart.name])
        sheet.freeze_panes(1, 0)
        for position, column in enumerate(mart.columns):
            sheet.set_column(position, position, max(12, len(column.name) + 2))
            sheet.write_string(0, position, column.name, bold)
        cut = _write_rows(release, mart, sheet, formats)
        if cut:
            notes.append(f"{count(cut, 'text')} of {mart.name} is cut after Excel's 32,767 characters.")
    try:
        workbook.close()
    except FileCreateError as error:
        raise OSError(str(error)) from error
    except XlsxWriterException as error:
        raise SharingError(f"Excel cannot hold these marts: {error} Name fewer with --marts.") from None
    return tuple(notes)


def sheet_names(marts: Iterable[str]) -> dict[str, str]:
    """Return a sheet name for each mart: at most 31 characters, unique, and allowed by Excel."""
    names: dict[str, str] = {}
    for mart in marts:
        # Excel reserves the name History.
        name = f"{mart}_" if mart.lower() == "history" else re.sub(r"[\[\]:*?/\\']", "_", mart)
        taken, number = {used.lower() for used in names.values()}, 1
        short = name[:NAME_LENGTH]
        while short.lower() in taken:
            number += 1
            short = f"{name[: NAME_LENGTH - len(str(number)) - 1]}~{number}"
        names[mart] = short
    return names


def _write_rows(release: OpenRelease, mart: Mart, sheet: Any, formats: Mapping[str, Any]) -> int:
    """Write the rows of a mart below the header; return the number of texts that were cut."""
    cut = 0
    row = 0
    result = release.connection.execute(f"from {mart.relation}")
    while batch := result.fetchmany(_BATCH):
        for values in batch:
            row += 1
            for position, value in enumerate(values):
                if value is not None:
                    cut += _write_cell(sheet, row, position, value, formats)
    return cut


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: Mapping[str, Any]) -> bool:
    """Write one value by its type. Return whether Excel's limit cut off the end of a text."""
    match value:
        case bool():
            sheet.write_boolean(row, column, value)
        case Decimal():
            sheet.write_number(row, column, value, formats[_MONEY])
        case int() | float() if math.isfinite(value):
            sheet.write_number(row, column, value)
        case datetime() if value.date() >= _FIRST_DAY:
            sheet.write_datetime(row, column, value.replace(tzinfo=None), formats[_TIME])
        case date() if not isinstance(value, datetime) and value >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, formats[_DATE])
        case _:
            text = as_text(value)
            if text.startswith("<r>") and text.endswith("</r>"):
                # XlsxWriter takes such a text for its own markup. It escapes the same text in parts.
                return bool(sheet.write_rich_string(row, column, text[0], text[1], text[2:]) == _TEXT_IS_CUT)
            # Unlike write(), this makes no formula, link or number of a text.
            return bool(sheet.write_string(row, column, text) == _TEXT_IS_CUT)
    return False


def _rounded_numbers(release: OpenRelease) -> Iterator[str]:
    """Count the numbers with more digits than Excel keeps."""
    for mart in release.marts:
        counted = [
            (column, f"count(*) filter (abs({column.quoted}) >= {10 ** (DIGITS - scale)})")
            for column in mart.columns
            if (scale := _scale(column)) is not None
        ]
        if counted:
            query = f"select {', '.join(sql for _, sql in counted)} from {mart.relation}"
            found = release.connection.execute(query).fetchone() or ()
            for (column, _), rounded in zip(counted, found, strict=True):
                if rounded:
                    yield (
                        f"{count(rounded, 'number')} of {mart.name}.{column.name} can have more than "
                        f"{DIGITS} digits, and Excel rounds the rest. CSV and Parquet files keep every digit."
                    )


def _scale(column: Column) -> int | None:
    """Return the digits after the point of an exact number; None for other types."""
    if column.data_type in ("BIGINT", "HUGEINT", "UBIGINT"):
        return 0
    found = _DECIMAL.fullmatch(column.data_type)
    return int(found["scale"]) if found else None
