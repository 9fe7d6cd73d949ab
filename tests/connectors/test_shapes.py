"""The same records give the same raw rows, whichever tool loads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.database import quote_identifier
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing import accepted_batches, create_raw_relations, land
from tests.connectors.facts import the_company
from tests.connectors.groups import GROUPS, SYSTEMS, delivered, objects_of
from tests.unit.landing_case import make_case, session

OTHER_FORM = "The tool delivers it in another column."
LIST_IN_LIST = "A list in a list is a table that knows only the list around it."
TO_THE_MINUTE = "The export has times to the minute."
OTHER_HISTORY = "Audits, ticket events and the history of fields are three ways to the same changes."
NO_VERSION = "A list in a folder of its own does not say of which version of its record it is."
ONE_TYPE = "A table of the warehouse has calls of one type."
IN_SNAKE_CASE = "The warehouse has the name of an event in snake case, and as sent in a column of its own."
OF_A_WAREHOUSE = {
    **{f"{name}.type": ONE_TYPE for name in ("tracks", "identifies", "groups", "pages")},
    **dict.fromkeys(("tracks.event", "tracks.event_text"), IN_SNAKE_CASE),
}

DIFFERENCES: dict[tuple[str, str], dict[str, str]] = {
    ("stripe", "fivetran"): {"item_discounts": "The table of items has no discounts."},
    ("stripe", "dlt"): {
        "customers.metadata": OTHER_FORM,
        "subscriptions.metadata": OTHER_FORM,
        "item_discounts.subscription": LIST_IN_LIST,
        "item_discounts.subscription_item": LIST_IN_LIST,
        "invoice_line_items.discount_amounts": LIST_IN_LIST,
        "ignored: stripe/invoice__lines__data__discount_amounts": LIST_IN_LIST,
        **{
            f"event_item_discounts.{name}": LIST_IN_LIST
            for name in ("event", "event_type", "event_created", "subscription", "subscription_item")
        },
    },
    ("typeform", "fivetran"): {"responses.hidden": OTHER_FORM},
    ("typeform", "dlt"): {"responses.hidden": OTHER_FORM},
    ("hubspot", "airbyte"): {"contact_companies": "A contact has only its primary company."},
    ("hubspot", "fivetran"): {
        "contact_companies.type": OTHER_FORM,
        "contact_companies.type_id": OTHER_FORM,
    },
    ("hubspot", "export"): {
        "companies.hubspot_owner_id": "The export has the owner's name.",
        "companies.company_owner": "The API has the owner's id.",
        "companies.hs_parent_company_id": "An export names no parent company.",
        "companies.hs_lastmodifieddate": TO_THE_MINUTE,
        "contacts.createdate": TO_THE_MINUTE,
        "contacts.lastmodifieddate": TO_THE_MINUTE,
        "contact_companies": "A contact has only its primary company.",
        "owners": "There is no export of owners.",
    },
    ("hubspot", "dlt"): {"contact_companies.type": "The source drops the kind of a link."},
    ("chargebee", "airbyte"): {"customers.custom_fields": OTHER_FORM},
    ("chargebee", "airbyte_unflattened"): {"customers.custom_fields": OTHER_FORM},
    ("chargebee", "fivetran"): {
        "subscription_items.subscription_updated_at": NO_VERSION,
        "subscription_discounts.subscription_updated_at": NO_VERSION,
        "invoice_line_items.invoice_updated_at": NO_VERSION,
    },
    ("surveymonkey", "airbyte"): {
        "questions.survey_date_modified": NO_VERSION,
        "recipients": "The tool has no recipients.",
        "messages": "The tool has no messages.",
    },
    ("surveymonkey", "singer"): {
        "recipients": "The tool has no recipients.",
        "messages": "The tool has no messages.",
    },
    ("surveymonkey", "fivetran"): {
        "answers.date_modified": NO_VERSION,
        "questions.survey_date_modified": NO_VERSION,
        "questions.answers_choices": OTHER_FORM,
        "choices": OTHER_FORM,
        "responses.custom_variables": "An empty object has no columns.",
        "recipients.custom_fields": "An empty object has no columns.",
    },
    ("pipedrive", "airbyte"): {
        "organizations.owner_id": OTHER_FORM,
        "organizations.owner_id_value": OTHER_FORM,
        "organizations.active_flag": OTHER_FORM,
        "persons.org_id": OTHER_FORM,
        "persons.org_id_value": OTHER_FORM,
        "persons.email": OTHER_FORM,
        "persons.emails": OTHER_FORM,
        "persons.active_flag": OTHER_FORM,
    },
    ("pipedrive", "dlt"): {
        "persons.emails": "Addresses are a table of their own, which no contract reads.",
        "ignored: pipedrive/v2_persons__emails": "Addresses are a table of their own.",
    },
    ("qualtrics", "fivetran"): {"responses.values": OTHER_FORM, "question_responses": OTHER_FORM},
    ("qualtrics", "singer"): {"responses": "The tap has no responses."},
    ("zendesk", "fivetran"): {
        **dict.fromkeys(("ticket_audits", "audit_events", "ticket_field_history"), OTHER_HISTORY),
        "ticket_metrics": "The tool has no figures of Zendesk.",
        **dict.fromkeys(("survey_responses", "survey_answers"), "The tool has only the older survey."),
    },
    ("zendesk", "dlt"): {
        **dict.fromkeys(("audit_events", "child_events"), OTHER_HISTORY),
        **dict.fromkeys(("survey_responses", "survey_answers"), "The tool has only the older survey."),
    },
    ("freshdesk", "dlt"): {
        "conversations": "The tool has no conversations.",
        "satisfaction_ratings": "The tool has no ratings.",
        "tickets.stats_resolved_at": "The tool does not ask for the stats.",
        "tickets.stats_first_responded_at": "The tool does not ask for the stats.",
    },
    ("segment", "export"): OF_A_WAREHOUSE,
    ("rudderstack", "export"): OF_A_WAREHOUSE,
    ("delighted", "fivetran"): {
        "survey_responses.person": OTHER_FORM,
        "survey_responses.person_id": OTHER_FORM,
    },
}
"""By system and tool: every relation and column that differs from what the API gives, and why."""


@cache
def _contracts() -> dict[tuple[str, str], LandingObject]:
    return load_contracts()


Rows = dict[str, list[dict[str, Any]]]
"""By object of a contract: its rows, without columns of the loader."""


def raw_rows(folder: Path, system: str, shape: str) -> tuple[Rows, set[str]]:
    """Land the company in one shape; return the rows of each object, and what the loader ignored."""
    module = SYSTEMS[system]
    group = next((one for one in GROUPS.values() if module in one.systems), GROUPS["salesforce"])
    company = the_company()
    objects = objects_of(module, group.expressed(company), group.ids(company))
    case = make_case(folder)
    contracts = {key: one for key, one in _contracts().items() if key[0] == system}
    for name, text in delivered(module, objects, shape).items():
        path = case.settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = land(case.settings, contracts=contracts)
    assert [(one.label, one.reason) for one in report.new if one.status == "refused"] == []
    ignored = {f"ignored: {one.label}" for one in report.ignored}
    assert [one.label for one in report.new if one.rows_quarantined] == []
    connection = session()
    connection.execute("drop schema if exists raw cascade")
    create_raw_relations(connection, contracts, accepted_batches(case.settings))
    found = {}
    for contract in contracts.values():
        names = [name for name in contract.column_names if not name.startswith("_")]
        columns = ", ".join(quote_identifier(name) for name in names)
        rows = connection.execute(f"select {columns} from {contract.relation}").fetchall()
        found[contract.name] = [dict(zip(names, map(_value, row), strict=True)) for row in rows]
    return found, ignored


def _value(value: Any) -> Any:
    """Text of JSON is spelled in one way."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        return json.dumps(json.loads(value), sort_keys=True)
    return value


_API: dict[str, Rows] = {}


def _cases() -> Iterator[tuple[str, str]]:
    for system, module in SYSTEMS.items():
        for shape in module.SHAPES:
            if shape != "api":
                yield system, shape


@pytest.mark.parametrize(("system", "shape"), _cases())
def test_every_tool_gives_the_rows_of_the_api(tmp_path: Path, system: str, shape: str) -> None:
    if system not in _API:
        (tmp_path / "api").mkdir()
        _API[system], _ = raw_rows(tmp_path / "api", system, "api")
    expected = _API[system]
    (tmp_path / "tool").mkdir()
    found, different = raw_rows(tmp_path / "tool", system, shape)
    for name, rows in expected.items():
        others = found[name]
        if not rows and not others:
            continue
        if not rows or not others:
            different.add(name)
            continue
        columns = {column for column in rows[0] if _set(rows, [column]) != _set(others, [column])}
        different |= {f"{name}.{column}" for column in columns}
        same = [column for column in rows[0] if column not in columns]
        if _set(rows, same) != _set(others, same):
            different.add(f"{name} ({_example(_set(rows, same), _set(others, same))})")
    assert different == set(DIFFERENCES.get((system, shape), {}))


def _set(rows: list[dict[str, Any]], columns: list[str]) -> set[tuple[Any, ...]]:
    return {tuple(row[column] for column in columns) for row in rows}


def _example(one: set[tuple[Any, ...]], other: set[tuple[Any, ...]]) -> str:
    return f"{sorted(one - other, key=str)[:1]} and {sorted(other - one, key=str)[:1]}"
