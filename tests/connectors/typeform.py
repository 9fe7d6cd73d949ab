"""The facts of the company as the objects of Typeform's API."""

from __future__ import annotations

from tests.connectors.company import Answer, Company
from tests.connectors.limits import without_invitations
from tests.connectors.shapes import Naming, Record

NAMES = {
    "responses": Naming("response", parent_key="token", lists={"answers": "answer"}),
    "forms": Naming("form"),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "dlt", "singer")

LOSSES = {"Nobody knows who was invited, and when.": without_invitations}


def response_id(answer: Answer) -> str:
    return answer.id


def objects(company: Company) -> dict[str, list[Record]]:
    """Return the answers. Typeform knows no invitations."""
    responses = []
    for answer in company.answers:
        if answer.answered is None or answer.contact is None:
            continue
        moment = answer.answered.strftime("%Y-%m-%dT%H:%M:%SZ")
        responses.append(
            {
                "token": answer.id,
                "landing_id": answer.id,
                "form_id": "F1",
                "response_type": "completed",
                "landed_at": moment,
                "submitted_at": moment,
                "hidden": {"email": company.contact(answer.contact).email},
                "answers": [
                    {
                        "field": {"id": "q1", "type": "nps", "ref": "q1"},
                        "type": "number",
                        "number": answer.score,
                    },
                    {"field": {"id": "q2", "type": "long_text", "ref": "q2"}, "type": "text", "text": "fine"},
                ],
            }
        )
    form = {
        "id": "F1",
        "title": "How likely",
        "fields": [{"id": "q1", "type": "nps", "ref": "q1", "properties": {}}],
    }
    return {"responses": responses, "forms": [form]}
