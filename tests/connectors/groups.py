"""Groups of vendors that one company has, and how to deliver its facts as theirs or as plain exports."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any

from tests.connectors import (
    chargebee,
    chargebee_items,
    delighted,
    freshdesk,
    help_scout,
    hubspot,
    pipedrive,
    posthog,
    qualtrics,
    recurly,
    rudderstack,
    salesforce,
    segment,
    stripe,
    surveymonkey,
    typeform,
    zendesk,
)
from tests.connectors.company import AS_OF, Company, Subscription, Terms, at, periods
from tests.connectors.shapes import SHAPES, Files, Names, Objects
from tests.connectors.tickets import UPDATED, Ticket

Change = Callable[[Company], Company]


@dataclass(frozen=True)
class Group:
    """A system of each kind, and how their connectors call the facts."""

    crm: ModuleType
    billing: ModuleType
    survey: ModuleType
    desk: ModuleType
    tracking: ModuleType
    plan: Callable[[Subscription, Terms], str]
    item: Callable[[Subscription, Terms], str]
    plans: Callable[[Company], list[dict[str, Any]]]
    losses: Mapping[str, Change]
    """By sentence: what the systems cannot know, as facts without it."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Values of the facts that the vendor spells in its own way."""
    limits: Mapping[str, Change] = field(default_factory=dict)
    """By sentence: what no such system can express, as facts that it can."""

    @property
    def systems(self) -> tuple[ModuleType, ...]:
        return self.crm, self.billing, self.survey, self.desk, self.tracking

    def ids(self, company: Company) -> dict[int, str]:
        return {one.number: self.crm.account_id(one.number) for one in company.accounts}

    def expressed(self, company: Company) -> Company:
        """Return the facts as the systems can express them."""
        return changed(company, self.limits)

    def known(self, company: Company) -> Company:
        """Return what is left of them in what the systems deliver."""
        return changed(self.expressed(company), self.losses)


def changed(company: Company, changes: Mapping[str, Change]) -> Company:
    for sentence, change in changes.items():
        found = change(company)
        assert found != company, f"This changes nothing: {sentence}"
        company = found
    return company


GROUPS = {
    "salesforce": Group(
        salesforce,
        stripe,
        typeform,
        zendesk,
        segment,
        plan=lambda _, terms: f"prod_{terms.plan}",
        item=lambda _, terms: f"si_{terms.item}",
        plans=stripe.plans,
        losses={**typeform.LOSSES, **zendesk.LOSSES},
        words=zendesk.WORDS,
        limits=zendesk.LIMITS,
    ),
    "hubspot": Group(
        hubspot,
        chargebee,
        surveymonkey,
        freshdesk,
        rudderstack,
        plan=lambda _, terms: chargebee_items.plan_id(terms),
        item=chargebee_items.item_id,
        plans=chargebee.plans,
        losses={**chargebee.LOSSES, **freshdesk.LOSSES},
        words={**hubspot.WORDS, **freshdesk.WORDS},
        limits=freshdesk.LIMITS,
    ),
    "pipedrive": Group(
        pipedrive,
        recurly,
        qualtrics,
        help_scout,
        posthog,
        plan=recurly.plan_of,
        item=recurly.item_id,
        plans=recurly.plans,
        losses={**pipedrive.LOSSES, **recurly.LOSSES, **help_scout.LOSSES},
        limits={**recurly.LIMITS, **help_scout.LIMITS},
    ),
}
"""By its CRM: systems of which a company has one of each kind."""


SYSTEMS = {
    module.__name__.rpartition(".")[2]: module
    for module in (*(one for group in GROUPS.values() for one in group.systems), delighted)
}


def system_of(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def delivered(module: ModuleType, objects: Objects, shape: str) -> Files:
    """Return the files with which a tool delivers the objects of a system."""
    names: Names = module.NAMES
    if hasattr(module, "told"):
        objects, names = module.told(objects, shape)
    files = SHAPES[shape](objects, names)
    if hasattr(module, "mappings"):
        files |= module.mappings(shape)
    return {f"{system_of(module)}/{name}": text for name, text in files.items()}


def objects_of(module: ModuleType, company: Company, ids: dict[int, str]) -> Objects:
    """Return the objects of a system. Billing, the help desk and tracking know ids of the CRM."""
    knows_ids = any(module in (group.billing, group.desk, group.tracking) for group in GROUPS.values())
    found: Objects = module.objects(company, ids) if knows_ids else module.objects(company)
    return found


def plain_files(company: Company, group: Group) -> Files:
    """The plain exports of the company, with the ids that the connectors of the group give."""
    ids = group.ids(company)
    billing, survey = system_of(group.billing), system_of(group.survey)
    accounts = [
        {
            "account_id": ids[one.number],
            "account_name": one.name,
            "domain": one.domain,
            "parent_account_id": ids[one.parent] if one.parent else None,
            "segment": one.segment,
            "industry": group.words.get(one.industry, one.industry),
            "country": one.country,
            "acquisition_channel": group.words.get(one.channel, one.channel),
            "owner_name": one.owner,
            "created_at": one.created,
            "updated_at": "2024-01-05T14:03:11Z",
            "is_internal": one.is_internal,
        }
        for one in company.accounts
    ]
    contacts = [
        {
            "contact_id": f"c{person.number}",
            "account_id": ids[account.number],
            "email": person.email,
            "role": person.role,
        }
        for account in company.accounts
        for person in account.contacts
    ]
    rows = []
    for subscription, terms, row in periods(company):
        if row["period_start"] > at(AS_OF):
            continue  # a schedule, which no list of subscriptions contains
        row["account_id"] = ids.get(subscription.account, f"{billing}:{subscription.customer}")
        row["subscription_id"] = subscription.id
        row["item_id"] = group.item(subscription, terms)
        row["plan_id"] = f"{billing}:{group.plan(subscription, terms)}"
        rows.append(row)
    plans = [{**one, "plan_id": f"{billing}:{one['plan_id']}"} for one in group.plans(company)]
    answers = [
        {
            "response_id": f"{survey}:{group.survey.response_id(one)}",
            "account_id": ids[company.account_of(one.contact)],
            "respondent_email": company.contact(one.contact).email,
            "survey_type": one.survey,
            "survey_kind": "relational",
            "touchpoint": None,
            "ticket_id": None,
            "score": one.score,
            "sent_at": one.sent,
            "delivered": one.delivered,
            "responded_at": one.answered,
        }
        for one in company.answers
        if one.contact
    ]
    answers += _ratings(company, group)
    found: dict[str, list[dict[str, Any]]] = {
        "accounts": accounts,
        "contacts": contacts,
        "subscription_periods": rows,
        "plans": plans,
        "survey_responses": answers,
        "tickets": [_ticket(one, group) for one in company.tickets],
        "ticket_events": _events(company, group),
        "usage_events": _usage(company, group),
    }
    return {f"generic/{name}/a.csv": _csv(rows) for name, rows in found.items()}


def _ratings(company: Company, group: Group) -> list[dict[str, Any]]:
    ids, desk = group.ids(company), system_of(group.desk)
    found = []
    for one in company.ratings:
        ticket = company.ticket(one.ticket)
        answered, score = one.scores[-1] if one.scores else (None, None)
        found.append(
            {
                "response_id": f"{desk}:{group.desk.rating_id(one)}",
                "account_id": ids[ticket.account] if ticket.account else None,
                "respondent_email": ticket.email,
                "survey_type": "csat",
                "survey_kind": "transactional",
                "touchpoint": "support",
                "ticket_id": f"{desk}:{group.desk.ticket_id(one.ticket)}",
                "score": score,
                "sent_at": one.offered,
                "delivered": True,
                "responded_at": answered,
            }
        )
    return found


def _ticket(ticket: Ticket, group: Group) -> dict[str, Any]:
    desk = group.desk
    account = group.crm.account_id(ticket.account) if ticket.account else None
    into = ticket.merged_into
    return {
        "ticket_id": f"{system_of(desk)}:{desk.ticket_id(ticket.number)}",
        "account_id": account,
        "requester_email": ticket.email,
        "channel": "email",
        "priority": group.words.get(ticket.priority or "", ticket.priority),
        "category": ticket.category,
        "status": STATUSES.get(ticket.status, ticket.status),
        "created_at": ticket.created,
        "first_replied_at": ticket.replied,
        "solved_at": ticket.solved,
        "agent_replies": ticket.replies,
        "is_escalated": ticket.is_escalated,
        "updated_at": UPDATED,
        "is_spam": ticket.is_spam,
        "is_deleted": ticket.is_deleted,
        "merged_into_ticket_id": f"{system_of(desk)}:{desk.ticket_id(into)}" if into else None,
    }


STATUSES = {"hold": "on_hold"}


def _events(company: Company, group: Group) -> list[dict[str, Any]]:
    desk = group.desk
    kinds = {"public": "public_comment", "private": "private_comment"}
    return [
        {
            "event_id": f"E{ticket.number}-{place}",
            "ticket_id": f"{system_of(desk)}:{desk.ticket_id(ticket.number)}",
            "occurred_at": event.at,
            "event_type": kinds.get(event.kind, "status"),
            "status": None if event.kind in kinds else STATUSES.get(event.kind, event.kind),
            "author_kind": "agent" if event.by == "left" else event.by,
            "author_id": event.by,
        }
        for ticket in company.tickets
        for place, event in enumerate(ticket.events)
    ]


def _usage(company: Company, group: Group) -> list[dict[str, Any]]:
    """Page views show no activity, so they are left out."""
    ids = group.ids(company)
    return [
        {
            "event_id": f"E{event.number}",
            "account_id": ids[event.person.account],
            "user_id": event.person.email,
            "event_name": event.name,
            "occurred_at": event.happened,
        }
        for event in company.usage
    ]


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else value
