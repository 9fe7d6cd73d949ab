"""Files of every system with a connector: simulated, of the written company, and of rare kinds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestration.core.settings import Settings
from orchestration.landing import land
from simulator import simulate
from simulator.vendors import SYSTEMS as SIMULATED
from tests.connectors import delighted, hubspot, meetings, pipedrive, salesforce, stripe
from tests.connectors.facts import the_company
from tests.connectors.groups import GROUPS, delivered, objects_of
from tests.connectors.shapes import SYNCED_AT, Files, Record, as_api
from tests.connectors.stripe_companies import COMPANIES
from tests.connectors.stripe_rows import StripeRows
from tests.connectors.test_surveys import RAW as SURVEYS
from tests.connectors.warehouses import RATES
from tests.spark.company import UNTIL

ACCOUNTS, MONTHS, USAGE_MONTHS, SEED = 60, 20, 3, 5

RARE: Mapping[str, Sequence[Record]] = {
    "generic.contacts": [{"contact_id": "C9", "account_id": "A4", "email": "di@gmail.com"}],
    "stripe.customers": [{"id": "cus_of_a_contact", "email": "di@gmail.com"}],
    "chargebee.customers": [{"id": "child_of_a_customer", "relationship_parent_id": "cus_1"}],
    "salesforce.accounts": [
        {
            "id": salesforce.account_id(900),
            "name": "Holds a key",
            "Stripe_Customer_ID__c": "cus_3",
        }
    ],
    "hubspot.companies": [{"id": hubspot.account_id(900), "stripe_customer_id": "cus_1"}],
    "hubspot.deals": [
        {"id": "1", "hs_is_closed_won": True, "closedate": "2024-03-01", "deal_currency_code": "eur"},
        {"id": "2", "pipeline": "sales", "dealstage": "won", "closedate": "2025-03-01"},
    ],
    "hubspot.pipeline_stages": [{"pipeline_id": "sales", "id": "won", "metadata_probability": "1.0"}],
    "hubspot.deal_companies": [
        {"deal_id": deal, "company_id": hubspot.account_id(1), "type": "deal_to_company"} for deal in "12"
    ],
    "hubspot.line_items": [
        {"id": "11", "deal_id": "1", "quantity": 3, "price": "19.99"}
        | {"recurringbillingfrequency": "quarterly", "hs_recurring_billing_period": "P12M"},
        {"id": "12", "hs_tcv": 900, "recurringbillingfrequency": "annually"}
        | {"hs_recurring_billing_period": "P90D", "hs_recurring_billing_start_date": "2025-04-01"},
        {"id": "13", "deal_id": "1", "amount": 5, "recurringbillingfrequency": "monthly"},
    ],
    "hubspot.deal_line_items": [{"deal_id": "2", "line_item_id": "12"}],
    "pipedrive.organizations": [
        {"id": pipedrive.account_id(500), "name": "Holds a key", "custom_fields": {"stripe_id": "cus_2"}}
        | {pipedrive.key_of(field): None for field in pipedrive.FIELDS}
    ],
    "chargebee.contract_terms": [
        {"id": "ct", "subscription_id": "S1", "status": "active", "total_contract_value": 120_000}
        | {"contract_start": "2024-01-15T00:00:00Z", "contract_end": "2025-01-15T00:00:00Z"}
        | {"action_at_term_end": "renew"}
    ],
    "recurly.subscriptions": [
        {"id": "committed", "account_id": "a1", "state": "active", "currency": "USD", "subtotal": "99.5"}
        | {"total_billing_cycles": 12, "auto_renew": renews, "updated_at": f"{year}-01-02"}
        | {"current_term_started_at": f"{year}-01-01", "current_term_ends_at": f"{year + 1}-01-01"}
        for year, renews in ((2024, True), (2025, False))
    ],
    "freshdesk.tickets": [
        {"id": 901, "status": 99, "created_at": "2024-05-01T10:00:00Z"},
        {"id": 902, "status": 2, "deleted": True},
    ],
    "freshdesk.conversations": [{"id": 903, "created_at": "2024-05-01T10:00:00Z"}],
}
"""By relation: rows of kinds that the other companies lack. Names are those of the contracts."""


def deliver_systems(settings: Settings, scratch: Path) -> None:
    """Land files of every system beside the plain exports of a company."""
    simulate(
        *(ACCOUNTS, MONTHS, SEED, scratch),
        until=UNTIL,
        messy=True,
        systems=tuple(SIMULATED),
        usage_months=USAGE_MONTHS,
    )
    for system in SIMULATED:
        shutil.copytree(scratch / system, settings.landing / system)
    for name, text in {**_written(), **_rows()}.items():
        path = settings.landing / name
        assert not path.exists(), name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    report = land(settings)
    assert [(batch.label, batch.reason) for batch in report.new if batch.status != "accepted"] == []
    assert report.ignored == ()


def _written() -> Files:
    """The written company, as each system delivers it, and the exchange rates of its currencies."""
    files: Files = {"generic/fx_rates/written.csv": RATES}
    for group in GROUPS.values():
        company = group.expressed(the_company())
        ids = group.ids(company)
        for module in group.systems:
            objects = objects_of(module, company, ids)
            if module is stripe:
                objects = stripe.of_two_generations(company, ids)
            files |= delivered(module, objects, "api")
    files |= delivered(delighted, delighted.objects(the_company()), "api")
    for records, names in ((meetings.gong(), meetings.GONG), (meetings.tldv(), meetings.TLDV)):
        [folder] = names
        files |= {f"meetings/{name}": text for name, text in as_api({folder: records}, names).items()}
    return files | {f"meetings/{name}": text for name, text in meetings.zoom().items()}


def _rows() -> Files:
    """Rows in the columns of the contracts, as Airbyte delivers them at their times."""
    subscriptions = StripeRows()
    for write in COMPANIES:
        write(subscriptions)
    found: dict[str, list[Record]] = {}
    for source in (SURVEYS, RARE):
        for relation, rows in source.items():
            found.setdefault(relation, []).extend(dict(row) for row in rows)
    for name, rows in subscriptions.rows.items():
        found.setdefault(f"stripe.{name}", []).extend(_delivered(row) for row in rows)
    return {f"{name.replace('.', '/')}/rows.jsonl": _lines(rows) for name, rows in found.items()}


def _delivered(row: Mapping[str, Any]) -> Record:
    kept = {name: value for name, value in row.items() if not name.startswith("_")}
    return kept | {"_airbyte_extracted_at": f"{datetime.fromisoformat(row['_loaded_at']).isoformat()}Z"}


def _lines(rows: Sequence[Record]) -> str:
    stamped = ({"_airbyte_extracted_at": SYNCED_AT, "_airbyte_raw_id": "r", **row} for row in rows)
    return "".join(json.dumps(row) + "\n" for row in stamped)
