"""The formats of `csw export`."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """A format of exported files."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
