"""The loader reports rejected rows with counts, shows them on request, and can load them later."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest

from orchestration.core.errors import LandingError, LockedError
from orchestration.core.lock import hold_lock
from orchestration.dbt_runner.landing_contract import Column, LandingObject
from orchestration.landing.inspection import RejectedRow, file_report, landing_status
from orchestration.landing.requeue import requeue
from tests.unit.landing_case import HEADER, Case, make_case, things_csv


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def land_with_two_wrong_rows(case: Case) -> str:
    """200 good rows and two wrong ones, the second without its required id."""
    text = things_csv(
        200, "t900,-3,recurring,2024-01-01,odd", ",7.00,one_off,2024-01-02,", header=HEADER.title()
    )
    return case.land_one("things.csv", text).batch_id


def test_the_status_adds_up_and_names_reasons_without_values(case: Case) -> None:
    batch_id = land_with_two_wrong_rows(case)
    refused = case.land_one("broken.csv", "thing,price\n1,2\n")
    found = landing_status(case.settings, contracts=case.contracts)
    [things] = found.objects
    assert (things.object, things.files, things.rows_in) == ("shop/things", 2, 203)
    assert {name: rows for name, rows in things.rows.items() if rows} == {
        "used": 200, "quarantined": 2, "refused": 1,
    }  # fmt: skip
    assert [(one.batch_id, one.status) for one in found.rejected] == [
        (batch_id, "accepted"),
        (refused.batch_id, "refused"),
    ]
    assert found.rejected[0].reason == "amount is below 0 (1); thing_id is required and empty (1)"
    assert "-3" not in str(found)
    assert "not an export of things" in found.rejected[1].reason


def test_the_rejected_rows_are_shown_with_row_column_value_and_reason(case: Case) -> None:
    batch_id = land_with_two_wrong_rows(case)
    found = file_report(case.settings, batch_id[:6])
    assert (found.file, found.rows["quarantined"]) == ("shop/things/things.csv", 2)
    assert found.rejected == (
        RejectedRow(201, 202, "amount", "-3", "is below 0"),
        RejectedRow(202, 203, "thing_id", None, "is required and empty"),
    )
    assert [(one.column, one.rows, one.line, one.value) for one in found.remarks if one.kind == "wrong"] == [
        ("amount", 1, 202, "-3"),
        ("thing_id", 1, 203, None),
    ]
    limited = file_report(case.settings, batch_id, limit=1)
    assert (len(limited.rejected), limited.has_more) == (1, True)


def test_rejected_rows_can_be_fixed_and_landed(case: Case) -> None:
    batch_id = land_with_two_wrong_rows(case)
    done = requeue(case.settings, batch_id, contracts=case.contracts)
    assert done.file is not None
    path = Path(done.file)
    assert (done.rows, done.unsplit) == (2, 0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert set(rows[0]) == {"Thing_Id", "Amount", "Kind", "Made_At", "Note"}
    assert rows[1] | {"Note": ""} == {
        "Thing_Id": "", "Amount": "7.00", "Kind": "one_off", "Made_At": "2024-01-02", "Note": "",
    }  # fmt: skip
    rows[0]["Amount"], rows[1]["Thing_Id"] = "3", "t901"
    mended = "\n".join(",".join(row) for row in [list(rows[0]), *(list(row.values()) for row in rows)])
    batch = case.land_one("mended.csv", mended + "\n")
    assert (batch.status, batch.rows_loaded, batch.rows_quarantined) == ("accepted", 2, 0)
    assert len(case.rows()) == 202


def test_requeued_rows_include_empty_required_columns(case: Case) -> None:
    batch = case.land_one("things.csv", things_csv(200, ",7.00,one_off,2024-01-02,x"))
    done = requeue(case.settings, batch.batch_id, case.settings.home / "out.csv", contracts=case.contracts)
    header = Path(str(done.file)).read_text(encoding="utf-8").splitlines()[0]
    assert sorted(header.split(",")) == sorted(HEADER.split(","))


def test_a_refused_file_can_be_retried_unchanged(case: Case) -> None:
    batch = case.land_one("broken.csv", "thing,price\n1,2\n")
    assert case.land().still_refused == (batch,)
    done = requeue(case.settings, batch.batch_id, contracts=case.contracts)
    assert done.file is None
    assert landing_status(case.settings, contracts=case.contracts).objects == ()
    case.contracts["shop", "things"] = LandingObject(
        "shop", "things", (Column("thing", "varchar", required=True),), ("thing",), None, True, "UTC"
    )
    [again] = case.land().new
    assert (again.batch_id, again.status, again.rows_loaded) == (batch.batch_id, "accepted", 1)


def test_requeue_returns_a_copy_of_a_missing_refused_file(case: Case) -> None:
    batch = case.land_one("broken.csv", "thing,price\n1,2\n")
    (case.things / "broken.csv").unlink()
    done = requeue(case.settings, batch.batch_id, contracts=case.contracts)
    assert done.file is not None
    assert Path(done.file).read_text(encoding="utf-8") == "thing,price\n1,2\n"
    assert str(case.things) in done.message


def test_an_impossible_requeue_is_explained(case: Case) -> None:
    good = case.land_one("good.csv", things_csv(3))
    with pytest.raises(LandingError, match="all 3 rows were loaded"):
        requeue(case.settings, good.batch_id, contracts=case.contracts)
    with pytest.raises(LandingError, match="No batch id starts with 'zzz'"):
        file_report(case.settings, "zzz")
    with pytest.raises(LandingError, match="batch"):
        file_report(case.settings, "")
    with hold_lock(case.settings.lock_file, "csw run"), pytest.raises(LockedError, match="csw run"):
        requeue(case.settings, good.batch_id, contracts=case.contracts)


def test_a_record_that_cannot_be_split_is_shown_and_counted(case: Case) -> None:
    batch = case.land_one(
        "things.csv", things_csv(300, "t900,1.00,recurring", "t901,-1,recurring,2024-01-01,x")
    )
    shown = file_report(case.settings, batch.batch_id)
    assert [row.column for row in shown.rejected] == [None, "amount"]
    assert "t900,1.00,recurring" in str(shown.rejected[0].value)
    done = requeue(case.settings, batch.batch_id, contracts=case.contracts)
    assert (done.rows, done.unsplit) == (1, 1)
