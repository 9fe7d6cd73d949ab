"""The facts of the company as the objects of Delighted's API."""

from __future__ import annotations

import json

from tests.connectors.company import Company, epoch
from tests.connectors.shapes import Naming, Objects, Record

_TIMES = ("created_at", "updated_at", "last_sent_at", "bounced_at", "unsubscribed_at")

NAMES = {
    "people": Naming("person", epochs=_TIMES),
    "survey_responses": Naming("response", keys=("person",), epochs=_TIMES),
    "bounces": Naming("bounced_people", epochs=_TIMES),
}

SHAPES = ("api", "airbyte", "airbyte_unflattened", "fivetran", "singer")


def objects(company: Company) -> dict[str, list[Record]]:
    sent = {one.contact: one.sent for one in company.answers if one.contact and one.sent}
    return {
        "people": [
            {
                "id": str(person),
                "name": None,
                "email": company.contact(person).email,
                "created_at": epoch(company.accounts[0].created),
                "last_sent_at": epoch(moment),
                "last_responded_at": None,
                "next_survey_scheduled_at": None,
            }
            for person, moment in sent.items()
        ],
        "survey_responses": [
            {
                "id": one.id,
                "person": str(one.contact),
                "survey_type": one.survey,
                "score": one.score,
                "comment": "fine",
                "permalink": "https://delighted.example",
                "created_at": epoch(one.answered),
                "updated_at": None,
                "person_properties": {"Plan": "core"},
                "notes": [],
                "tags": [],
                "additional_answers": [],
            }
            for one in company.answers
            if one.answered
        ],
        "bounces": [
            {
                "person_id": str(one.contact),
                "email": company.contact(one.contact).email,
                "name": None,
                "bounced_at": epoch(one.sent),
            }
            for one in company.answers
            if one.contact and not one.delivered
        ],
    }


def told(objects: Objects, shape: str) -> tuple[Objects, dict[str, Naming]]:
    """Return the records and names of a tool that changes them."""
    if shape == "fivetran":
        responses = []
        for record in objects["survey_responses"]:
            one = dict(record)
            one["response_person_properties"] = json.dumps(one.pop("person_properties"))
            responses.append(one)
        return {**objects, "survey_responses": responses}, NAMES
    return objects, NAMES
