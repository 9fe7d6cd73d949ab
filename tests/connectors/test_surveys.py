"""Answers and invitations of four survey systems arrive once, with their account, person, score and time.

One build serves all tests. Its rows are raw relations as the loader makes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pytest

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS
from tests.spark.project import Project

pytestmark = pytest.mark.integration

SYSTEMS = ["typeform", "surveymonkey", "qualtrics", "delighted"]
SEEDS = {
    "survey_questions": (
        "system,survey_id,question,survey_type,scale_min,scale_max\n"
        "typeform,declared,ten,nps,1,10\n"
        "qualtrics,SV_2,QID1,csat,1,7\n"
    ),
    "survey_touchpoints": (
        "system,survey_id,touchpoint,survey_kind\n"
        "qualtrics,SV_2,support,transactional\n"
        "delighted,onboarded,onboarding,transactional\n"
    ),
}
ANN, BO, CY, DI = "ann@one.example", "bo@two.example", "cy@three.example", "di@four.example"
Rows = Sequence[Mapping[str, Any]]


def landing(field: str, number: int, **more: Any) -> dict[str, Any]:
    return {"landing_id": more.pop("landing_id"), "field_id": field, "number": number, **more}


def choice(question: str, choice_id: str, response: str, day: str) -> dict[str, Any]:
    answer = {"question_id": question, "choice_id": choice_id, "row_id": "row"}
    return {**answer, "response_id": response, "date_modified": day}


RAW: dict[str, Rows] = {
    "generic.accounts": [{"account_id": name} for name in ("A1", "A2", "A3", "A4")],
    "generic.contacts": [
        {"contact_id": "C2", "account_id": "A2", "email": BO},
        {"contact_id": "C3", "account_id": "A3", "email": CY},
    ],
    "generic.account_keys": [{"source_system": "stripe", "source_key": "cus_1", "account_id": "A1"}],
    "typeform.forms": [{"id": "form"}, {"id": "declared"}],
    "typeform.fields": [
        {"form_id": "form", "id": "nps", "type": "nps", "properties_steps": 11},
        *(
            {"form_id": form, "id": "ten", "type": "opinion_scale", "properties_steps": 10}
            | {"properties_start_at_one": True}
            for form in ("form", "declared")
        ),
    ],
    "typeform.responses": [
        {"token": name, "form_id": form, "submitted_at": day, "hidden": hidden, "hidden_email": email}
        for name, form, day, hidden, email in (
            ("first", "form", "2024-03-02", '{"account_id": "cus_1"}', ANN),
            ("second", "form", "2024-03-20", '{"account_id": "cus_1"}', f" {ANN.upper()} "),
            ("odd", "form", "2024-03-21", None, None),
            ("declared", "declared", "2024-03-21", None, None),
            ("begun", "form", None, None, ANN),
            ("person", "form", "2024-03-22", None, BO),
            ("orphan", "lost", "2024-03-23", None, None),
        )
    ],
    "typeform.answers": [
        landing("nps", 9, landing_id="first", field_type="nps"),
        landing("nps", 4, landing_id="second", field_type="nps"),
        landing("ten", 10, landing_id="odd", field_type="opinion_scale"),
        landing("ten", 10, landing_id="declared", field_type="opinion_scale"),
        landing("nps", 1, landing_id="begun", field_type="nps"),
        landing("nps", 8, landing_id="person", field_type="nps"),
        landing("nps", 7, landing_id="orphan", field_type="nps"),
    ],
    "surveymonkey.surveys": [{"id": "1"}],
    "surveymonkey.questions": [
        {
            "id": "q",
            "survey_id": "1",
            "answers_choices": '[{"id": "c0", "text": "Not at all likely - 0", "weight": -100},'
            '{"id": "c3", "text": "3", "weight": -100}, {"id": "c8", "text": "8", "weight": 0},'
            '{"id": "c10", "text": "Extremely likely - 10", "weight": 100}]',
        }
    ],
    "surveymonkey.messages": [{"id": "m", "scheduled_date": "2024-04-01"}],
    "surveymonkey.recipients": [
        {"id": "p1", "survey_id": "1", "message_id": "m", "email": BO, "mail_status": "sent"},
        {"id": "p2", "survey_id": "1", "message_id": "m", "email": CY, "mail_status": "sent"},
        {"id": "p3", "survey_id": "1", "message_id": "m", "email": DI, "mail_status": "bounced"},
    ],
    "surveymonkey.responses": [
        {"id": "edited", "survey_id": "1", "recipient_id": "p1", "date_modified": "2024-04-02"}
        | {"date_created": "2024-04-02", "response_status": "completed"},
        {"id": "edited", "survey_id": "1", "recipient_id": "p1", "date_modified": "2024-04-09"}
        | {"date_created": "2024-04-02", "response_status": "completed"},
        {"id": "anonymous", "survey_id": "1", "recipient_id": "", "date_modified": "2024-04-05"}
        | {"date_created": "2024-04-05", "response_status": "completed"},
        {"id": "half", "survey_id": "1", "date_modified": "2024-04-05", "response_status": "partial"},
    ],
    "surveymonkey.answers": [
        choice("q", "c10", "edited", "2024-04-02"),
        choice("q", "c3", "edited", "2024-04-09"),
        choice("q", "c0", "anonymous", "2024-04-05"),
        choice("q", "c8", "half", "2024-04-05"),
    ],
    "qualtrics.questions": [
        {"survey_id": "SV_1", "id": "QID1", "question_type": "MC", "selector": "NPS"},
        {"survey_id": "SV_2", "id": "QID1", "question_type": "MC", "selector": "SAVR"},
    ],
    "qualtrics.responses": [
        {"response_id": name, "survey_id": survey, "values": values, "values_status": status}
        | {"values_recorded_date": "2024-05-02", "values_external_data_reference": reference}
        for name, survey, values, status, reference in (
            ("nps", "SV_1", '{"QID1": 9, "QID1_NPS_GROUP": 3}', "0", "C3"),
            ("csat", "SV_2", '{"QID1": "6 - Satisfied"}', "0", "A4"),
            ("preview", "SV_1", '{"QID1": 1, "QID1_NPS_GROUP": 1}', "1", None),
            ("spam", "SV_1", '{"QID1": 1, "QID1_NPS_GROUP": 1}', "8", None),
        )
    ],
    "qualtrics.distribution_contacts": [
        {"distribution_id": "d", "contact_id": "x1", "sent_at": "2024-05-01", "status": "SurveyFinished"}
        | {"response_id": "nps"},
        {"distribution_id": "d", "contact_id": "x2", "sent_at": "2024-05-01", "status": "HardBounce"}
        | {"survey_link": "https://q.example/jfe/form/SV_1?Q_DL=d"},
    ],
    "qualtrics.contacts": [{"id": "x2", "email": BO}],
    "delighted.people": [
        {"id": "h1", "email": ANN, "last_sent_at": "2024-06-01"},
        {"id": "h2", "email": CY, "last_sent_at": "2024-06-01"},
    ],
    "delighted.survey_responses": [
        {"id": "changed", "person": "h1", "survey_type": "nps", "score": 9, "created_at": "2024-06-02"},
        {"id": "changed", "person": "h1", "survey_type": "nps", "score": 5, "created_at": "2024-06-02"}
        | {"updated_at": "2024-06-08", "tags": '["onboarded"]'},
        {"id": "stars", "person": "h1", "survey_type": "stars", "score": 5, "created_at": "2024-06-03"},
    ],
}


def create_raw_tables(connection: duckdb.DuckDBPyConnection, raw: Mapping[str, Rows]) -> None:
    """Create the raw relations of all contracts, with the rows in the order of their arrival."""
    connection.execute("create schema raw")
    for (source, name), contract in load_contracts().items():
        types = {column.name: column.data_type for column in contract.columns} | BATCH_COLUMNS
        columns = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in types.items())
        connection.execute(f"create table {contract.relation} ({columns})")
        for number, row in enumerate(raw.get(f"{source}.{name}", ()), start=1):
            given = {**row, "_batch_id": f"{name}-{number}", "_loaded_at": "2025-01-01", "_row": number}
            assert given.keys() <= types.keys(), given.keys() - types.keys()
            names = ", ".join(quote_identifier(column) for column in given)
            values = ", ".join(
                "null" if value is None else quote_literal(str(value)) for value in given.values()
            )
            connection.execute(f"insert into {contract.relation} ({names}) values ({values})")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The unified answers and the checks of exceptions, built by dbt from the rows above."""
    folder = tmp_path_factory.mktemp("surveys")
    project = Project.copy(folder / "project", folder / "home", SEEDS, connectors=SYSTEMS)
    project.home.mkdir()
    with duckdb.connect(str(project.warehouse)) as connection:
        create_raw_tables(connection, RAW)
    command = ["build", "--select", "+unified_survey_responses", "+int_quality__exception_checks"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CSW_HASH_KEY", "a key of the tests, long enough to be one")
        project.dbt("duckdb", [*command, "--exclude", "test_type:unit"], "2025-01-01", {})
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def answers(warehouse: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """The rows of unified_survey_responses by their id."""
    rows = warehouse.execute("select * from unified.unified_survey_responses").fetchall()
    names = [column[0] for column in warehouse.description or ()]
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


Answers = dict[str, dict[str, Any]]


def test_only_answers_and_invitations_of_known_scales_arrive(answers: Answers) -> None:
    assert sorted(answers) == [
        "delighted:changed",
        "delighted:invitation-h2-1",
        "qualtrics:csat",
        "qualtrics:invitation-d:x2",
        "qualtrics:nps",
        "surveymonkey:anonymous",
        "surveymonkey:edited",
        "surveymonkey:invitation-p2",
        "surveymonkey:invitation-p3",
        *("typeform:declared", "typeform:first", "typeform:orphan", "typeform:person", "typeform:second"),
    ]


def test_a_person_who_answers_twice_is_one_person_of_the_account_in_the_link(answers: Answers) -> None:
    first, second = answers["typeform:first"], answers["typeform:second"]
    assert (first["score"], second["score"]) == (9, 4)
    assert first["respondent_id"] == second["respondent_id"] == answers["delighted:changed"]["respondent_id"]
    assert first["account_id"] == second["account_id"] == "A1"


def test_ten_on_a_scale_of_one_to_ten_is_nps_only_if_the_seed_says_so(answers: Answers) -> None:
    assert "typeform:odd" not in answers
    declared = answers["typeform:declared"]
    assert (declared["survey_type"], declared["score"], declared["scale_max"]) == ("nps", 10, 10)


def test_an_invitation_without_an_answer_and_a_bounced_one_have_no_score(answers: Answers) -> None:
    for name, delivered, account in (
        ("surveymonkey:invitation-p2", True, "A3"),
        ("surveymonkey:invitation-p3", False, None),
        ("qualtrics:invitation-d:x2", False, "A2"),
        ("delighted:invitation-h2-1", True, "A3"),
    ):
        found = answers[name]
        assert (found["score"], found["responded_at"]) == (None, None), name
        assert (found["is_delivered"], found["account_id"]) == (delivered, account), name
        assert found["sent_at"] is not None, name


def test_an_edited_answer_keeps_its_id_and_the_time_of_the_answer(answers: Answers) -> None:
    for name, score, day in (
        ("surveymonkey:edited", 3, "2024-04-02"),
        ("delighted:changed", 5, "2024-06-02"),
    ):
        assert answers[name]["score"] == score
        assert f"{answers[name]['responded_at']:%Y-%m-%d}" == day
        assert answers[name]["sent_at"] < answers[name]["responded_at"]


def test_an_anonymous_answer_has_neither_person_nor_account(answers: Answers) -> None:
    found = answers["surveymonkey:anonymous"]
    assert (found["score"], found["respondent_id"], found["account_id"]) == (0, None, None)


def test_one_question_id_in_two_surveys_has_two_meanings(answers: Answers) -> None:
    nps, csat = answers["qualtrics:nps"], answers["qualtrics:csat"]
    assert (nps["survey_type"], nps["score"], nps["scale_max"]) == ("nps", 9, 10)
    assert (csat["survey_type"], csat["score"], csat["scale_max"]) == ("csat", 6, 7)
    assert (csat["survey_kind"], csat["touchpoint"]) == ("transactional", "support")


def test_a_reference_is_the_key_of_an_account_or_the_id_of_a_contact(answers: Answers) -> None:
    assert answers["qualtrics:csat"]["account_id"] == "A4"
    assert answers["qualtrics:nps"]["account_id"] == "A3"
    # The address is unknown, so the contact identifies the person.
    assert answers["qualtrics:nps"]["respondent_id"] == "C3"


def test_one_person_in_two_tools_is_one_respondent(answers: Answers) -> None:
    typeform, surveymonkey = answers["typeform:person"], answers["surveymonkey:edited"]
    assert typeform["respondent_id"] == surveymonkey["respondent_id"]
    assert typeform["account_id"] == surveymonkey["account_id"] == "A2"
    assert not any("@" in str(value) for row in answers.values() for value in row.values())


def test_every_record_that_counts_nowhere_is_counted(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select check_name, table_name, observed, expected from intermediate.int_quality__exception_checks"
    ).fetchall()
    assert sorted(found) == [
        ("incomplete", "surveymonkey/responses", 1, None),
        ("incomplete", "typeform/responses", 1, None),
        ("no_score", "typeform/responses", 1, None),
        ("not_nps_scale", "typeform/answers", 1, 0),
        ("orphan_response", "typeform/responses", 1, 0),
        ("other_survey_type", "delighted/survey_responses", 1, None),
        ("preview", "qualtrics/responses", 1, None),
        ("spam", "qualtrics/responses", 1, None),
    ]
