"""The facts of the company as the objects of Qualtrics' API."""

from __future__ import annotations

from collections.abc import Iterator

from tests.connectors.company import Answer, Company, utc
from tests.connectors.shapes import Naming, Objects, Record

NAMES = {name: Naming(name) for name in ("responses", "questions", "distribution_contacts", "contacts")}

SHAPES = ("api", "fivetran", "singer")

SURVEY = "SV_7Uw1HuxpN0OxbVQ"


def response_id(answer: Answer) -> str:
    return _response(answer) if answer.answered else f"invitation-{_distribution(answer)}:{_contact(answer)}"


def _response(answer: Answer) -> str:
    return f"R_{answer.id}"


def _distribution(answer: Answer) -> str:
    assert answer.sent
    return f"EMD_{answer.sent:%Y%m%d}"


def _contact(answer: Answer) -> str:
    return f"CID_{answer.contact}"


def objects(company: Company) -> dict[str, list[Record]]:
    people = {one.contact for one in company.answers if one.contact}
    contacts = [
        {
            "contactId": f"CID_{person}",
            "firstName": "A",
            "email": company.contact(person).email,
            "extRef": None,
            "unsubscribed": False,
        }
        for person in sorted(people)
    ]
    questions = [
        {
            "survey_id": SURVEY,
            "QuestionID": name,
            "QuestionType": kind,
            "Selector": selector,
            "QuestionText": "How likely is it?",
        }
        for name, kind, selector in (("QID1", "MC", "NPS"), ("QID2", "TE", "SL"))
    ]
    return {
        "responses": list(_responses(company)),
        "questions": questions,
        "distribution_contacts": list(_invited(company)),
        "contacts": contacts,
    }


def _responses(company: Company) -> Iterator[Record]:
    for answer in company.answers:
        if answer.answered is None or answer.score is None or answer.contact is None:
            continue
        moment = (utc(answer.answered) or "").replace("Z", ".000Z")
        group = 3 if answer.score > 8 else 2 if answer.score > 6 else 1
        yield {
            "survey_id": SURVEY,
            "responseId": _response(answer),
            "values": {
                "startDate": moment,
                "endDate": moment,
                "recordedDate": moment,
                "status": 0,
                "progress": 100,
                "duration": 20,
                "finished": 1,
                "recipientEmail": company.contact(answer.contact).email,
                "externalDataReference": None,
                "distributionChannel": "email",
                "userLanguage": "EN",
                "QID1": answer.score,
                "QID1_NPS_GROUP": group,
                "QID2_TEXT": "fine",
            },
            "labels": {"status": "IP Address", "finished": "True"},
            "displayedFields": ["QID1", "QID2_TEXT"],
        }


def _invited(company: Company) -> Iterator[Record]:
    for answer in company.answers:
        if answer.sent is None:
            continue
        status = "SurveyFinished" if answer.answered else "Pending" if answer.delivered else "HardBounce"
        yield {
            "distributionId": _distribution(answer),
            "contactId": _contact(answer),
            "sentAt": utc(answer.sent),
            "status": status,
            "surveyLink": f"https://q.example/jfe/form/{SURVEY}?Q_DL={answer.id}",
            "responseId": _response(answer) if answer.answered else None,
            "responseCompletedAt": utc(answer.answered),
        }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "singer":
        kept = {
            "distribution_history": objects["distribution_contacts"],
            "survey_questions": objects["questions"],
            "directory_contacts": objects["contacts"],
        }
        return kept, {name: Naming(name) for name in kept}
    if shape == "fivetran":
        return _fivetran(objects)
    return objects, NAMES


def _fivetran(objects: Objects) -> tuple[Objects, dict[str, Naming]]:
    found: dict[str, list[Record]] = {
        "survey_response": [
            {
                "id": one["responseId"],
                "survey_id": one["survey_id"],
                **{key: value for key, value in one["values"].items() if not key.startswith("QID")},
            }
            for one in objects["responses"]
        ],
        "question_response": [
            {
                "_fivetran_id": f"{one['responseId']}-{key}",
                "response_id": one["responseId"],
                "question_id": key.removesuffix("_TEXT"),
                "value": None if key.endswith("_TEXT") else value,
                "text": value if key.endswith("_TEXT") else None,
            }
            for one in objects["responses"]
            for key, value in one["values"].items()
            if key.startswith("QID") and not key.endswith("_NPS_GROUP")
        ],
        "question": [
            {
                "id": one["QuestionID"],
                "survey_id": one["survey_id"],
                "question_type": one["QuestionType"],
                "selector": one["Selector"],
            }
            for one in objects["questions"]
        ],
        "distribution_contact": list(objects["distribution_contacts"]),
        "directory_contact": [
            {
                "id": one["contactId"],
                "email": one["email"],
                "ext_ref": one["extRef"],
                "first_name": one["firstName"],
            }
            for one in objects["contacts"]
        ],
    }
    return found, {name: Naming(name) for name in found}
