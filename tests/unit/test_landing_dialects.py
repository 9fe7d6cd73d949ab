"""A system that stands for several tools: rows of a seed say what each tool calls the columns."""

from __future__ import annotations

import json
import re
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import ContractError
from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.landing import Batch, land
from tests.unit.landing_case import NOW, Case, make_case

Contracts = dict[Any, Any]

CALL = {
    "metaData": {"id": "77823422740259378951", "started": "2024-02-17T02:30:00-08:00", "duration": 90},
    "parties": [{"emailAddress": "jo@one.example", "affiliation": "External"}, {"name": "Kim"}],
    "context": [{"system": "Salesforce", "objects": [{"objectType": "Account", "objectId": "001A"}]}, {}],
}
REPORT = "Topic,Meeting ID,Start Time,Duration (Minutes)\nOne,860 1,02/17/2024 02:00:00 PM,45\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the contracts and seeds of meetings."""
    folder = tmp_path / "project"
    shutil.copytree(PROJECT_DIR / "models/staging/meetings", folder / "models/staging/meetings")
    shutil.copytree(PROJECT_DIR / "seeds", folder / "seeds")
    return folder


def deliver(case: Case, name: str, text: str, mapping: str = "") -> list[Batch]:
    path = case.settings.landing / "meetings" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if mapping:
        (path.parent / "mapping.yml").write_text(mapping)
    return list(land(case.settings, now=NOW, contracts=case.contracts).new)


def case_of(tmp_path: Path, project: Path) -> Case:
    case = make_case(tmp_path)
    case.contracts = load_contracts(project)
    return case


def add(project: Path, seed: str, *rows: str) -> None:
    with (project / "seeds" / f"{seed}.csv").open("a") as stream:
        stream.writelines(f"{row}\n" for row in rows)


def test_a_record_and_its_lists_are_read_in_the_dialect_of_the_tool(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    batches = deliver(case, "calls/a.jsonl", json.dumps(CALL))
    assert [(one.object, one.status, one.rows_in) for one in batches] == [
        ("meetings", "accepted", 1),
        ("participants", "accepted", 2),
        ("crm_objects", "accepted", 1),
    ]
    started = datetime.fromisoformat("2024-02-17 10:30")
    assert case.rows("recorder, meeting_id, started_at, duration", "meetings__meetings") == [
        ("gong", "77823422740259378951", started, Decimal(90))
    ]
    assert case.rows("recorder, meeting_id, email, participant_name", "meetings__participants") == [
        ("gong", "77823422740259378951", "jo@one.example", None),
        ("gong", "77823422740259378951", None, "Kim"),
    ]
    assert case.rows("recorder, crm_object_type, crm_object_id", "meetings__crm_objects") == [
        ("gong", "Account", "001A")
    ]


def test_a_number_of_20_digits_stays_exact(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    call = json.dumps(CALL).replace('"77823422740259378951"', "77823422740259378951")
    deliver(case, "calls/a.jsonl", call)
    assert case.rows("meeting_id", "meetings__meetings") == [("77823422740259378951",)]


def test_times_have_the_format_and_the_zone_of_the_tool(tmp_path: Path, project: Path) -> None:
    seed = project / "seeds/meeting_recorders.csv"
    seed.write_text(seed.read_text().replace("zoom,minutes,,", "zoom,minutes,America/New_York,"))
    case = case_of(tmp_path, project)
    deliver(case, "meetings/zoom.csv", REPORT)
    started = datetime.fromisoformat("2024-02-17 19:00")
    assert case.rows("recorder, meeting_id, started_at", "meetings__meetings") == [("zoom", "860 1", started)]


def test_a_mapping_has_precedence_over_the_seed(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    text = REPORT.replace("02/17/2024 02:00:00 PM", "17.02.2024 14:00")
    mapping = "columns: {Topic: organizer_email}\ndates: DD.MM.YYYY HH:mm\ntimezone: Europe/Berlin\n"
    deliver(case, "meetings/zoom.csv", text, mapping)
    started = datetime.fromisoformat("2024-02-17 13:00")
    assert case.rows("recorder, started_at, title, organizer_email", "meetings__meetings") == [
        ("zoom", started, None, "One")
    ]


def test_rows_of_the_seeds_add_a_tool_without_code(tmp_path: Path, project: Path) -> None:
    add(project, "meeting_recorders", "fathom,hours,Europe/Berlin,DD.MM.YYYY HH:mm,false,staff,4")
    add(
        project,
        "meeting_columns",
        "fathom,meetings,meeting_id,call.key",
        "fathom,meetings,started_at,call.begin",
        "fathom,meetings,duration,call.hours",
        "fathom,participants,email,call.rooms[].people[].mail",
        "fathom,participants,affiliation,call.rooms[].people[].side",
    )
    case = case_of(tmp_path, project)
    people = [{"mail": "jo@one.example", "side": "client"}, {"mail": "kim@us.example", "side": "staff"}]
    call = {"key": "f1", "begin": "17.02.2024 14:00", "hours": "0.5", "rooms": [{"people": people}, {}]}
    deliver(case, "recordings/a.jsonl", json.dumps({"call": call}))
    started = datetime.fromisoformat("2024-02-17 13:00")
    assert case.rows("recorder, meeting_id, started_at, duration", "meetings__meetings") == [
        ("fathom", "f1", started, Decimal("0.5"))
    ]
    assert case.rows("recorder, meeting_id, started_at, email, affiliation", "meetings__participants") == [
        ("fathom", "f1", started, "jo@one.example", "client"),
        ("fathom", "f1", started, "kim@us.example", "staff"),
    ]


GUIDE = (PROJECT_DIR / "docs/connectors/meetings.md").read_text(encoding="utf-8")


def test_the_tool_of_the_guide_lands(tmp_path: Path, project: Path) -> None:
    blocks = re.findall(r"^```\n(recorder,.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    for seed, block in zip(("meeting_recorders", "meeting_columns"), blocks, strict=True):
        header, *rows = block.splitlines()
        assert (project / f"seeds/{seed}.csv").read_text().startswith(f"{header}\n")
        add(project, seed, *rows)
    case = case_of(tmp_path, project)
    people = [
        {"email": "jo@one.example", "is_external": True},
        {"email": "a@b.example", "is_external": False},
    ]
    record = {"recording_id": 7, "recording_start_time": "2024-02-17T14:00:00Z", "calendar_invitees": people}
    deliver(case, "recordings/a.jsonl", json.dumps(record))
    assert case.rows("recorder, meeting_id", "meetings__meetings") == [("fathom", "7")]
    assert case.rows("email, affiliation", "meetings__participants") == [
        ("jo@one.example", "true"),
        ("a@b.example", "false"),
    ]


def test_the_guide_shows_the_message_about_a_wrong_row(project: Path) -> None:
    add(project, "meeting_columns", "zoom,meetings,titel,Name")
    with pytest.raises(ContractError) as error:
        load_contracts(project)
    shown, said = (re.sub(r"line \d+:", "", text) for text in (GUIDE, str(error.value)))
    assert f"```\n{said}\n```" in shown


def test_the_guide_explains_every_column_of_the_seed(project: Path) -> None:
    header = (project / "seeds/meeting_recorders.csv").read_text().splitlines()[0]
    table = GUIDE.partition("| column of `meeting_recorders` |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE) == header.split(",")


def test_a_meeting_without_an_id_is_rejected_with_its_row(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    rows = "".join(f"One,{number},02/17/2024 02:00:00 PM,45\n" for number in range(200))
    [batch] = deliver(case, "meetings/zoom.csv", f"{REPORT}{rows}Two,,02/17/2024 02:00:00 PM,45\n")
    assert (batch.status, batch.rows_in, batch.rows_quarantined) == ("accepted", 202, 1)
    [remark] = [one for one in batch.remarks if one.kind == "wrong"]
    assert (remark.column, remark.row) == ("meeting_id", 202)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (
            "who,what",
            "the columns are those of no recorder (gong, tldv, zoom); the header is 'who', 'what'. Add rows "
            "for the tool to seeds/meeting_columns.csv",
        ),
        ("Topic,Start Time", "required column meeting_id missing"),
        (
            "id,duration",
            "the columns are those of gong, tldv, zoom; the header is 'id', 'duration'. Write the name of "
            "the tool into mapping.yml: fixed: {recorder: gong}",
        ),
    ],
)
def test_a_file_that_no_dialect_explains_is_refused(
    tmp_path: Path, project: Path, header: str, reason: str
) -> None:
    case = case_of(tmp_path, project)
    [batch] = deliver(case, "meetings/a.csv", f"{header}\n1,2\n")
    assert batch.status == "refused"
    assert reason in str(batch.reason)


def test_a_message_shows_no_addresses_of_a_file_without_a_header(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    [batch] = deliver(case, "participants/a.csv", "Jo,jo@one.example\nBo,bo@one.example\n")
    assert batch.reason
    assert "the first line contains values" in batch.reason
    assert "@" not in batch.reason


def test_a_mapping_names_the_tool_that_the_columns_do_not_tell(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    people = "meeting_id,name,email\n1,Jo,jo@one.example\n"
    [refused] = deliver(case, "participants/a.csv", people)
    assert refused.reason
    assert "those of gong, tldv, zoom" in refused.reason
    [wrong] = deliver(case, "participants/a.csv", people, "fixed: {recorder: tldx}\n")
    assert wrong.reason == (
        "mapping.yml fixes recorder as 'tldx', which has no row for participants in "
        "seeds/meeting_columns.csv. Give one of gong, tldv, zoom, or add rows for tldx"
    )
    [accepted] = deliver(case, "participants/a.csv", people, "fixed: {recorder: TLDV}\n")
    assert accepted.status == "accepted"
    assert case.rows("recorder, email", "meetings__participants") == [("tldv", "jo@one.example")]


def test_a_table_of_a_list_tells_its_tool_by_the_name_of_the_list(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    row = {"name": "Jo", "email": "jo@one.example", "_dlt_id": "c", "_dlt_parent_id": "p"}
    [batch] = deliver(case, "meetings__invitees/a.jsonl", json.dumps(row))
    assert batch.status == "accepted"
    assert case.rows("recorder", "meetings__participants") == [("tldv",)]


def test_a_change_of_the_seed_retries_a_refused_file(tmp_path: Path, project: Path) -> None:
    case = case_of(tmp_path, project)
    [refused] = deliver(case, "meetings/a.csv", "Key,Begin\nf1,2024-02-17T14:00:00Z\n")
    assert refused.status == "refused"
    add(project, "meeting_recorders", "fathom,hours,,,false,,4")
    add(project, "meeting_columns", "fathom,meetings,meeting_id,Key", "fathom,meetings,started_at,Begin")
    case.contracts = load_contracts(project)
    [batch] = land(case.settings, now=NOW, contracts=case.contracts).new
    assert batch.status == "accepted"


WRONG_ROWS = """
meeting_columns | fathom,meetings,title,Name
    recorder 'fathom' has no row in seeds/meeting_recorders.csv
meeting_columns | zoom,meeting,title,Name
    object is 'meeting'. Did you mean 'meetings'? Give one of meetings, participants, crm_objects.
meeting_columns | zoom,meetings,titel,Name
    meetings has no column 'titel'. Did you mean 'title'?
meeting_columns | zoom,meetings,recorder,Name
    meetings has no column 'recorder'
meeting_columns | zoom,meetings,title,people[]
    name is 'people[]'. Give the name of a column
meeting_columns | zoom,meetings,title
    the row does not have 4 cells
meeting_columns | zoom,meetings,title,Topic
    has the same recorder, object, column, name. Remove one
meeting_columns | zoom,meetings,title,
    name is empty. Give it a value, or remove the row.
meeting_columns | gong,participants,joined,people[].joined
    'people[].joined' is not in the list parties[], from which the records of participants come
meeting_recorders | fathom,second,,,false,,4
    duration_unit is 'second'. Did you mean 'seconds'?
meeting_recorders | fathom,seconds,Berlin,,false,,4
    timezone is 'Berlin'. Give a time zone such as
meeting_recorders | fathom,seconds,,,maybe,,4
    ids_repeat is 'maybe'. Give one of true, false.
meeting_recorders | fathom,seconds,,,false,,first
    precedence is 'first'. Give a whole number.
meeting_recorders | Zoom,seconds,,,false,,4
    line 4 has the same recorder. Remove one of the two.
meeting_kinds | demo,sales,9
    call_kind is 'sales'. Give one of onboarding, check_in, qbr, renewal
"""
"""Seed, row of the seed, and the message about it."""


@pytest.mark.parametrize(("given", "message"), re.findall(r"^(\w.*)\n    (.*)$", WRONG_ROWS, re.MULTILINE))
def test_a_wrong_row_of_a_seed_is_named_with_what_to_do(project: Path, given: str, message: str) -> None:
    seed, row = given.split(" | ")
    add(project, seed, row)
    last = len((project / "seeds" / f"{seed}.csv").read_text().splitlines())
    with pytest.raises(ContractError) as error:
        load_contracts(project)
    assert str(error.value).startswith(f"seeds/{seed}.csv, line {last}: ")
    assert message in str(error.value)


def test_a_wrong_header_of_a_seed_is_named(project: Path) -> None:
    (project / "seeds/meeting_kinds.csv").write_text("word,call_kind,precedence\n")
    with pytest.raises(ContractError, match="header is word,"):
        load_contracts(project)


def test_a_wrong_date_format_of_the_seed_refuses_the_file(tmp_path: Path, project: Path) -> None:
    seed = project / "seeds/meeting_recorders.csv"
    seed.write_text(seed.read_text().replace("MM/DD/YYYY hh:mm:ss A", "MM/DD"))
    [batch] = deliver(case_of(tmp_path, project), "meetings/zoom.csv", REPORT)
    assert batch.reason == (
        "seeds/meeting_recorders.csv, line 4: date_format is 'MM/DD'. Give a format such as MM/DD/YYYY "
        "hh:mm A, or leave it empty for ISO 8601"
    )
