"""CSV: the loader loads, quarantines or refuses every record. It never loses or invents one."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path
from typing import Literal

import duckdb
import pytest

from orchestration.landing import quarantine_path
from orchestration.landing.reading import csvtext, tables
from orchestration.landing.reading.refusal import Remark
from tests.unit.landing_case import HEADER, Case, make_case, things_csv


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", [True, False])
def test_dialects(case: Case, delimiter: str, line_end: str, start: str, end: bool) -> None:
    lines = [["thing_id", "note"], ["a", f"x{delimiter}y"], ["b", "two\nlines"], ["c", 'say "hi" 😀']]
    content = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if line_end == "\r" else csv.QUOTE_MINIMAL
    csv.writer(content, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(lines)
    text = start + (content.getvalue() if end else content.getvalue().removesuffix(line_end))
    batch = case.land_one("a.csv", text)
    assert (batch.rows_in, batch.rows_loaded) == (3, 3)
    assert case.rows("thing_id, note, _row") == [
        ("a", f"x{delimiter}y", 1),
        ("b", "two\nlines", 2),
        ("c", 'say "hi" 😀', 3),
    ]


def test_columns_bind_by_name_and_others_are_kept(case: Case) -> None:
    batch = case.land_one("a.csv", 'Note,Band,ThingId,_dlt_id,e\n"n",01,"x",7,\n')
    assert case.rows("thing_id, note, amount, _extra") == [("x", "n", None, '{"band":"01","_dlt_id":"7"}')]
    assert batch.remarks == (
        Remark("note", None, "not delivered: amount, kind, made_at"),
        Remark("note", None, "outside the contract, kept in _extra: band, e"),
    )


@pytest.mark.parametrize(
    ("content", "reason", "rows"),
    [
        (b"", "empty", 0),
        (b"\xef\xbb\xbf", "not an export of things", 0),
        (b"\n\n\n", "not an export of things", 2),
        (b"a,b\n1,2\n", "not an export of things: the header is 'a', 'b'", 1),
        (b"amount\n1\n2\n", "required column thing_id missing; the header is 'amount'", 2),
        (b"thing_id,THING_ID\n1,2\n", "two columns have the name thing_id", 1),
        ("thing_id,note\n1,é\n2,x\n".encode("latin-1"), "not UTF-8: line 2", 2),
        ("thing_id\n1\n".encode("utf-16"), "UTF-16 text; expected UTF-8", 0),
        (b"thing_id\n1\n\xe2\x82", "not UTF-8: line 3", 2),
        (b"PAR1....PAR1", "its ending does not match its content: it contains a Parquet file", 0),
        (
            b"PK\x03\x04..",
            "its ending does not match its content: it contains a ZIP archive or an Excel workbook",
            0,
        ),
        (
            gzip.compress(b"thing_id\n1\n", mtime=0),
            "its ending does not match its content: it contains gzip data",
            0,
        ),
        (things_csv(3, 't9,1,"open,2024-01-01,').encode(), "truncated: a quote in the record at line 5", 4),
        (things_csv(3).encode() + b"t9,1.5", "truncated: the last record has 2 fields instead of 5", 4),
    ],
)
def test_refused_files(case: Case, content: bytes, reason: str, rows: int) -> None:
    case.put("good.csv", things_csv(2))
    case.put("bad.csv", content)
    accepted, refused = sorted(case.land().new, key=lambda batch: batch.status)
    assert refused.status == "refused"
    assert refused.reason is not None
    assert refused.reason.startswith(reason)
    assert refused.rows_refused == rows
    assert accepted.rows_loaded == 2  # other files go on


def test_a_file_with_only_a_header_has_no_rows(case: Case) -> None:
    batch = case.land_one("a.csv", HEADER + "\n")
    assert (batch.status, batch.rows_in) == ("accepted", 0)
    assert batch.remarks == (Remark("note", None, "contains no rows"),)
    assert case.rows() == []


@pytest.mark.parametrize("damage", ["truncated", "flipped", "trailing"])
def test_damaged_gzip_is_refused(case: Case, damage: str) -> None:
    good = gzip.compress(things_csv(1000).encode())
    middle = len(good) // 2
    content, reason = {
        "truncated": (good[:-20], "truncated: the gzip data ends too early"),
        "flipped": (good[:middle] + b"\x00\xff\x00\xff" + good[middle + 4 :], "damaged: not valid gzip data"),
        "trailing": (good + b"rubbish", "damaged: not valid gzip data"),
    }[damage]
    batch = case.land_one("a.csv.gz", content)
    assert batch.status == "refused"
    assert batch.reason is not None
    assert batch.reason.startswith(reason)


def test_gzip_loads(case: Case) -> None:
    assert case.land_one("a.CSV.gz", gzip.compress(things_csv(1000).encode())).rows_loaded == 1000


def test_broken_rows_go_to_quarantine_with_their_numbers(case: Case) -> None:
    lines = things_csv(500).splitlines()
    lines[100] = "x,1"  # record 100
    lines[200] = 'x,1,recurring,2024-01-01,"a" b'
    lines[300] = "x,1.005,weekly,2024-01-01,"
    lines[400] = ",1,recurring,2024-01-01,"
    batch = case.land_one("a.csv", "\n".join(lines) + "\n")
    assert (batch.rows_in, batch.rows_loaded, batch.rows_quarantined) == (500, 496, 4)
    assert case.quarantined(batch) == [
        (100, None, None, "has 2 fields instead of 5"),
        (200, None, None, "has broken quotes"),
        (300, "amount", "1.005", "has more than 2 decimals"),
        (400, "thing_id", None, "is required and empty"),
    ]
    assert duckdb.execute(
        "select _line from read_parquet($1) order by _row", [str(quarantine_path(case.settings, batch))]
    ).fetchall() == [(101,), (201,), (301,), (401,)]
    # Row numbers are those of the file, even if earlier rows are left out.
    assert [row for row in case.rows("thing_id, _row") if row[1] in (99, 101, 201, 301, 401, 500)] == [
        ("t98", 99),
        ("t100", 101),
        ("t200", 201),
        ("t300", 301),
        ("t400", 401),
        ("t499", 500),
    ]


def test_too_many_wrong_rows_refuse_the_file(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    exactly = case.land_one("a.csv", things_csv(396, *["x,-1,,,"] * 4))
    assert (exactly.status, exactly.rows_quarantined) == ("accepted", 4)
    content = things_csv(97, "x,-1,,,", "y,,weekly,,", "z,-2,,,", "z,-3,,,")
    more = case.land_one("b.csv", content)
    assert (more.status, more.rows_in, more.rows_refused) == ("refused", 101, 101)
    assert more.reason == (
        "4 of 101 rows (4.0%) are wrong, more than the allowed 1.0%; "
        "the most frequent mistake (3 rows): amount is below 0"
    )
    assert case.land().new == ()
    monkeypatch.setenv("CSW_MAX_REJECT_SHARE", "0.05")
    (again,) = case.land().new
    assert (again.batch_id, again.status, again.rows_quarantined) == (more.batch_id, "accepted", 4)


@pytest.mark.parametrize(
    ("good", "wrong", "status"),
    [(1, 1, "accepted"), (0, 1, "refused"), (1, 2, "refused"), (3, 3, "accepted"), (2, 3, "refused"),
     (97, 3, "accepted"), (4, 4, "refused"), (96, 4, "refused"), (400, 4, "accepted")],
)  # fmt: skip
def test_few_wrong_rows_refuse_a_file_only_if_they_are_most_of_it(
    case: Case, good: int, wrong: int, status: str
) -> None:
    batch = case.land_one("a.csv", things_csv(good, *[f"x{i},-1,,," for i in range(wrong)]))
    assert batch.status == status
    assert batch.rows_quarantined == (wrong if status == "accepted" else 0)


def test_an_invalid_reject_share_is_an_error(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSW_MAX_REJECT_SHARE", "1%")
    case.put("a.csv", things_csv(1))
    with pytest.raises(Exception, match="CSW_MAX_REJECT_SHARE='1%' is not a share"):
        case.land()


def test_blank_lines_mixed_line_ends_and_stray_quotes(case: Case) -> None:
    batch = case.land_one(
        "a.csv", '\nthing_id,note\r\na,x\n\n\nb,5" pipe\r\n"c","y\r\n\nz"\nd,say ""hi""\r\n\r\n'
    )
    assert (batch.rows_in, batch.rows_blank) == (4, 0)  # lines without a delimiter are not records
    assert case.rows("thing_id, note, _row") == [
        ("a", "x", 1),
        ("b", '5" pipe', 2),
        ("c", "y\r\n\nz", 3),
        ("d", 'say ""hi""', 4),
    ]


def test_hostile_values_arrive_unchanged(case: Case) -> None:
    values = [
        "a\x00b",
        "=cmd()|' /C calc'!A0",
        "'; drop table raw; --",
        "\u202eright to left",
        "😀" * 3,
        "NULL and void",
        "\\Network",
    ]
    content = io.StringIO(newline="")
    csv.writer(content).writerows(
        [["thing_id", "note"], *[[f"k{i}", value] for i, value in enumerate(values)]]
    )
    case.land_one("a.csv", content.getvalue())
    assert [row[0] for row in case.rows("note")] == values


@pytest.mark.parametrize("quoted", [False, True])
def test_very_long_text(case: Case, quoted: bool) -> None:
    text = "x" * 20_000_000 + ("\n,y" if quoted else "")
    case.land_one(
        "a.csv", f'thing_id,note\na,"{text}"\nb,z\n' if quoted else f"thing_id,note\na,{text}\nb,z\n"
    )
    assert case.rows("thing_id, length(note)") == [("a", len(text)), ("b", 1)]


def test_a_record_longer_than_the_limit_is_refused(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 2 * 2**20)
    batch = case.land_one("a.csv", f"thing_id,note\na,{'x' * (tables.MAX_LINE + 10)}\nb,z\n")
    assert (batch.status, batch.rows_refused) == ("refused", 2)
    assert batch.reason is not None
    assert batch.reason.startswith("a record is longer than 2 MiB")


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
@pytest.mark.parametrize("seed", range(20))
def test_record_counts_of_plain_files_equal_the_csv_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, seed: int
) -> None:
    """Counts are equal for every way to quote and every cut of the file into chunks."""
    monkeypatch.setattr(csvtext, "_CHUNK", chunk)
    source = random.Random(seed)
    rows = [
        ["".join(source.choices('ab,"\n\r;', k=source.randrange(5))) or "x" for _ in range(3)]
        for _ in range(source.randrange(1, 12))
    ]
    content = io.StringIO(newline="")
    quoting: Literal[0, 1] = source.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    line_end = source.choice(["\n", "\r\n"])
    csv.writer(content, quoting=quoting, lineterminator=line_end).writerows(rows)
    path = tmp_path / "a.csv"
    path.write_bytes(content.getvalue().encode())
    found = csvtext.plain_structure(path, ",")
    has_breaks = any("\n" in field for row in rows for field in row)
    expected = csvtext.Plain(len(rows) - 1, {"\n": "\\n", "\r\n": "\\r\\n"}[line_end], has_breaks)
    if quoting == csv.QUOTE_MINIMAL and line_end == "\n" and "\r" in content.getvalue():
        # This writer leaves a lone carriage return unquoted, so it may also end a record.
        assert found in (None, expected)
    else:
        assert found == expected


@pytest.mark.parametrize("seed", range(60))
def test_random_bytes_never_lose_a_record(case: Case, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """For any input, the loaded and quarantined records equal those of Python's own strict reader."""
    monkeypatch.setenv("CSW_MAX_REJECT_SHARE", "1")
    source = random.Random(seed)
    body = "".join(source.choices(["a", "b", ",", '"', '""', "\n", "\r\n", '","', '"\n"', "x,y\n"], k=60))
    batch = case.land_one("a.csv", "thing_id,note\n" + body)
    good, broken, cut = _reference(body)
    if cut:
        assert batch.status == "refused"
        return
    filled = [(key.strip(), note) for key, note in good if key.strip() or note.strip()]
    assert batch.rows_in == len(filled) + broken
    # Blanks around an id are ignored, and a name of only blanks is null.
    expected = [(key, note if note.strip() else None) for key, note in filled if key]
    assert case.rows("thing_id, note") == expected


def _reference(body: str) -> tuple[list[list[str]], int, bool]:
    """Good records, number of broken ones, and whether the text is cut short."""
    good: list[list[str]] = []
    broken, short = 0, False
    reader = csv.reader(io.StringIO(body, newline=""), strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return good, broken, short and not body.endswith(("\n", "\r"))
        except csv.Error as error:
            if "unexpected end" in str(error):
                return good, broken, True
            broken, short = broken + 1, False
            continue
        if not any(field.strip() for field in fields):
            continue
        short = len(fields) < 2
        if len(fields) == 2:
            good.append(fields)
        else:
            broken += 1
