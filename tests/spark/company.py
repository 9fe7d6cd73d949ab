"""A simulated company that DuckDB lands from messy exports, its corrections, and its previous release."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.policies import policy_catalog
from orchestration.core.settings import Settings, load_settings
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from simulator import simulate

UNTIL = date(2026, 1, 1)
BEFORE = "2025-11-15"
BEFORE_POLICIES = {"discount_policy": "none"}
"""Instant and policies of the previous release; no preset has these policies."""

POLICIES: dict[str, Any] = {
    "account_attributes": ["region"],
    "slice_dimensions": [*policy_catalog()["slice_dimensions"]["items"], "region"],
    "nps_min_responses": 2,
}
"""The company has an attribute, which a further file delivers under another spelling, for some accounts.

Its surveys have few answers, so bands and NPS of cohorts would be null with more as a minimum.
"""

ACCOUNTS, MONTHS, SEED = 90, 20, 11

PREVIOUS_RELEASE = "before"


def land_company(home: Path) -> Settings:
    """Simulate the company, land its files and put the raw relations into the home's warehouse."""
    settings = load_settings(home, as_of=UNTIL.isoformat(), environment={})
    settings = replace(settings, policies=POLICIES)
    simulate(ACCOUNTS, MONTHS, SEED, settings.landing, until=UNTIL, messy=True)
    land(settings)
    create_company_sources(settings, None)
    _deliver_regions(settings)
    create_company_sources(settings, None)
    return settings


def _deliver_regions(settings: Settings) -> None:
    with connect(settings.home / "warehouse.duckdb", read_only=True) as connection:
        found = connection.execute(
            "select distinct account_id from raw.generic__accounts order by 1"
        ).fetchall()
    lines = [f"{account_id},{('EMEA', 'AMER', '')[place % 3]}" for place, (account_id,) in enumerate(found)]
    path = settings.landing / "generic" / "accounts" / "regions.csv"
    path.write_text("\n".join(["account_id,Region", *lines, ""]), encoding="utf-8")
    (batch,) = land(settings).new
    assert batch.status == "accepted", batch.reason


def create_company_sources(settings: Settings, previous: str | None) -> None:
    """Create the relations that the dbt sources declare; `previous` is the id of the previous release."""
    with connect(settings.home / "warehouse.duckdb") as connection:
        create_sources(connection, settings, accepted_batches(settings), previous)


def follow_release(settings: Settings) -> None:
    """Make a release of the marts in the warehouse, as the previous release of later builds."""
    folder = settings.releases / PREVIOUS_RELEASE / "parquet"
    export_layer(settings.home / "warehouse.duckdb", "marts", folder)
    create_company_sources(settings, PREVIOUS_RELEASE)


def export_layer(warehouse: Path, layer: str, folder: Path) -> None:
    """Write every relation of a layer to `<folder>/<relation>.parquet`."""
    folder.mkdir(parents=True)
    with connect(warehouse, read_only=True) as connection:
        for (name,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = ?", [layer]
        ).fetchall():
            target = quote_literal(folder / f"{name}.parquet")
            connection.execute(f"copy (from {layer}.{quote_identifier(name)}) to {target}")


def corrections(warehouse: Path) -> dict[str, str]:
    """Seeds as CSV text by name, with a correction of every kind for the landed company."""
    with connect(warehouse, read_only=True) as connection:
        connection.execute(
            """
            create temp table subscriptions as
            select
                account_id, subscription_id, cast(min(period_start) as date) as starts_on,
                bool_and(period_end is null) as is_open, max(cancel_kind) as cancel_kind
            from raw.generic__subscription_periods
            where coalesce(price_kind, 'recurring') = 'recurring' and not coalesce(is_deleted, false)
            group by all
            """
        )
        ask = partial(_first_row, connection)
        (internal,) = ask("max(account_id) from raw.generic__accounts")
        running, day = ask("subscription_id, starts_on + 45 from subscriptions where is_open")
        (left,) = ask("subscription_id from subscriptions where cancel_kind is not null")
        later, earlier = ask(
            "later.subscription_id, earlier.subscription_id from subscriptions as later "
            "join subscriptions as earlier using (account_id) where later.starts_on > earlier.starts_on"
        )
        currency, rate_on = ask("currency, min(rate_on) - 1 from raw.generic__fx_rates group by all")
    why = """Ann,"Ann's ""word"" on it","""
    texts = {
        "fx_rates": ("currency,rate_on,rate", f"{currency},{rate_on},0.000012345678"),
        "overrides_accounts": ("account_id,is_internal,author,reason,expires_on", f"{internal},true,{why}"),
        "overrides_cancellations": (
            "subscription_id,item_id,cancelled_at,author,reason,expires_on",
            f"{running},,{day},{why}2031-01-01",
        ),
        "overrides_churn_reasons": (
            "subscription_id,item_id,churn_kind,churn_reason,author,reason,expires_on",
            f"{left},,Dispute,a \\ backslash,{why}",
        ),
        "overrides_subscription_links": (
            "subscription_id,replaces_subscription_id,author,reason,expires_on",
            f"{later},{earlier},{why}",
        ),
    }
    return {name: f"{header}\n{row}\n" for name, (header, row) in texts.items()}


def _first_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[str, ...]:
    row = connection.execute(f"select {query} order by all limit 1").fetchone()
    assert row is not None, f"the company has nothing of the kind: {query}"
    return tuple(str(value) for value in row)
