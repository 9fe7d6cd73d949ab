"""The landing tables as the objects of vendors' APIs. `generic` stays the plain export."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.core.database import quote_literal
from simulator.tables import PARQUET_OPTIONS
from simulator.vendors import meetings, salesforce, segment, stripe, typeform, zendesk
from simulator.vendors.ids import Company


@dataclass(frozen=True)
class System:
    """A system whose files the simulator can write."""

    keeps: Mapping[str, str]
    """By plain export: a condition for the rows that stay there, because the system does not hold them."""
    objects: Callable[[duckdb.DuckDBPyConnection, Company], Mapping[str, str]]
    """Returns a query for each object. Its rows become JSON objects."""
    links: str = ""
    """A statement that makes the plain exports refer to the records of the system."""
    truth: Mapping[str, str] = field(default_factory=dict)
    """By file of the truth: a query for what only the simulator knows about the records."""


SYSTEMS: Mapping[str, System] = {
    "salesforce": System(
        {"accounts": "false", "contacts": "false", "contracts": "false"}, salesforce.objects, salesforce.LINKS
    ),
    "stripe": System(
        {
            "plans": "false",
            "subscription_periods": "false",
            "invoices": "false",
            "account_keys": "source_system <> 'billing'",
        },
        stripe.objects,
        truth={"customers": stripe.TRUTH},
    ),
    # Typeform knows no invitations, and other surveys go out with another tool.
    "typeform": System(
        {"survey_responses": "survey_type <> 'nps' or score is null"}, typeform.objects, typeform.LINKS
    ),
    # Zendesk asks only for CSAT after a ticket.
    "zendesk": System(
        {
            "tickets": "false",
            "ticket_events": "false",
            "survey_responses": "survey_type <> 'csat' or ticket_id is null",
        },
        zendesk.objects,
        zendesk.LINKS,
        {"tickets": zendesk.TRUTH},
    ),
    "segment": System({"usage_events": "false"}, segment.objects, truth={"groups": segment.TRUTH}),
    "meetings": System({"calls": "false"}, meetings.objects),
}
GENERIC = "generic"
EVERYTHING = "true"


def kept(systems: Sequence[str], table: str) -> str:
    """Return a condition for the rows of a plain export that no system holds."""
    conditions = [SYSTEMS[one].keeps[table] for one in systems if table in SYSTEMS[one].keeps]
    return " and ".join(f"({one})" for one in conditions) or EVERYTHING


def write_objects(
    connection: duckdb.DuckDBPyConnection,
    work: Path,
    name: str,
    systems: Sequence[str],
    until: str,
    *,
    is_messy: bool,
    parquet_above: int,
) -> dict[str, int]:
    """Write the files of the systems into `work`, before their rows leave the plain exports.

    An object with more than `parquet_above` rows becomes Parquet, any other JSON Lines. An object without
    rows has no file. Returns the rows per file, by relative path.
    """
    rows: dict[str, int] = {}
    company = Company(until, "salesforce" in systems, is_messy)
    for system in systems:
        for name_of_object, query in SYSTEMS[system].objects(connection, company).items():
            found = int(connection.execute(f"select count(*) from ({query})").fetchall()[0][0])
            if not found:
                continue
            folder = work / system / name_of_object
            folder.mkdir(parents=True)
            is_large = found > parquet_above
            target = folder / f"{name}.{'parquet' if is_large else 'jsonl'}"
            options = PARQUET_OPTIONS if is_large else "format json"
            connection.execute(f"copy ({query}) to {quote_literal(target)} ({options})")
            rows[target.relative_to(work).as_posix()] = found
    for system in systems:
        if SYSTEMS[system].links:
            connection.execute(SYSTEMS[system].links)
    return rows
