"""Withdrawing a wrong file: later runs do not read it, and earlier releases do not change."""

from __future__ import annotations

import dataclasses
import getpass
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from orchestration.core.database import connect
from orchestration.core.errors import LandingError, LockedError, SettingsError
from orchestration.core.lock import hold_lock
from orchestration.landing import (
    accepted_batches,
    create_landing_records,
    create_raw_relations,
    gone_files,
    known_batches,
    pending_files,
    withdrawn_batches,
)
from orchestration.landing.inspection import landing_status
from orchestration.landing.withdrawals import LOG_FILE
from orchestration.landing.withdrawing import restore, withdraw
from tests.unit.landing_case import NOW, Case, make_case, things_csv

LATER = NOW + timedelta(days=1)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def labels(case: Case) -> list[str]:
    return [batch.label for batch in accepted_batches(case.settings)]


def test_a_withdrawn_file_does_not_count_until_it_is_restored(case: Case) -> None:
    case.land_one("a.csv", things_csv(3))
    wrong = case.land_one("b.csv", things_csv(5))
    done = withdraw(case.settings, "b.csv", " amounts in cents ", now=LATER)
    assert (done.batch_id, done.file, done.rows) == (wrong.batch_id, "shop/things/b.csv", 5)
    assert labels(case) == ["shop/things/a.csv"]
    assert len(case.rows()) == 3
    assert wrong.path.is_file()
    entry = withdrawn_batches(case.settings)[wrong.batch_id]
    assert (entry.by, entry.reason, entry.at) == (getpass.getuser(), "amounts in cents", LATER)

    restored = restore(case.settings, wrong.batch_id[:6], now=LATER + timedelta(hours=1))
    assert restored.batch_id == wrong.batch_id
    assert labels(case) == ["shop/things/a.csv", "shop/things/b.csv"]
    assert withdrawn_batches(case.settings) == {}


def test_known_at_before_a_withdrawal_still_reads_the_file(case: Case) -> None:
    case.land_one("a.csv", things_csv(3))
    case.land_one("b.csv", things_csv(5))
    withdraw(case.settings, "b.csv", "wrong", now=LATER)
    restore(case.settings, "b.csv", now=LATER + timedelta(days=2))
    for moment, files in (
        (LATER - timedelta(microseconds=1), 2),
        (LATER, 1),
        (LATER + timedelta(days=1), 1),
        (LATER + timedelta(days=2), 2),
    ):
        then = dataclasses.replace(case.settings, known_at=moment)
        assert len(accepted_batches(then)) == files, moment
        assert len(known_batches(then)) == 2
    withdraw(case.settings, "a.csv", "wrong")
    withdraw(case.settings, "b.csv", "wrong")
    with pytest.raises(LandingError, match="were already withdrawn at that time"):
        accepted_batches(dataclasses.replace(case.settings, known_at=NOW + timedelta(days=9999)))


def test_withdrawal_times_increase_when_the_clock_goes_back(case: Case) -> None:
    batch = case.land_one("a.csv", things_csv(3))
    early = NOW - timedelta(days=400)
    withdraw(case.settings, "a.csv", "wrong", now=early)
    assert withdrawn_batches(case.settings)[batch.batch_id].at == NOW + timedelta(microseconds=1)
    restore(case.settings, "a.csv", now=early)
    withdraw(case.settings, "a.csv", "again", now=early)
    assert withdrawn_batches(case.settings)[batch.batch_id].at == NOW + timedelta(microseconds=3)


def test_the_content_of_a_withdrawn_file_is_not_loaded_again(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = case.land_one("a.csv", things_csv(3))
    withdraw(case.settings, "a.csv", "wrong")
    case.put("renamed.csv", things_csv(3))
    assert pending_files(case.settings, contracts=case.contracts) == []
    with caplog.at_level(logging.INFO, logger="csw"):
        report = case.land()
    assert (report.new, report.unchanged) == ((), 0)
    assert [one.label for one in report.ignored] == ["shop/things/a.csv", "shop/things/renamed.csv"]
    assert f"ignored shop/things/a.csv: withdrawn by {getpass.getuser()} on" in caplog.text
    assert f"`csw landing restore {wrong.batch_id}` restores it" in caplog.text


def test_a_file_can_be_named_by_id_name_or_path(case: Case) -> None:
    first = case.land_one("export.csv", things_csv(1))
    path = case.put("export.csv", things_csv(2))
    [second] = case.land().new
    with pytest.raises(LandingError, match=r"'export.csv' matches 2 files") as failure:
        withdraw(case.settings, "export.csv", "wrong")
    assert all(f"  {one.batch_id}  shop/things/export.csv, " in str(failure.value) for one in (first, second))
    withdraw(case.settings, second.batch_id, "wrong")
    # Now only one batch matches the name.
    withdraw(case.settings, str(path), "wrong")
    assert labels(case) == []
    restore(case.settings, first.batch_id)
    restore(case.settings, "shop/things/export.csv")
    assert len(labels(case)) == 2


def test_an_impossible_withdrawal_is_explained(case: Case) -> None:
    with pytest.raises(LandingError, match="No file has been loaded yet"):
        withdraw(case.settings, "a.csv", "wrong")
    case.land_one("good.csv", things_csv(1))
    case.land_one("bad.csv", "")
    for what, words in (
        (
            "goo.csv",
            r"'goo.csv', and no batch id starts with it. Did you mean 'good.csv'\?.*\n.*good.csv, 1 row,",
        ),
        ("", "no batch id starts with it"),
        ("bad.csv", "was refused, so its rows never counted"),
    ):
        with pytest.raises(LandingError, match=words):
            withdraw(case.settings, what, "wrong")
    with pytest.raises(LandingError, match="is not withdrawn; its rows count"):
        restore(case.settings, "good.csv")
    with pytest.raises(SettingsError, match="--reason is empty"):
        withdraw(case.settings, "good.csv", "  ")
    withdraw(case.settings, "good.csv", "wrong")
    with pytest.raises(LandingError, match=r"is withdrawn by .*: wrong; `csw landing restore"):
        withdraw(case.settings, "good.csv", "wrong again")
    with hold_lock(case.settings.lock_file, "csw run"), pytest.raises(LockedError, match="csw run"):
        restore(case.settings, "good.csv")


def test_an_unreadable_withdrawal_log_stops_every_run(case: Case) -> None:
    case.land_one("a.csv", things_csv(1))
    withdraw(case.settings, "a.csv", "wrong")
    log = case.settings.raw / LOG_FILE
    log.write_text(log.read_text() + '{"batch_id": "x"}\n')
    with pytest.raises(LandingError, match=r"Line 2 of .*withdrawals.jsonl cannot be read"):
        accepted_batches(case.settings)


def test_withdrawn_rows_are_counted_in_the_status(case: Case) -> None:
    case.land_one("a.csv", things_csv(300))
    wrong = case.land_one("b.csv", things_csv(200, "k1,-1,,,"))
    withdraw(case.settings, "b.csv", "wrong")
    status = landing_status(case.settings, contracts=case.contracts)
    [things] = status.objects
    assert things.rows_in == 501
    assert {name: rows for name, rows in things.rows.items() if rows} == {"used": 300, "withdrawn": 201}
    assert [entry.file for entry in status.withdrawn] == ["shop/things/b.csv"]
    assert status.rejected == ()
    with connect() as connection:
        known = known_batches(case.settings)
        create_raw_relations(connection, case.contracts, known)
        create_landing_records(connection, case.settings, case.contracts, known)
        found = connection.execute(
            "select status, rows_in, rows_loaded, rows_quarantined from raw.landing__files"
            " where batch_id = ?",
            [wrong.batch_id],
        ).fetchall()
        quarantined = connection.execute("select count(*) from raw.landing__rows_set_aside").fetchone()
    assert found == [("withdrawn", 201, 0, 0)]
    assert quarantined == (0,)


def test_a_missing_file_is_reported_once_and_still_counts(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    gone = case.put("a.csv", things_csv(3))
    renamed = case.put("b.csv", things_csv(4))
    case.put("c.csv", things_csv(5))
    case.put("bad.csv", "")
    case.land()
    assert gone_files(case.settings) == []
    withdraw(case.settings, "c.csv", "wrong")
    gone.unlink()
    renamed.rename(renamed.with_name("d.csv"))
    for name in ("c.csv", "bad.csv"):
        (case.things / name).unlink()
    assert [batch.label for batch in gone_files(case.settings)] == ["shop/things/a.csv", "shop/things/b.csv"]
    with caplog.at_level(logging.WARNING, logger="csw"):
        case.land()
        case.land()
    told = [message for message in caplog.messages if "missing from the landing folder" in message]
    assert told == [
        "shop/things/a.csv is missing from the landing folder, but the loaded rows still count; "
        "`csw landing withdraw shop/things/a.csv --reason ...` takes a file back"
    ]
    assert gone_files(case.settings) == []
    assert len(case.rows()) == 7
