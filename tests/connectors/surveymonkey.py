"""The facts of the company as the objects of SurveyMonkey's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tests.connectors.company import Answer, Company
from tests.connectors.shapes import Naming, Objects, Record

NAMES = {name: Naming(name) for name in ("responses", "surveys", "recipients", "messages")}

SHAPES = ("api", "airbyte", "fivetran", "singer")

SURVEY, QUESTION = "306079584", "652286714"


def _number(answer: Answer, kind: int) -> str:
    return f"118{kind}{int(answer.id[1:]):04}"


def response_id(answer: Answer) -> str:
    return _number(answer, 1) if answer.answered else f"invitation-{_number(answer, 2)}"


def _text(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment else None


def _choice(score: int) -> str:
    return f"43850{score:03}"


def objects(company: Company) -> dict[str, list[Record]]:
    # Promoters weigh 100, passives 0 and detractors -100.
    choices = [
        {
            "position": score + 1,
            "visible": True,
            "text": {0: "Not at all likely - 0", 10: "Extremely likely - 10"}.get(score, str(score)),
            "id": _choice(score),
            "weight": 100 if score > 8 else 0 if score > 6 else -100,
            "is_na": False,
        }
        for score in range(11)
    ]
    question = {
        "id": QUESTION,
        "family": "matrix",
        "subtype": "rating",
        "headings": [{"heading": "How likely is it?"}],
        "answers": {"rows": [{"id": "row1", "text": ""}], "choices": choices},
    }
    remark = {"id": "652286715", "family": "open_ended", "subtype": "essay"}
    survey = {
        "id": SURVEY,
        "title": "How likely",
        "date_created": "2024-01-01T00:00:00+00:00",
        "date_modified": "2024-01-01T00:00:00+00:00",
        "pages": [{"id": "1", "questions": [question, remark]}],
    }
    sent = sorted({one.sent for one in company.answers if one.sent})
    messages = [
        {
            "id": f"9{moment:%Y%m%d}",
            "survey_id": SURVEY,
            "type": "invite",
            "status": "sent",
            "scheduled_date": _text(moment),
            "date_created": _text(moment.replace(day=1)),
        }
        for moment in sent
    ]
    return {
        "responses": list(_responses(company)),
        "surveys": [survey],
        "recipients": list(_recipients(company)),
        "messages": messages,
    }


def _responses(company: Company) -> Iterator[Record]:
    for answer in company.answers:
        if answer.answered is None or answer.score is None:
            continue
        yield {
            "id": _number(answer, 1),
            "survey_id": SURVEY,
            "collector_id": "5",
            "recipient_id": _number(answer, 2),
            "collection_mode": "default",
            "response_status": "completed",
            "custom_value": "",
            "custom_variables": {},
            "email_address": "",
            "metadata": {"contact": {}},
            "date_created": _text(answer.answered),
            "date_modified": _text(answer.answered),
            "pages": [
                {
                    "id": "1",
                    "questions": [
                        {
                            "id": QUESTION,
                            "answers": [{"choice_id": _choice(answer.score), "row_id": "row1"}],
                        },
                        {"id": "652286715", "answers": [{"text": "fine"}]},
                    ],
                }
            ],
        }


def _recipients(company: Company) -> Iterator[Record]:
    for answer in company.answers:
        if answer.contact is None or answer.sent is None:
            continue
        yield {
            "id": _number(answer, 2),
            "survey_id": SURVEY,
            "message_id": f"9{answer.sent:%Y%m%d}",
            "email": company.contact(answer.contact).email,
            "survey_response_status": "completely_responded" if answer.answered else "not_responded",
            "mail_status": "sent" if answer.delivered else "bounced",
            "custom_fields": {},
            "extra_fields": {},
        }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "airbyte":
        kept = {"survey_responses": objects["responses"], "surveys": _heads(objects["surveys"])}
        kept["survey_questions"] = [
            {**question, "survey_id": survey["id"], "page_id": page["id"]}
            for survey in objects["surveys"]
            for page in survey["pages"]
            for question in page["questions"]
        ]
        return kept, {name: Naming(name) for name in kept}
    if shape == "singer":
        kept = {"responses": objects["responses"], "survey_details": objects["surveys"]}
        return kept, {name: Naming(name) for name in kept}
    if shape == "fivetran":
        return _fivetran(objects)
    return objects, NAMES


def _heads(surveys: Objects | object) -> list[Record]:
    assert isinstance(surveys, list)
    return [{key: value for key, value in one.items() if key != "pages"} for one in surveys]


def _fivetran(objects: Objects) -> tuple[Objects, dict[str, Naming]]:
    pages = [(one, page) for one in objects["responses"] for page in one["pages"]]
    found: dict[str, list[Record]] = {
        "response_history": _heads(objects["responses"]),
        "response_answer": [
            {"response_id": one["id"], "question_id": question["id"], "page_id": page["id"], **answer}
            for one, page in pages
            for question in page["questions"]
            for answer in question["answers"]
        ],
        "survey_history": _heads(objects["surveys"]),
        "question_history": [
            {"id": question["id"], "survey_id": survey["id"], "family": question["family"]}
            for survey in objects["surveys"]
            for page in survey["pages"]
            for question in page["questions"]
        ],
        "question_option_history": [
            {"question_id": question["id"], **choice}
            for survey in objects["surveys"]
            for page in survey["pages"]
            for question in page["questions"]
            for choice in question.get("answers", {}).get("choices", ())
        ],
        "recipient": list(objects["recipients"]),
        "message": list(objects["messages"]),
    }
    return found, {name: Naming(name) for name in found}
