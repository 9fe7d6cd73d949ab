"""Batches, their records, and the raw relations over them."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.core.database import connect
from orchestration.core.errors import LandingError
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, Column
from orchestration.landing import (
    accepted_batches,
    all_batches,
    create_raw_relations,
    known_batches,
    land,
    pending_files,
    quarantine_path,
)
from tests.unit.landing_case import NOW, THINGS, Case, make_case, things_csv


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return make_case(tmp_path)


def test_load_times_follow_the_names_and_never_repeat(case: Case) -> None:
    case.put("z.csv", things_csv(1), folder="things")
    case.put("b.csv", things_csv(2))
    case.put("bad.csv", "")
    case.put("o.csv", "other_id\n1\n", folder="others")
    report = case.land()
    assert [batch.label for batch in report.new] == [
        "shop/others/o.csv",
        "shop/things/b.csv",
        "shop/things/bad.csv",
        "shop/things/z.csv",
    ]
    assert [batch.loaded_at for batch in report.new] == [NOW + timedelta(microseconds=i) for i in range(4)]
    assert all_batches(case.settings) == list(report.new)
    assert case.rows("distinct _loaded_at") == [
        ((NOW + timedelta(microseconds=i)).replace(tzinfo=None),) for i in (1, 3)
    ]


def test_known_at_hides_batches_loaded_later(case: Case) -> None:
    case.land_one("a.csv", things_csv(1))
    case.put("b.csv", things_csv(2))
    case.put("bad.csv", "")
    case.land(now=NOW + timedelta(days=2))
    then = dataclasses.replace(case.settings, known_at=NOW)
    assert [batch.label for batch in accepted_batches(then)] == ["shop/things/a.csv"]
    assert [batch.label for batch in known_batches(then)] == ["shop/things/a.csv"]
    later = dataclasses.replace(case.settings, known_at=NOW + timedelta(days=2, microseconds=1))
    assert [batch.label for batch in known_batches(later)] == [
        "shop/things/a.csv",
        "shop/things/b.csv",
        "shop/things/bad.csv",
    ]
    # A run with `known_at` does not load new files.
    case.put("c.csv", things_csv(3))
    assert pending_files(then, contracts=case.contracts) == []
    assert land(then, contracts=case.contracts).new == ()
    assert len(all_batches(case.settings)) == 3
    with pytest.raises(LandingError, match=r"a\.csv, was accepted at 2025-01-01T12:00:00Z") as failure:
        accepted_batches(dataclasses.replace(case.settings, known_at=NOW - timedelta(microseconds=1)))
    assert "No file was accepted by 2025-01-01T11:59:59.999999Z" in str(failure.value)


def test_load_times_increase_when_the_clock_goes_back(case: Case) -> None:
    case.land_one("a.csv", things_csv(1))
    case.put("b.csv", "")
    case.land(now=NOW - timedelta(days=400))
    case.put("c.csv", things_csv(2))
    (batch,) = case.land(now=NOW - timedelta(days=800)).new
    assert batch.loaded_at == NOW + timedelta(microseconds=2)


def test_batches_do_not_depend_on_the_home_or_the_file_name(tmp_path: Path) -> None:
    cases = []
    for name, file_name in (("one", "a.csv"), ("two", "b.csv")):
        (tmp_path / name).mkdir()
        case = make_case(tmp_path / name)
        case.land_one(file_name, things_csv(5))
        cases.append(case)
    first, second = (accepted_batches(case.settings)[0] for case in cases)
    assert first.batch_id == second.batch_id
    assert first.path.read_bytes() == second.path.read_bytes()


def test_a_home_can_be_moved(case: Case, tmp_path: Path) -> None:
    case.land_one("a.csv", things_csv(5))
    moved = tmp_path / "it's moved"
    shutil.move(case.settings.home, moved)
    case.settings = dataclasses.replace(case.settings, home=moved)
    assert len(case.rows()) == 5
    assert case.land().unchanged == 1


def test_a_batch_without_a_record_is_written_again(case: Case) -> None:
    batch = case.land_one("a.csv", things_csv(5))
    batch.path.with_suffix(".json").unlink()
    batch.path.write_bytes(b"half a file")
    assert accepted_batches(case.settings) == []
    assert [again.batch_id for again in case.land().new] == [batch.batch_id]
    assert len(case.rows()) == 5


def test_a_record_without_batch_or_a_damaged_record_is_an_error(case: Case) -> None:
    batch = case.land_one("a.csv", things_csv(5))
    content = batch.path.read_bytes()
    batch.path.unlink()
    with pytest.raises(LandingError, match=r"on record, but its file is missing. Restore it"):
        case.land()
    batch.path.write_bytes(content)
    batch.path.with_suffix(".json").write_text("{")
    with pytest.raises(LandingError, match="cannot be read"):
        case.land()


def test_refused_content_is_tried_again_when_the_contract_changes(case: Case) -> None:
    refused = case.land_one("a.csv", "note\nx\n")
    assert refused.status == "refused"
    report = case.land()
    assert (report.new, report.still_refused) == ((), (refused,))
    relaxed = dataclasses.replace(
        THINGS,
        columns=tuple(dataclasses.replace(column, required=False) for column in THINGS.columns),
    )
    case.contracts["shop", "things"] = relaxed
    (accepted,) = case.land().new
    assert (accepted.batch_id, accepted.status) == (refused.batch_id, "accepted")
    assert not quarantine_path(case.settings, refused).exists()
    case.contracts["shop", "things"] = THINGS
    assert case.land().unchanged == 1  # an accepted batch stays accepted


def test_quarantined_rows_have_every_detail(case: Case) -> None:
    batch = case.land_one("a.csv", things_csv(300, 'k1,"-1",weekly,never,"a ""b"""'))
    found = duckdb.execute(
        "select * from read_parquet($1)", [str(quarantine_path(case.settings, batch))]
    ).fetchall()
    record = {"thing_id": "k1", "amount": "-1", "kind": "weekly", "made_at": "never", "note": 'a "b"'}
    ((*facts, problems, text),) = found
    assert facts == [batch.batch_id, "a.csv", 301, 302, "amount", "-1", "is below 0"]
    assert json.loads(problems) == [
        {"column": "amount", "value": "-1", "reason": "is below 0"},
        {"column": "kind", "value": "weekly", "reason": "is not one of recurring, one_off"},
        {"column": "made_at", "value": "never", "reason": "is not a date or time"},
    ]
    assert json.loads(text) == record


def test_the_log_names_counts_and_reasons_but_no_values(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    case.put("a.csv", things_csv(300, "k1,-77.77,,,"))
    case.put("bad.csv", things_csv(1, "secret,-77.77,,,", "secret,-77.77,weekly,,"))
    with caplog.at_level(logging.INFO, logger="csw"):
        report = case.land()
        case.land()
    assert "landed shop/things: 1 file, 300 rows, 1 quarantined, 1 file refused" in caplog.messages
    assert "1 file unchanged: the content is already loaded" in caplog.messages
    assert any(message.startswith("refused shop/things/bad.csv: 2 of 3 rows") for message in caplog.messages)
    assert any(message.startswith("still refused shop/things/bad.csv") for message in caplog.messages)
    reasons = [batch.reason or "" for batch in report.refused]
    assert not any("77.77" in text or "secret" in text for text in [*caplog.messages, *reasons])


def test_raw_relations_have_the_contracts_types_with_and_without_batches(case: Case) -> None:
    case.land_one("a.csv", things_csv(3))
    with connect() as connection:
        create_raw_relations(connection, case.contracts, accepted_batches(case.settings))
        for contract in case.contracts.values():
            described = connection.execute(f"describe {contract.relation}").fetchall()
            expected = {column.name: column.data_type for column in contract.columns} | BATCH_COLUMNS
            assert {row[0]: row[1].lower() for row in described} == expected
            assert [row[0] for row in described] == list(expected)
        assert connection.execute("select count(*) from raw.shop__others").fetchone() == (0,)


def test_raw_relations_read_batches_of_older_contracts(case: Case) -> None:
    case.land_one("a.csv", things_csv(2))
    newer = dataclasses.replace(
        THINGS,
        columns=(
            Column("thing_id", "varchar", required=True),
            Column("colour", "varchar"),
            Column("amount", "decimal(24,8)"),
        ),
    )
    case.contracts["shop", "things"] = newer
    # no batch has the new column yet
    assert case.rows("thing_id, colour, amount") == [("t0", None, 1.5), ("t1", None, 1.5)]
    case.land_one("b.csv", "thing_id,colour,amount\nx,red,0.12345678\n")
    assert case.rows("thing_id, colour, cast(amount as varchar)") == [
        ("t0", None, "1.50000000"),
        ("t1", None, "1.50000000"),
        ("x", "red", "0.12345678"),
    ]


def test_raw_relations_read_only_the_batches_given(case: Case) -> None:
    first = case.land_one("a.csv", things_csv(2))
    case.land_one("b.csv", things_csv(3))
    with connect() as connection:
        create_raw_relations(connection, case.contracts, [first])
        assert connection.execute("select count(*) from raw.shop__things").fetchone() == (2,)


def test_the_loader_supports_all_declared_contracts(tmp_path: Path) -> None:
    """Every type and rule in the YAML of the sources gives a statement that runs.

    Files of objects with dialects have the columns of a tool; test_landing_dialects.py lands them.
    """
    case = make_case(tmp_path)
    case.contracts = {name: contract for name, contract in load_contracts().items() if not contract.dialects}
    for source, name in case.contracts:
        folder = case.settings.landing / source / name
        folder.mkdir(parents=True)
        columns = ",".join(case.contracts[source, name].column_names)
        (folder / "a.csv").write_text(columns + "\n")
    report = case.land()
    assert [batch.status for batch in report.new] == ["accepted"] * len(case.contracts)
