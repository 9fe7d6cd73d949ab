"""The files that the loader reads, their names, and how often it reads them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from orchestration.core.errors import LandingError
from orchestration.landing import pending_files
from tests.unit.landing_case import Case, make_case, things_csv


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def test_a_missing_landing_folder_is_explained(case: Case) -> None:
    case.settings.landing.rmdir()
    with pytest.raises(LandingError, match=r"no landing folder .*Create it and put files into"):
        case.land()


@pytest.mark.parametrize(
    "name", [".hidden.csv", "_notes.csv", "a.csv.part", "a.csv.tmp", "a.csv.done", "A.CSV.PART", "_tmp/a.csv"]
)
def test_unfinished_and_hidden_files_are_skipped(case: Case, name: str) -> None:
    case.put(name, things_csv(2))
    report = case.land()
    assert (report.new, report.ignored) == ((), ())


def test_a_file_with_a_done_marker_is_read(case: Case) -> None:
    case.put("a.csv.done", "")
    case.put("a.csv", things_csv(2))
    assert [batch.rows_loaded for batch in case.land().new] == [2]


def test_ignored_entries_are_reported_with_the_reason(case: Case) -> None:
    case.put("a.xlsx", b"PK")
    case.put("2024/a.csv", things_csv(1))
    case.put("a.csv", "x", folder="surprises")
    case.put("a.csv", "x", folder="thing")
    (case.settings.landing / "README.md").write_text("hello")
    (case.settings.landing / "shop" / "loose.csv").write_text("hello")
    (case.settings.landing / "mystery" / "things").mkdir(parents=True)
    os.mkfifo(case.things / "pipe.csv")
    report = case.land()
    assert {entry.label: entry.reason for entry in report.ignored} == {
        "README.md": "not in a folder <source>/<object>/",
        "shop/loose.csv": "not in a folder <source>/<object>/",
        "shop/thing": "no contract; the objects of shop are others, things; the closest name is things",
        "shop/surprises": "no contract; the objects of shop are others, things",
        "mystery/things": "no contract; the sources are shop",
        "shop/things/2024": "a folder inside an object's folder; move its files up one level",
        "shop/things/a.xlsx": "unknown format; the name must end in one of .csv, .csv.gz, .jsonl, .jsonl.gz, "
        ".parquet; save the sheet as CSV in UTF-8",
        "shop/things/pipe.csv": "not a regular file",
    }
    assert report.new == ()


def test_links_out_of_the_landing_folder_are_not_followed(case: Case, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "things").mkdir(parents=True)
    (outside / "secret.csv").write_text(things_csv(3))
    (case.things / "stolen.csv").symlink_to(outside / "secret.csv")
    (case.things / "dangling.csv").symlink_to(outside / "nothing.csv")
    (case.settings.landing / "linked").symlink_to(outside)
    case.put("real.csv", things_csv(2))
    (case.things / "twin.csv").symlink_to(case.things / "real.csv")
    report = case.land()
    assert [entry.label for entry in report.ignored] == [
        "linked",
        "shop/things/dangling.csv",
        "shop/things/stolen.csv",
    ]
    assert [batch.rows_loaded for batch in report.new] == [2]
    assert report.unchanged == 1


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "quoted".csv',
        "glob[1]*?.csv",
        "{a,b}.csv",
        "a;drop table x;--.csv",
        "new\nline.csv",
        "emoji 😀 \u202egnp.csv",
        "$(touch x).csv",
        "%2e%2e.csv",
        "-rf.csv",
        "UPPER.CSV",
        os.fsdecode(b"latin-\xff.csv"),
    ],
)
def test_hostile_file_names_read_only_their_own_file(
    case: Case, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    case.put("glob1x.csv", things_csv(0, "other,,,,"))
    case.put(name, things_csv(200, "right,,,,", "late,,,bad time,"))
    with caplog.at_level(logging.INFO, logger="csw"):
        report = case.land()
    assert sorted((batch.status, batch.rows_loaded, batch.rows_quarantined) for batch in report.new) == [
        ("accepted", 1, 0),
        ("accepted", 201, 1),
    ]
    assert sorted(row[0] for row in case.rows("thing_id") if row[0][0] != "t") == ["other", "right"]
    assert caplog.messages
    assert all(message.isprintable() for message in caplog.messages)


def test_dots_in_a_name_do_not_change_the_folder(case: Case, tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text(things_csv(3))
    case.put("...csv", things_csv(1))
    case.put("a..%2f..%2foutside.csv", things_csv(2))
    assert [batch.rows_loaded for batch in case.land().new] == [2]


def test_the_same_content_is_loaded_once_under_any_name(case: Case) -> None:
    case.put("a.csv", things_csv(3))
    case.put("b.csv", things_csv(3))
    first = case.land()
    assert (len(first.new), first.unchanged) == (1, 1)
    (case.things / "a.csv").rename(case.things / "c.csv")
    second = case.land()
    assert (len(second.new), second.unchanged) == (0, 2)
    assert len(case.rows()) == 3


def test_the_same_content_in_another_object_is_another_batch(case: Case) -> None:
    content = "thing_id,other_id\nx,y\n"
    case.put("a.csv", content)
    case.put("a.csv", content, folder="others")
    assert len({batch.batch_id for batch in case.land().new}) == 2


def test_new_content_under_an_old_name_is_a_new_batch(case: Case) -> None:
    case.land_one("a.csv", things_csv(3))
    case.land_one("a.csv", things_csv(4))
    assert len(case.rows()) == 7


def test_two_versions_of_one_key_are_both_kept(case: Case) -> None:
    case.land_one("a.csv", "thing_id\nx\nx\n")
    case.land_one("b.csv", "thing_id,amount\nx,1\n")
    assert case.rows("thing_id, _row") == [("x", 1), ("x", 2), ("x", 1)]


def test_landing_files_are_never_touched(case: Case) -> None:
    paths = [case.put("a.csv", things_csv(3)), case.put("b.csv", ""), case.put("c.parquet", "no")]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    case.land()
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before


def test_pending_files_are_those_that_the_next_pass_loads(case: Case) -> None:
    def pending() -> list[str]:
        return [file.name for file in pending_files(case.settings, contracts=case.contracts)]

    case.put("a.csv", things_csv(3))
    case.put("bad.csv", "")
    assert pending() == ["a.csv", "bad.csv"]
    case.land()
    assert pending() == []
    case.put("twin.csv", things_csv(3))
    case.put("new.jsonl", '{"thing_id": 1}\n')
    assert pending() == ["new.jsonl"]
    case.land()
    case.put("a.csv", things_csv(4))
    assert pending() == ["a.csv"]
