"""`csw export` writes complete files that hold the marts exactly, and no formula."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import duckdb
import pytest

from orchestration.core.errors import CswError, SharingError
from orchestration.core.settings import Settings, load_settings
from orchestration.releases.spreadsheet import without_formula
from orchestration.sharing import workbook
from orchestration.sharing.export import Exported, export_release
from orchestration.sharing.formats import ExportFormat
from orchestration.sharing.workbook import sheet_names
from tests.unit.release_case import MONTHS, make_release
from tests.unit.sharing_case import FORMULAS, TEXTS, make_hostile, rows_of
from tests.unit.test_cli import assert_mistake, csw

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(tmp_path_factory.mktemp("served"), as_of="2025-01-01", environment={})
    make_hostile(settings, "1-one")
    return settings


def export(served: Settings, form: str, output: Path, **options: Any) -> Exported:
    return export_release(served, ExportFormat(form), output=output, **options)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_of_each_mart_holds_every_value(served: Settings, tmp_path: Path, form: str) -> None:
    done = export(served, form, tmp_path / "out", raw=form == "csv")
    tables = {name for (name,) in rows_of(served, "select table_name from duckdb_tables()")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.{form}" for name in tables}
    assert done.rows["dim_accounts"] == len(TEXTS) + 1
    for name in tables:
        types = dict(rows_of(served, f"select column_name, column_type from (describe {name})"))
        if form == "csv":
            source = (
                f"read_csv('{tmp_path}/out/{name}.csv', columns = {types}, header = true, strict_mode = true,"
                " allow_quoted_nulls = false)"
            )
        else:
            source = f"'{tmp_path}/out/{name}.parquet'"
        read = duckdb.sql(f"from {source}")
        assert read is not None
        assert dict(zip(read.columns, map(str, read.types), strict=True)) == types
        assert sorted(map(repr, read.fetchall())) == sorted(map(repr, rows_of(served, f"from {name}"))), name


def test_a_csv_file_has_no_formula_unless_raw(served: Settings, tmp_path: Path) -> None:
    written = {}
    for raw in (False, True):
        folder = tmp_path / str(raw)
        export(served, "csv", folder, marts=["dim_accounts"], raw=raw)
        with (folder / "dim_accounts.csv").open(newline="", encoding="utf-8") as stream:
            rows = {row["account_id"]: row for row in csv.DictReader(stream)}
        written[raw] = [rows[f"a{number}"]["account_name"] for number in range(len(TEXTS))]
        assert rows["a1"]["current_mrr"] == "-0.0001", "a negative number is no text"
    assert written[True] == list(TEXTS)
    assert written[False] == [without_formula(text) for text in TEXTS]
    assert [text for text in written[False] if text.startswith(FORMULAS)] == []
    assert set(FORMULAS) == {text for text in FORMULAS if without_formula(text) == f"'{text}"}


def test_parquet_files_describe_their_columns(served: Settings, tmp_path: Path) -> None:
    export(served, "parquet", tmp_path, marts=["mrr_monthly"])
    metadata = f"select key, value from parquet_kv_metadata('{tmp_path}/mrr_monthly.parquet')"
    found = duckdb.execute(metadata).fetchall()
    assert dict(found) == {
        b"release_id": b"1-one",
        b"description": b"Monthly recurring revenue",
        b"column.closing_mrr": b"At the end; it's signed",
    }


def test_a_workbook_has_typed_cells_and_no_formula(served: Settings, tmp_path: Path) -> None:
    done = export(served, "xlsx", tmp_path / "w.xlsx")
    sheets, styles = read_workbook(tmp_path / "w.xlsx")
    assert set(sheets) == set(done.rows)
    header, *rows = sheets["dim_accounts"]
    accounts = {
        row[0][1]: dict(zip((name for _, name, _ in header), row, strict=False)) for row in rows if row[0]
    }
    kinds = {"account_name": [accounts[f"a{number}"]["account_name"] for number in range(len(TEXTS))]}
    assert [text for _, text, _ in kinds["account_name"]] == list(TEXTS)
    assert {kind for kind, _, _ in kinds["account_name"]} == {"text"}
    first, second = accounts["a0"], accounts["a1"]
    assert first["created_on"][:2] == ("number", "45351")
    assert styles[first["created_on"][2]] == "yyyy-mm-dd"
    assert second["created_on"][:2] == ("text", "1899-12-31"), "Excel has no such day"
    assert second["current_mrr"][:2] == ("number", "-0.0001")
    assert styles[second["current_mrr"][2]] == "#,##0.00"
    assert first["tenure_months"][:2] == ("number", "7")
    assert first["current_mrr"][1] == "12345678901234.57"
    assert [note for note in done.notes if "dim_accounts.current_mrr" in note and "15 digits" in note]
    months = dict(
        zip((name for _, name, _ in sheets["mrr_monthly"][0]), sheets["mrr_monthly"][1], strict=False)
    )
    assert months["is_complete"][:2] == ("boolean", "1")
    assert len(sheets["mrr_monthly"]) == len(MONTHS) + 1
    numbers = {cell[:2] for row in sheets["nps_periods"] for cell in row if cell}
    assert {("text", "nan"), ("text", "-inf"), ("number", "1E-300")} <= numbers
    with ZipFile(tmp_path / "w.xlsx") as archive:
        parts = [archive.read(name).decode() for name in archive.namelist() if "sheets/sheet" in name]
    assert all("<f>" not in part and "<hyperlink" not in part for part in parts)
    assert all('ySplit="1"' in part and 'state="frozen"' in part for part in parts)


def test_a_mart_longer_than_a_sheet_is_refused_before_writing(
    served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", len(TEXTS) + 1)
    with pytest.raises(SharingError, match=r"dim_accounts has 25 rows.*holds 24.*--format csv or parquet"):
        export(served, "xlsx", tmp_path / "w.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_excel_cuts_is_reported(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", as_of="2025-01-01", environment={})
    make_release(settings, "1-one", change="update marts.dim_accounts set account_name = repeat('x', 32768)")
    done = export(settings, "xlsx", tmp_path / "w.xlsx", marts=["dim_accounts"])
    assert [note for note in done.notes if "1 text of dim_accounts" in note]
    sheets, _ = read_workbook(tmp_path / "w.xlsx")
    assert "x" * 32767 in {cell[1] for cell in sheets["dim_accounts"][1] if cell}


def test_sheet_names_are_short_unique_and_allowed() -> None:
    long = "a" * 31
    found = sheet_names([long, f"{long}b", f"{long}C", "history", "x[1]"])
    assert list(found.values()) == [long, "a" * 29 + "~2", "a" * 29 + "~3", "history_", "x_1_"]


def test_an_existing_file_stays_unless_it_may_be_replaced(served: Settings, tmp_path: Path) -> None:
    (tmp_path / "dim_months.csv").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SharingError, match=r"dim_months\.csv exists already.*--overwrite"):
        export(served, "csv", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dim_months.csv", "notes.txt"]
    export(served, "csv", tmp_path, marts=["dim_months"], overwrite=True)
    assert (tmp_path / "dim_months.csv").read_text() != "mine"
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 2, "no temporary file is left"


def test_a_failed_export_leaves_no_file(
    served: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("orchestration.sharing.export.atomic_replace", full)
    with pytest.raises(SharingError, match=r"cannot be written to .*No space left"):
        export(served, "parquet", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "place", "words"),
    [
        ("csv", "releases/1-one", "belongs to the warehouse"),
        ("csv", "current/parquet", "belongs to the warehouse"),
        ("xlsx", "landing/generic/x.xlsx", "belongs to the warehouse"),
        ("xlsx", "out", "ends in .xlsx"),
        ("csv", ".lock", "is a file"),
        ("csv", "a*b", "--output"),
    ],
)
def test_a_wrong_place_is_refused(served: Settings, form: str, place: str, words: str) -> None:
    with pytest.raises(CswError, match=re.escape(words)):
        export(served, form, served.home / place)


def test_the_command_explains_mistakes_and_prints_json(served: Settings, tmp_path: Path) -> None:
    home = ("--home", str(served.home), "--output", str(tmp_path / "out"))
    process = csw("export", "--format", "csv", "--marts", "mrr_montly", *home)
    assert_mistake(process, "no mart 'mrr_montly'", "Did you mean 'mrr_monthly'?")
    assert_mistake(csw("export", "--format", "parquet", "--raw", *home), "--raw concerns only CSV")
    assert_mistake(csw("export", "--format", "csv", "--release", "9", *home), "no release 9")
    assert not (tmp_path / "out").exists()
    process = csw(
        "export", "--format", "csv", "--marts", "mrr_monthly,dim_months", "--marts", "_release", *home
    )
    assert process.returncode == 0, process.stderr
    assert "release 1-one (3 marts, 4 rows)" in process.stdout
    process = csw("export", "--format", "csv", "--json", *home)
    assert '"error": "SharingError"' in process.stdout


def read_workbook(path: Path) -> tuple[dict[str, list[list[Any]]], list[str]]:
    """Sheets as rows of cells (kind, value, style) or None, and the number format of each style."""
    with ZipFile(path) as archive:
        book, style = (
            ElementTree.fromstring(archive.read(f"xl/{name}.xml")) for name in ("workbook", "styles")
        )
        names = [sheet.get("name", "") for sheet in book.iter(f"{NAMESPACE}sheet")]
        codes = {f.get("numFmtId"): f.get("formatCode", "") for f in style.iter(f"{NAMESPACE}numFmt")}
        cells = style.find(f"{NAMESPACE}cellXfs")
        assert cells is not None
        styles = [codes.get(one.get("numFmtId"), "") for one in cells]
        styles = [
            "#,##0.00" if one.get("numFmtId") == "4" else code
            for one, code in zip(cells, styles, strict=True)
        ]
        sheets = {}
        for number, name in enumerate(names, start=1):
            sheet = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
            sheets[name] = [_row(row) for row in sheet.iter(f"{NAMESPACE}row")]
    return sheets, styles


def _row(row: ElementTree.Element) -> list[Any]:
    cells: list[Any] = []
    for cell in row:
        letters = re.sub(r"\d", "", cell.get("r", ""))
        position = 0
        for letter in letters:
            position = position * 26 + ord(letter) - 64
        cells += [None] * (position - 1 - len(cells))
        text = "".join(part.text or "" for part in cell.iter(f"{NAMESPACE}t"))
        value = cell.findtext(f"{NAMESPACE}v", "")
        kind = {"inlineStr": "text", "b": "boolean", None: "number"}[cell.get("t")]
        style = int(cell.get("s", "0"))
        cells.append((kind, _unescaped(text) if kind == "text" else value, style))
    return cells


def _unescaped(text: str) -> str:
    """Excel writes control characters as _xHHHH_."""
    return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)
