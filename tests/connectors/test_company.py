"""One company, landed as plain exports and as the objects of vendors' APIs, gives the same marts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from orchestration.core.database import connect
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.runner import prepare_manifest, run_dbt
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from tests.connectors import (
    chargebee,
    hubspot,
    pipedrive,
    qualtrics,
    recurly,
    salesforce,
    stripe,
    surveymonkey,
    typeform,
)
from tests.connectors.company import AS_OF, Company, Subscription, Terms, at, periods, the_company
from tests.connectors.shapes import SHAPES, Files, Names, Objects
from tests.shared import spare_parsing

pytestmark = pytest.mark.integration

MODELS = ("build", "--exclude-resource-type", "unit_test", "test")
"""The data tests of dbt run elsewhere."""

NOT_COMPARED = {"source_batch_id", "movement_id", "source_keys"}

Change = Callable[[Company], Company]


@dataclass(frozen=True)
class Group:
    """A CRM, a billing system and a survey system, and how their connectors call the facts."""

    crm: ModuleType
    billing: ModuleType
    survey: ModuleType
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
        return self.crm, self.billing, self.survey

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
        plan=lambda _, terms: f"prod_{terms.plan}",
        item=lambda _, terms: f"si_{terms.item}",
        plans=stripe.plans,
        losses=typeform.LOSSES,
    ),
    "hubspot": Group(
        hubspot,
        chargebee,
        surveymonkey,
        plan=lambda _, terms: chargebee.plan_id(terms),
        item=chargebee.item_id,
        plans=chargebee.plans,
        losses=chargebee.LOSSES,
        words=hubspot.WORDS,
    ),
    "pipedrive": Group(
        pipedrive,
        recurly,
        qualtrics,
        plan=recurly.plan_of,
        item=recurly.item_id,
        plans=recurly.plans,
        losses={**pipedrive.LOSSES, **recurly.LOSSES},
        limits=recurly.LIMITS,
    ),
}
"""By its CRM: three systems of which a company has one of each kind."""


def system_of(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def delivered(module: ModuleType, objects: Objects, shape: str) -> Files:
    """Return the files with which a tool delivers the objects of a system."""
    names: Names = module.NAMES
    if hasattr(module, "told"):
        objects, names = module.told(objects, shape)
    return {f"{system_of(module)}/{name}": text for name, text in SHAPES[shape](objects, names).items()}


def objects_of(module: ModuleType, company: Company, ids: dict[int, str]) -> Objects:
    """Return the objects of a system. Billing knows ids of the CRM."""
    is_billing = module in (stripe, chargebee, recurly)
    found: Objects = module.objects(company, ids) if is_billing else module.objects(company)
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
            "score": one.score,
            "sent_at": one.sent,
            "delivered": one.delivered,
            "responded_at": one.answered,
        }
        for one in company.answers
        if one.contact
    ]
    found = {
        "accounts": accounts,
        "contacts": contacts,
        "subscription_periods": rows,
        "plans": plans,
        "survey_responses": answers,
    }
    return {f"generic/{name}/a.csv": _csv(rows) for name, rows in found.items()}


RATES = "currency,rate_on,rate\n" + "".join(
    f"{currency},{day},{rate}\n"
    for currency, rate in (("EUR", "1.1"), ("JPY", "0.0068"), ("KWD", "3.25"))
    for day in [f"{year}-{month:02}-01" for year in (2023, 2024, 2025, 2026) for month in range(1, 13)]
)


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


def landed(home: Path, files: Mapping[str, str]) -> Settings:
    """Land files in a new warehouse."""
    settings: Settings = load_settings(home=home, as_of=AS_OF, environment={})
    home.mkdir(parents=True, exist_ok=True)
    # Pseudonyms of different keys cannot be compared.
    (home / ".hash_key").write_text("a" * 64)
    for name, content in files.items():
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    report = land(settings)
    assert [(batch.label, batch.reason) for batch in report.new if batch.status == "refused"] == []
    assert report.ignored == ()
    return settings


def built(home: Path, files: Mapping[str, str]) -> Path:
    """Land files and build the marts; returns the database."""
    settings = landed(home, {**files, "generic/fx_rates/a.csv": RATES})
    if not any(settings.raw.glob("[!g]*/*/*.json")):
        spare_parsing(settings)
    warehouse = settings.home / "warehouse.duckdb"
    with hold_lock(settings.lock_file, "test") as lock:
        prepare_manifest(settings, dbt_version(), lock)
        with connect(warehouse) as connection:
            create_sources(connection, settings, accepted_batches(settings), None)
        run_dbt(settings, MODELS, warehouse)
    return warehouse


def differences(one: Path, other: Path) -> dict[str, list[str]]:
    """Return, by mart, the rows that only one of two databases has."""
    with connect() as connection:
        connection.execute(f"attach '{one}' as a (read_only)")
        connection.execute(f"attach '{other}' as b (read_only)")
        found: dict[str, list[str]] = {}
        marts = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where database_name = 'a' and schema_name = 'marts'"
            " and table_name not like '\\_%' escape '\\' group by all order by all"
        ).fetchall()
        for mart, names in marts:
            columns = ", ".join(name for name in names if name not in NOT_COMPARED)
            queries = [f"select {columns} from {database}.marts.{mart}" for database in ("a", "b")]
            for sign, (first, second) in (("-", queries), ("+", queries[::-1])):
                rows = connection.execute(f"({first}) except all ({second}) order by all").fetchall()
                found.setdefault(mart, []).extend(f"{sign} {row}" for row in rows)
    return {mart: rows for mart, rows in found.items() if rows}


def shown(found: Mapping[str, list[str]]) -> str:
    return "\n".join(
        f"{mart}:\n  " + "\n  ".join(sorted(rows, key=lambda row: row[2:])[:8])
        for mart, rows in found.items()
    )


@pytest.mark.parametrize("name", GROUPS)
def test_the_systems_of_a_group_give_the_marts_of_plain_exports(tmp_path: Path, name: str) -> None:
    group, company = GROUPS[name], the_company()
    plain = built(tmp_path / "plain", plain_files(group.known(company), group))
    files: Files = {}
    for module in group.systems:
        objects = objects_of(module, group.expressed(company), group.ids(company))
        files |= delivered(module, objects, "api")
    connected = built(tmp_path / "connected", files)
    found = differences(plain, connected)
    assert found == {}, shown(found)
