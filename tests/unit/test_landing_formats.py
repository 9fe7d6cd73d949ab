"""JSON Lines and Parquet."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.unit.landing_case import Case, make_case


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def _parquet(tmp_path: Path, query: str) -> bytes:
    path = tmp_path / "made.parquet"
    duckdb.execute(f"copy ({query}) to '{path}' (format parquet)")
    return path.read_bytes()


def test_json_numbers_never_pass_through_floating_point(case: Case) -> None:
    lines = [
        '{"thing_id": 12345678901234567890123, "amount": 0.10, "exact": 0.1000000000000000055}',
        '{"amount": 1e1, "thing_id": "b", "exact": [1.50, {"x": -2.0e-400}], "thing (no)": 7.700}',
        '{"thing_id": "say \\": 5.50,", "amount": 9999999999.99, "note": ": 6.60, \\\\", '
        '"deep": {"a\\\\": 1.10}}',
    ]
    assert case.land_one("a.jsonl", "\n".join(lines)).rows_loaded == 3
    rows = case.rows("thing_id, amount, note, _extra, _row")
    assert [row[:3] for row in rows] == [
        ("12345678901234567890123", Decimal("0.10"), None),
        ("b", Decimal("10.00"), None),
        ('say ": 5.50,', Decimal("9999999999.99"), ": 6.60, \\"),
    ]
    assert [json.loads(row[3]) for row in rows] == [
        {"exact": "0.1000000000000000055"},
        {"exact": '[1.50,{"x":-2.0e-400}]', "thing_no": "7.700"},
        {"deep": '{"a\\\\":1.10}'},
    ]
    assert [row[4] for row in rows] == [1, 2, 3]


def test_json_values_as_text(case: Case) -> None:
    lines = [
        {"ThingId": 1, "Note": None, "kind": "one_off", "made_at": 1704067200},
        {"Note": "\u0000 😀 \r\n", "ThingId": "b", "flag": True, "list": [1, "x"]},
        {"ThingId": "c", "Note": {"a": [1.50]}, "made_at": "2024-01-01T00:00:00+01:00"},
    ]
    case.land_one("a.jsonl.gz", gzip.compress("\r\n".join(map(json.dumps, lines)).encode()))
    assert case.rows("thing_id, note, kind, made_at, _extra") == [
        ("1", None, "one_off", datetime.fromisoformat("2024-01-01"), None),
        ("b", "\x00 😀 \r\n", None, None, '{"flag":"true","list":"[1,\\"x\\"]"}'),
        ("c", '{"a":[1.5]}', None, datetime.fromisoformat("2023-12-31T23:00:00"), None),
    ]


def test_bad_json_lines_go_to_quarantine(case: Case) -> None:
    lines = [json.dumps({"thing_id": number}) for number in range(400)]
    lines[9] = '{"thing_id": '
    lines[19] = "[1, 2]"
    lines[29] = '{"thing_id": "x\x1fy"}'
    lines[39] = '{"amount": 1}'
    lines.insert(5, "")  # blank lines are not records
    batch = case.land_one("a.jsonl", "\n".join(lines) + "\n")
    assert (batch.rows_in, batch.rows_loaded) == (400, 396)
    assert case.quarantined(batch) == [
        (10, None, None, "is not a JSON object"),
        (20, None, None, "is not a JSON object"),
        (30, None, None, "is not a JSON object"),
        (40, "thing_id", None, "is required and empty"),
    ]
    assert case.rows("thing_id, _row")[8:10] == [("8", 9), ("10", 11)]


@pytest.mark.parametrize(
    ("content", "reason", "rows"),
    [
        ("", "empty", 0),
        ("\n \n", "empty", 2),
        ('[{"thing_id": 1},\n {"thing_id": 2}]', "contains a JSON array, not JSON Lines", 2),
        ("[]", "contains a JSON array, not JSON Lines", 1),
        ("[\n", "contains a JSON array, not JSON Lines", 1),
        ("42\n", "not JSON Lines. Write one JSON object per line", 1),
        ("thing_id,note\n1,2\n", "not JSON Lines. Write one JSON object per line", 2),
        ('{"thing_id": 1}\n{"thing_', "truncated: the last line is incomplete", 2),
        ('{"thing_id": 1, "thing_id": 2}\n', "an object contains the key 'thing_id' twice", 1),
        ('{"thing_id": 1, "note": 2}\n{"thing_id": 1, "Note": 2}\n', "two columns have the name note", 2),
        ('{"note": 1}\n', "required column thing_id missing; the header is 'note'", 1),
        ("{}\n", "not an export of things", 1),
        (b'{"thing_id": "\xe9"}\n', "not UTF-8: line 1", 1),
    ],
)
def test_refused_json(case: Case, content: str | bytes, reason: str, rows: int) -> None:
    batch = case.land_one("a.jsonl", content)
    assert batch.status == "refused"
    assert batch.reason is not None
    assert batch.reason.startswith(reason)
    assert batch.rows_in == rows


def test_parquet_types_become_the_contracts(case: Case, tmp_path: Path) -> None:
    content = _parquet(
        tmp_path,
        """
        select 1::bigint as "ThingID", 0.1::double as amount, 'n'::blob as note,
            timestamptz '2024-07-01 12:00:00+02' as "Made At", 'one_off' as kind,
            {'a': 1, 'b': [1, 2]} as nested, 1.50::decimal(9, 2) as price, 0.1::float as single
        union all by name select 2 as "ThingID", 12345.67::double as amount
        """,
    )
    assert case.land_one("a.parquet", content).rows_loaded == 2
    assert case.rows("thing_id, amount, note, made_at, kind, _extra, _row") == [
        (
            "1", Decimal("0.10"), "n", datetime.fromisoformat("2024-07-01T10:00:00"), "one_off",
            '{"nested":"{\\"a\\":1,\\"b\\":[1,2]}","price":"1.50","single":"0.1"}', 1,
        ),
        ("2", Decimal("12345.67"), None, None, None, None, 2),
    ]  # fmt: skip


def test_parquet_numbers_that_do_not_fit_are_quarantined(case: Case, tmp_path: Path) -> None:
    content = _parquet(
        tmp_path,
        "select i as thing_id, case i when 7 then 1e0 / 3 when 8 then 'nan'::double "
        "when 9 then 'inf'::double else i end as amount from range(500) t(i)",
    )
    batch = case.land_one("a.parquet", content)
    assert [(row[0], row[3]) for row in case.quarantined(batch)] == [
        (8, "has more than 2 decimals"),
        (10, "is not a number"),
    ]
    assert case.rows("thing_id, amount")[7:9] == [("8", None), ("10", 10)]  # NaN is null


def test_parquet_without_rows_loads_and_repeated_names_are_refused(case: Case, tmp_path: Path) -> None:
    empty = case.land_one("a.parquet", _parquet(tmp_path, "select 'x' as thing_id where false"))
    assert (empty.status, empty.rows_in) == ("accepted", 0)
    twice = case.land_one("b.parquet", _parquet(tmp_path, 'select 1 as thing_id, 2 as note, 3 as "note_"'))
    assert twice.reason == "two columns have the name note; the header is 'thing_id', 'note', 'note_'"


@pytest.mark.parametrize("kept", [0, 3, 200, -30, -1])
def test_damaged_parquet_is_refused(case: Case, tmp_path: Path, kept: int) -> None:
    content = _parquet(tmp_path, "select i::varchar as thing_id from range(1000) t(i)")
    batch = case.land_one("a.parquet", content[:kept])
    assert batch.status == "refused"
    assert batch.reason is not None
    assert batch.reason == "empty" or batch.reason.startswith("not a readable Parquet file")
    assert str(case.settings.home) not in batch.reason


def test_text_named_parquet_is_refused(case: Case) -> None:
    assert case.land_one("a.parquet", "thing_id\n1\n").status == "refused"
