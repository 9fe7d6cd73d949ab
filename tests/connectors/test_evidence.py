"""Whatever evidence Stripe's history has, the revenue of a company is that of its plain exports."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.connectors import salesforce, stripe, typeform
from tests.connectors.company import AS_OF, Company, State, Subscription, Terms, at, moments, utc
from tests.connectors.facts import the_company
from tests.connectors.groups import GROUPS, Change, changed, delivered, plain_files
from tests.connectors.limits import without_unpaid_states
from tests.connectors.shapes import Files, Record, as_api, as_fivetran, as_fivetran_history
from tests.connectors.warehouses import built, differences, shown
from tests.shared import made_once

pytestmark = pytest.mark.integration

REVENUE = (
    "build",
    "--select",
    "+mrr_monthly",
    "+fct_mrr_movements",
    "--exclude-resource-type",
    "unit_test",
    "test",
)
GROUP = GROUPS["salesforce"]
DELIVERIES = [
    at(day)
    for day in ("2024-02-20", "2024-05-02", "2024-07-02", "2024-09-10", "2024-10-06", "2025-03-02", AS_OF)
]


def started(company: Company) -> list[Subscription]:
    return [one for one in company.subscriptions if one.start <= at(AS_OF)]


def _files(objects: Mapping[str, list[Record]], *left_out: str) -> Files:
    kept = {name: records for name, records in objects.items() if name not in left_out}
    return as_api(kept, stripe.NAMES)


def by_deliveries(company: Company, ids: dict[int, str]) -> Files:
    """Several deliveries of the subscriptions, and invoices."""
    files = _files(stripe.objects(company, ids, events=False), "subscriptions")
    for moment in DELIVERIES:
        records = [stripe.snapshot(one, moment, "A") for one in started(company) if one.start <= moment]
        stamp = {"_airbyte_extracted_at": utc(moment), "_airbyte_raw_id": "r", "_airbyte_meta": "{}"}
        files[f"subscriptions/{moment:%Y%m%d}.jsonl"] = "".join(
            json.dumps(record | stamp) + "\n" for record in records
        )
    return files


def by_loader(company: Company, ids: dict[int, str]) -> Files:
    """The history of Fivetran, which has versions of subscriptions, but not of their items."""
    objects = stripe.objects(company, ids, events=False)
    files = as_fivetran(objects, stripe.NAMES)
    del files["subscription/part.csv"]
    versions = []
    for one in started(company):
        times = moments(one)
        for start, end in zip(times, [*times[1:], None], strict=True):
            versions.append((stripe.snapshot(one, start, "A"), utc(start) or "", utc(end)))
    return files | as_fivetran_history(versions, stripe.NAMES["subscriptions"])


def by_events(company: Company, ids: dict[int, str]) -> Files:
    return _files(stripe.objects(company, ids), "invoices")


def by_lines(company: Company, ids: dict[int, str]) -> Files:
    """The last snapshot, and invoices."""
    return _files(stripe.objects(company, ids, events=False))


def with_states(number: int, *states: State) -> Change:
    """Replace the states of an account's subscription."""

    def change(company: Company) -> Company:
        found = tuple(
            replace(one, states=states) if one.account == number else one for one in company.subscriptions
        )
        return replace(company, subscriptions=found)

    return change


def with_discounts_while_billed(company: Company) -> Company:
    def cut(terms: Terms) -> list[Terms]:
        if terms.end or terms.discount is None or terms.discount.level != "item":
            return [terms]
        return [replace(terms, end=at(AS_OF)), replace(terms, start=at(AS_OF), discount=None)]

    return _with_terms(company, cut)


def _with_terms(company: Company, cut: Callable[[Terms], list[Terms]]) -> Company:
    found = tuple(
        replace(one, terms=tuple(part for terms in one.terms for part in cut(terms)))
        for one in company.subscriptions
    )
    return replace(company, subscriptions=found)


@dataclass(frozen=True)
class Evidence:
    files: Callable[[Company, dict[int, str]], Files]
    losses: Mapping[str, Change] = field(default_factory=dict)
    """By sentence: what it cannot show, as facts without it."""


LATE = at("2024-09-01")
PAUSED, RESUMED = at("2024-05-02"), at("2024-07-01")

EVIDENCE = {
    "deliveries": Evidence(
        by_deliveries,
        {
            "A pause begins with the delivery that shows it.": with_states(
                12,
                State("active", at("2024-01-01"), PAUSED),
                State("paused", PAUSED, RESUMED),
                State("active", RESUMED),
            ),
            "No delivery shows the second stage of a failure to pay.": (
                with_states(
                    11,
                    State("active", at("2024-03-01"), LATE),
                    State("past_due", LATE, at("2024-10-05")),
                )
            ),
        },
    ),
    "loader": Evidence(
        by_loader,
        {
            "Only invoice lines show the discount of an item, so it lasts as long as they do.": (
                with_discounts_while_billed
            )
        },
    ),
    "events": Evidence(by_events),
    "lines": Evidence(
        by_lines,
        {
            "A subscription is active while its payments fail.": without_unpaid_states,
            "A pause that is over is active.": with_states(12, State("active", at("2024-01-01"))),
        },
    ),
}
"""By kind of evidence: the files with it, and what it cannot show."""


def _plain(company: Company) -> Path:
    key = f"revenue-{zlib.crc32(repr(company).encode())}"
    return made_once(key, lambda folder: built(folder / "home", plain_files(company, GROUP), REVENUE))


@pytest.mark.parametrize("kind", EVIDENCE)
def test_every_kind_of_evidence_gives_the_revenue_of_plain_exports(tmp_path: Path, kind: str) -> None:
    company, evidence = the_company(), EVIDENCE[kind]
    ids = GROUP.ids(company)
    files = delivered(salesforce, salesforce.objects(company), "api")
    # With all systems of the group, the test shares a parsed project.
    files |= delivered(typeform, typeform.objects(company), "api")
    files |= {f"stripe/{name}": text for name, text in evidence.files(company, ids).items()}
    connected = built(tmp_path / "connected", files, REVENUE, systems="salesforce")
    found = differences(_plain(changed(company, evidence.losses)), connected)
    assert found == {}, shown(found)
