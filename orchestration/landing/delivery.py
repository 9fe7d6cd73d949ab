"""Check a delivery as a whole. The doctor and every run use the same checks.

The loader checks single files while it reads them. This module compares objects with each other and warns of
implausible figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from orchestration.core.database import connect, quote_literal
from orchestration.core.policies import project_variables
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.spelling import did_you_mean
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.dbt_runner.pseudonyms import MASK, hand_over_key, load_hash_key
from orchestration.landing.attributes import has_attributes
from orchestration.landing.batches import Batch
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.relations import create_raw_relations

Level = Literal["note", "warn", "stops"]


@dataclass(frozen=True)
class Notice:
    """A note, warning or error about a delivery."""

    level: Level
    """`stops` means that a run cannot succeed."""
    text: str

    @property
    def sentence(self) -> str:
        return self.text if self.text.endswith("?") else f"{self.text}."


def check_delivery(
    settings: Settings,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Iterable[Batch],
) -> list[Notice]:
    """Check the accepted batches together."""
    accepted = [batch for batch in batches if batch.status == "accepted"]
    notices = [
        Notice("stops", describe_missing(settings, contract))
        for contract in missing_objects(contracts, accepted)
    ]
    notices += _unknown_without(contracts, accepted)
    if accepted:
        with connect() as connection:
            hand_over_key(connection, load_hash_key(settings.home))
            policies = ReadingPolicies.of(settings)
            create_raw_relations(connection, contracts, accepted, policies)
            notices += _findings(connection, settings)
            for contract in contracts.values():
                if has_attributes(contract):
                    notices += _of_attributes(connection, contract, accepted, policies.account_attributes)
    return notices


def missing_objects(
    contracts: Mapping[tuple[str, str], LandingObject], batches: Iterable[Batch]
) -> list[LandingObject]:
    """Return the required objects without an accepted file. Files of a connected system can replace them."""
    arrived = {(batch.source, batch.object) for batch in batches if batch.status == "accepted"}
    systems = project_variables()["connector_branches"]
    fed = {branch for source, _ in arrived for branch in systems.get(source, ())}
    return [
        contract
        for key, contract in contracts.items()
        if contract.is_required and key not in arrived and fed.isdisjoint(contract.replaced_by)
    ]


def _unknown_without(
    contracts: Mapping[tuple[str, str], LandingObject], accepted: Iterable[Batch]
) -> Iterator[Notice]:
    """Say what stays unknown because a connected system has not delivered an object."""
    arrived = {(batch.source, batch.object) for batch in accepted}
    systems = {source for source, _ in arrived}
    for key, contract in contracts.items():
        if contract.without and contract.source in systems and key not in arrived:
            yield Notice("note", f"{contract.label}: nothing has arrived, so {contract.without}")


def describe_missing(settings: Settings, contract: LandingObject) -> str:
    """Explain how to deliver a missing object."""
    needed = ", ".join(column.name for column in contract.columns if column.required)
    return (
        f"{contract.label}: no file has been accepted, and a run needs one. Put a file (csv, jsonl or "
        f"parquet) into {settings.landing / contract.source / contract.name} with at least the columns "
        f"{needed}. `csw landing template {contract.name}` writes an example. Files of a connected system "
        f"replace it (docs/connectors/README.md)"
    )


def _findings(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    """Run the checks of delivery_checks.yml on the raw relations."""
    declared = read_yaml(Path(__file__).with_name("delivery_checks.yml"))
    policies = settings.policies_in_force
    values = {
        "{as_of}": f"timestamp {quote_literal(settings.as_of_text)}",
        "{reporting_currency}": quote_literal(policies["reporting_currency"]),
        "{fx_policy}": quote_literal(policies["fx_policy"]),
        "{fx_max_age_days}": str(int(policies["fx_max_age_days"])),
        "{first_loaded_month}": quote_literal(_month(policies["first_loaded_month"])),
        "{seeded_rates}": quote_literal(PROJECT_DIR / "seeds" / "fx_rates.csv"),
    }
    for view in ("rates", "periods"):
        connection.execute(f"create temp view {view} as {_filled(declared[view], values)}")
    for check in declared["checks"]:
        cursor = connection.execute(_filled(check["query"], values))
        names = [column[0] for column in cursor.description or ()]
        for row in cursor.fetchall():
            text = check["text"].format(**dict(zip(names, row, strict=True)))
            yield Notice(check.get("level", "warn"), text)


def _of_attributes(
    connection: duckdb.DuckDBPyConnection,
    contract: LandingObject,
    batches: Iterable[Batch],
    attributes: Iterable[str],
) -> Iterator[Notice]:
    """Warn of attributes without any value, and of attributes with e-mail addresses."""
    known = {
        name
        for batch in batches
        if (batch.source, batch.object) == (contract.source, contract.name)
        for name in batch.extra_columns or ()
    }
    for name in attributes:
        values, masked = connection.execute(
            f"select count({name}), count(*) filter (contains({name}, {quote_literal(MASK)})) "
            f"from {contract.relation}"
        ).fetchone() or (0, 0)
        if not values:
            yield Notice(
                "warn",
                f"{contract.label}: no row has a value of {name}, which account_attributes lists."
                f"{did_you_mean(name, known - {name})} Deliver a column of this name, or correct the policy",
            )
        if masked:
            yield Notice(
                "warn",
                f"{contract.label}: {name} contains an e-mail address (rows: {masked:,}). The marts show a "
                "mask instead. Deliver a name without the address",
            )


def _filled(query: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def _month(policy: object) -> str:
    """Return YYYY-MM of a policy with a month; an empty text, which sorts first, for `none`."""
    return "" if str(policy) == "none" else str(policy)[:7]
