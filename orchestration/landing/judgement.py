"""What is wrong with what was delivered as a whole. The doctor and every run ask the same questions here.

Single files are judged while they are read; this compares objects with each other and looks at figures that
no rule forbids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from orchestration.contract import LandingObject
from orchestration.landing.batches import Batch
from orchestration.landing.files import IgnoredFile
from orchestration.landing.proposals import header_of, recognise
from orchestration.landing.relations import ReadingPolicies, create_raw_relations
from orchestration.pseudonyms import hand_over_key, load_hash_key
from orchestration.settings import PROJECT_DIR, Settings, project_policies
from orchestration.warehouse import connect, quote_literal

Level = Literal["note", "warn", "stops"]

MANY_CUSTOMERS = 10
"""From so many paying accounts on, one of them should not have most of the money."""

FACTOR = 50
"""A price so many times its plan's median, or a fraction of it, is probably in another unit."""

FEW_PRICES = 5
"""Prices of a plan that tell what is usual."""

OLDEST_YEAR, GAP_YEARS = 1990, 5
"""Starts of service before that year, or so many years before all but a tenth of them, are odd."""


@dataclass(frozen=True)
class Notice:
    """One thing that somebody should know before a run, or after it."""

    level: Level
    """`stops`: a run cannot succeed with it."""
    text: str


def judge_delivery(
    settings: Settings,
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Iterable[Batch],
    ignored: Iterable[IgnoredFile],
) -> list[Notice]:
    """Judge the accepted batches together, and the files that belong to no object."""
    accepted = [batch for batch in batches if batch.status == "accepted"]
    notices = [*_missing_objects(settings, contracts, accepted), *_unread_files(settings, ignored)]
    if accepted:
        with connect() as connection:
            hand_over_key(connection, load_hash_key(settings.home))
            create_raw_relations(connection, contracts, accepted, ReadingPolicies.of(settings))
            for question in (_currencies, _unknown_accounts, *_PLAUSIBLE):
                notices += question(connection, settings)
    return notices


def missing_objects(
    contracts: Mapping[tuple[str, str], LandingObject], batches: Iterable[Batch]
) -> list[LandingObject]:
    """Objects without which nothing can be built, and of which no file was ever accepted."""
    arrived = {(batch.source, batch.object) for batch in batches if batch.status == "accepted"}
    return [contract for key, contract in contracts.items() if contract.is_required and key not in arrived]


def missing_in_words(settings: Settings, contract: LandingObject) -> str:
    """What to do about an object that was never delivered."""
    needed = ", ".join(column.name for column in contract.columns if column.required)
    return (
        f"{contract.label}: no file has been accepted, and nothing can be built without. Put one into "
        f"{settings.landing / contract.source / contract.name} (csv, jsonl or parquet) with at least "
        "the columns "
        f"{needed}. `csw landing template {contract.name}` writes an example"
    )


def _missing_objects(
    settings: Settings, contracts: Mapping[tuple[str, str], LandingObject], batches: Iterable[Batch]
) -> Iterator[Notice]:
    for contract in missing_objects(contracts, batches):
        yield Notice("stops", missing_in_words(settings, contract))


def _unread_files(settings: Settings, ignored: Iterable[IgnoredFile]) -> Iterator[Notice]:
    for entry in ignored:
        text = f"ignored {entry.label}: {entry.reason}"
        path = _first_file(settings.landing / entry.label)
        found = recognise(header_of(path)) if path else None
        if found:
            text += (
                f". It looks like {found.name}: put it into {Path('generic') / found.object}/ with a "
                "mapping.yml; "
                f"`csw landing map {path}` proposes one"
            )
        yield Notice("warn", text)


def _first_file(path: Path) -> Path | None:
    """The file, or the first one in a folder that nothing reads."""
    if path.is_file():
        return path
    if path.is_symlink() or not path.is_dir():
        return None
    return next((one for one in sorted(path.iterdir()) if one.is_file()), None)


def _currencies(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    """Money without an exchange rate cannot be valued."""
    reporting = str({**project_policies(), **settings.policies}["reporting_currency"])
    seeds = PROJECT_DIR / "seeds" / "fx_rates.csv"
    for relation in ("subscription_periods", "contracts", "acquisition_costs", "invoices"):
        found = connection.execute(
            f"select upper(currency), count(*) from raw.generic__{relation} where currency is not null "
            f"and upper(currency) <> {quote_literal(reporting)} "
            "and upper(currency) not in (select upper(currency) from raw.generic__fx_rates) "
            f"and upper(currency) not in (select upper(currency) from read_csv({quote_literal(seeds)}, "
            "columns = {'currency': 'varchar', 'rate_on': 'varchar', 'rate': 'varchar'}, header = true)) "
            "group by 1 order by 2 desc, 1"
        ).fetchall()
        for currency, rows in found:
            yield Notice(
                "warn",
                f"generic/{relation}: {rows:,} rows are in {currency}, of which no exchange rate to "
                f"{reporting} is "
                "known. Deliver fx_rates, or fill seeds/fx_rates.csv",
            )


def _unknown_accounts(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    """Rows of accounts that the CRM does not know; most of an object means another system's ids."""
    for relation in ("subscription_periods", "survey_responses", "contracts", "invoices", "contacts"):
        row = connection.execute(
            "select count(*), count(*) filter (accounts.account_id is null and keys.source_key is null) "
            f"from raw.generic__{relation} as rows "
            "left join (select distinct account_id from raw.generic__accounts) as accounts using "
            "(account_id) "
            "left join (select distinct source_key from raw.generic__account_keys) as keys "
            "on rows.account_id = keys.source_key where rows.account_id is not null"
        ).fetchone()
        known = connection.execute("select 1 from raw.generic__accounts limit 1").fetchone()
        if known and row and row[1]:
            yield Notice(
                "warn",
                f"generic/{relation}: {row[1]:,} of {row[0]:,} rows name an account that "
                "generic/accounts lacks. "
                "Deliver these accounts, or link their ids in account_keys",
            )


# --------------------------------------------------------------------------------------------- plausibility
_MONTHLY = (
    'quantity_or_one * unit_amount / coalesce(interval_count, 1) * case "interval" '
    "when 'year' then 1 / 12.0 when 'week' then 52 / 12.0 when 'day' then 365 / 12.0 else 1 end"
)
_PRICES = (
    f"select *, {_MONTHLY} as monthly from (select *, coalesce(quantity, 1) as quantity_or_one "
    "from raw.generic__subscription_periods where coalesce(price_kind, 'recurring') = 'recurring' "
    "and is_deleted is not true)"
)


def _one_large_account(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    moment = quote_literal(settings.as_of_text)
    row = connection.execute(
        "select account_id, money, sum(money) over () as total, count(*) over () as accounts from ("
        f"select account_id, sum(monthly) as money from ({_PRICES}) "
        f"where period_start <= timestamp {moment} and (period_end is null or period_end > timestamp "
        f"{moment}) "
        "group by account_id, currency having sum(monthly) > 0) order by money desc, account_id limit 1"
    ).fetchone()
    if row and row[3] >= MANY_CUSTOMERS and row[1] > row[2] / 2:
        yield Notice(
            "warn",
            f"generic/subscription_periods: account {row[0]} has {row[1] / row[2]:.0%} of the money of "
            f"{row[3]:,} accounts. Look at its prices: cents for dollars, or a yearly price as a "
            "monthly one?",
        )


def _unusual_prices(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    rows = connection.execute(
        'with prices as (select *, unit_amount / coalesce(interval_count, 1) * case "interval" '
        "when 'year' then 1 / 12.0 when 'week' then 52 / 12.0 when 'day' then 365 / 12.0 else 1 end as price "
        f"from ({_PRICES}) where unit_amount > 0 and plan_id is not null), "
        "usual as (select plan_id, currency, median(price) as usual, count(*) as prices from prices "
        f"group by all having count(*) >= {FEW_PRICES}) "
        "select plan_id, count(*), min(subscription_id), any_value(usual) from prices "
        f"join usual using (plan_id, currency) where price >= {FACTOR} * usual or price * {FACTOR} <= usual "
        "group by plan_id order by 2 desc, 1"
    ).fetchall()
    for plan, number, subscription, usual in rows:
        yield Notice(
            "warn",
            f"generic/subscription_periods: {number:,} prices of plan {plan} are {FACTOR} times its usual "
            f"{usual:,.2f} a month or more, or a {FACTOR}th of it (subscription {subscription} "
            "first). Another unit?",
        )


def _no_plans(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    row = connection.execute(f"select count(*), count(plan_id) from ({_PRICES})").fetchone()
    if row and row[0] and not row[1]:
        yield Notice(
            "warn",
            "generic/subscription_periods: no row names a plan, so all MRR falls under plan unknown",
        )


def _old_dates(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[Notice]:
    found = connection.execute(
        "with years as (select year(period_start) as started, count(*) as periods, min(period_start) as first "
        "from raw.generic__subscription_periods group by 1), "
        "placed as (select *, sum(periods) over (order by started) as so_far, sum(periods) over () as total, "
        "lead(started) over (order by started) - started as gap from years) "
        f"select max(so_far), min(first) from placed where started < {OLDEST_YEAR} "
        f"or (gap > {GAP_YEARS} and so_far * 10 < total)"
    ).fetchone()
    if found and found[0]:
        yield Notice(
            "warn",
            f"generic/subscription_periods: {found[0]:,} rows start long before the others, the first on "
            f"{found[1]:%Y-%m-%d}. Months are counted from the first start",
        )


_PLAUSIBLE = (_one_large_account, _unusual_prices, _no_plans, _old_dates)
