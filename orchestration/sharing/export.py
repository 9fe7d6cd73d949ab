"""Export the marts of a release to CSV files, Parquet files or an Excel workbook."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from orchestration.core.console import LOGGER, PROGRESS
from orchestration.core.database import quote_identifier, quote_literal
from orchestration.core.errors import SharingError
from orchestration.core.files import atomic_replace
from orchestration.core.settings import Settings, folder_path
from orchestration.releases.spreadsheet import without_formula_sql
from orchestration.sharing.formats import ExportFormat
from orchestration.sharing.marts import Mart, OpenRelease, opened_release

log = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class Exported:
    """The result of an export."""

    release_id: str
    files: tuple[Path, ...]
    rows: dict[str, int]
    """Rows of each exported mart."""
    notes: tuple[str, ...]
    """What the files do not hold exactly."""


def export_release(
    settings: Settings,
    form: ExportFormat,
    *,
    release_id: str = "current",
    marts: Sequence[str] = (),
    output: Path | None = None,
    raw: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Export the named marts of a release, or all of them.

    CSV and Parquet are one file per mart in the folder `output`. Excel is one workbook `output`. With `raw`,
    texts in CSV files keep a first character that a spreadsheet takes for a formula.

    Each file appears when all are complete. Raises SharingError if a file exists already (without
    `overwrite`), cannot be written, or cannot hold the marts.
    """
    if raw and form is not ExportFormat.CSV:
        raise SharingError(f"--raw concerns only CSV files. {form} files store every text as it is.")
    with opened_release(settings, release_id, marts) as release:
        target = _target(settings, form, output, release.release_id)
        folder = target.parent if form is ExportFormat.XLSX else target
        names = [target.name] if form is ExportFormat.XLSX else [f"{m.name}.{form}" for m in release.marts]
        existing = [name for name in names if (folder / name).exists()]
        if existing and not overwrite:
            raise SharingError(
                f"{folder / existing[0]} exists already. Choose another place with --output, or replace "
                "the file with --overwrite."
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".csw-export-", dir=folder) as temporary:
                notes = _write(release, form, Path(temporary), names, raw=raw)
                for name in names:
                    atomic_replace(Path(temporary) / name, folder / name)
        except (OSError, duckdb.IOException) as error:
            raise SharingError(f"The export cannot be written to {folder}: {error}") from None
    return Exported(
        release.release_id,
        tuple(folder / name for name in names),
        {mart.name: mart.rows for mart in release.marts},
        notes,
    )


def _target(settings: Settings, form: ExportFormat, output: Path | None, release_id: str) -> Path:
    """Return the folder of the files, or the path of the workbook. Raises SharingError for a wrong place."""
    is_workbook = form is ExportFormat.XLSX
    default = f"export-{release_id}{'.xlsx' if is_workbook else ''}"
    target = folder_path("--output", output or Path.cwd() / default)
    if is_workbook and target.suffix != ".xlsx":
        raise SharingError(
            f"--output {target} is not the name of a workbook. Give a name that ends in .xlsx."
        )
    if not is_workbook and target.exists() and not target.is_dir():
        raise SharingError(f"--output {target} is a file. Give a folder for the {form} files.")
    for owned in (settings.releases, settings.landing, settings.raw):
        if target.resolve().is_relative_to(owned.resolve()):
            raise SharingError(
                f"--output {target} is inside {owned}, which belongs to the warehouse. Choose another folder."
            )
    return target


def _write(
    release: OpenRelease, form: ExportFormat, folder: Path, names: Sequence[str], *, raw: bool
) -> tuple[str, ...]:
    """Write the files to `folder`; return notes on what they do not hold exactly."""
    if form is ExportFormat.XLSX:
        from orchestration.sharing.workbook import write_workbook

        return write_workbook(release, folder / names[0])
    for number, (mart, name) in enumerate(zip(release.marts, names, strict=True), start=1):
        log.info("export %s (%d of %d)", mart.name, number, len(names), extra=PROGRESS)
        if form is ExportFormat.PARQUET:
            source = "*"
            options = f"format parquet, compression zstd, kv_metadata {_descriptions(release, mart)}"
        else:
            source, options = _csv_columns(mart, raw=raw), "format csv, header"
        release.connection.execute(
            f"copy (select {source} from {mart.relation}) to {quote_literal(folder / name)} ({options})"
        )
    return ()


def _csv_columns(mart: Mart, *, raw: bool) -> str:
    return ", ".join(
        f"{without_formula_sql(column.quoted)} as {column.quoted}"
        if column.is_text and not raw
        else column.quoted
        for column in mart.columns
    )


def _descriptions(release: OpenRelease, mart: Mart) -> str:
    """Return the metadata of a Parquet file. DuckDB writes metadata of a file, but none of a column."""
    metadata = {"release_id": release.release_id, "description": mart.description}
    metadata |= {f"column.{column.name}": column.description for column in mart.columns}
    pairs = (f"{quote_identifier(k)}: {quote_literal(v)}" for k, v in metadata.items() if v is not None)
    return "{" + ", ".join(pairs) + "}"
