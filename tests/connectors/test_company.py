"""One company, landed as plain exports and as the objects of vendors' APIs, gives the same marts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.database import connect
from orchestration.core.lock import hold_lock
from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.runner import prepare_manifest, run_dbt
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from tests.connectors import salesforce, stripe, typeform
from tests.connectors.company import AS_OF, Company, at, periods, the_company
from tests.connectors.shapes import as_api
from tests.shared import spare_parsing

pytestmark = pytest.mark.integration

MODELS = ("build", "--exclude-resource-type", "unit_test", "test")
"""The data tests of dbt run elsewhere."""

NOT_COMPARED = {"source_batch_id", "movement_id", "source_keys"}


def plain_files(company: Company, ids: dict[int, str], prefix: str) -> dict[str, str]:
    """The plain exports of the company, with the ids that the vendors' connectors give to accounts and plans."""
    accounts = [
        {
            "account_id": ids[one.number],
            "account_name": one.name,
            "domain": one.domain,
            "parent_account_id": ids[one.parent] if one.parent else None,
            "segment": one.segment,
            "industry": one.industry,
            "country": one.country,
            "acquisition_channel": one.channel,
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
    for row in periods(company):
        if row["period_start"] > at(AS_OF):
            continue  # a schedule, which no list of subscriptions contains
        account, customer = row.pop("account"), row.pop("customer")
        row["account_id"] = ids.get(account, f"{prefix}:{customer}")
        row["plan_id"] = f"{prefix}:prod_{row['plan_id']}"
        rows.append(row)
    plans = [
        {"plan_id": f"{prefix}:prod_{plan}", "plan_name": name, "product": name}
        for plan, name in company.plans.items()
    ]
    answers = [
        {
            "response_id": f"typeform:{one.id}",
            "account_id": ids[company.account_of(one.contact)],
            "respondent_email": company.contact(one.contact).email,
            "survey_type": one.survey,
            "score": one.score,
            "responded_at": one.answered,
        }
        for one in company.answers
        if one.contact and one.answered
    ]
    found = {"accounts": accounts, "contacts": contacts, "subscription_periods": rows, "plans": plans}
    return {
        **{f"generic/{name}/a.csv": _csv(rows) for name, rows in found.items()},
        "generic/survey_responses/a.csv": _csv(answers),
    }


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


def built(home: Path, files: Mapping[str, str]) -> Path:
    """Land files and build the marts; returns the database."""
    settings: Settings = load_settings(home=home, as_of=AS_OF, environment={})
    home.mkdir(parents=True)
    # Pseudonyms of different keys cannot be compared.
    (home / ".hash_key").write_text("a" * 64)
    for name, content in {**files, "generic/fx_rates/a.csv": RATES}.items():
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    report = land(settings)
    assert [batch.label for batch in report.new if batch.status == "refused"] == []
    assert report.ignored == ()
    if not any(settings.raw.glob("[!g]*/*/*.json")):
        spare_parsing(settings)
    warehouse = settings.home / "warehouse.duckdb"
    with hold_lock(settings.lock_file, "test") as lock:
        prepare_manifest(settings, dbt_version(), lock)
        with connect(warehouse) as connection:
            create_sources(connection, settings, accepted_batches(settings), None)
        run_dbt(settings, MODELS, warehouse)
    return warehouse


def differences(one: Path, other: Path, known: Callable[[str], str]) -> dict[str, list[str]]:
    """Return, by mart, the rows that only one of two databases has. `known` makes ids alike."""
    with connect() as connection:
        connection.execute(f"attach '{one}' as a (read_only)")
        connection.execute(f"attach '{other}' as b (read_only)")
        found: dict[str, list[str]] = {}
        marts = connection.execute(
            "select table_name, list(column_name order by column_index), list(data_type order by column_index)"
            " from duckdb_columns() where database_name = 'a' and schema_name = 'marts'"
            " and table_name not like '\\_%' escape '\\' group by all order by all"
        ).fetchall()
        for mart, names, types in marts:
            columns = ", ".join(
                known(name) if kind == "VARCHAR" else name
                for name, kind in zip(names, types, strict=True)
                if name not in NOT_COMPARED
            )
            queries = [f"select {columns} from {database}.marts.{mart}" for database in ("a", "b")]
            for sign, (first, second) in (("-", queries), ("+", queries[::-1])):
                rows = connection.execute(f"({first}) except all ({second}) order by all").fetchall()
                found.setdefault(mart, []).extend(f"{sign} {row}" for row in rows)
    return {mart: rows for mart, rows in found.items() if rows}


def alike(name: str) -> str:
    """SQL of an id without what only the vendor's form adds."""
    return f"regexp_replace(regexp_replace({name}, '^(stripe:)?si_', ''), '^stripe:S', 'S') as {name}"


def test_salesforce_stripe_and_typeform_give_the_marts_of_plain_exports(tmp_path: Path) -> None:
    company = the_company()
    ids = salesforce.account_ids(company)
    plain = built(tmp_path / "plain", plain_files(company, ids, "stripe"))
    files = {
        **{f"salesforce/{k}": v for k, v in as_api(salesforce.objects(company), salesforce.NAMES).items()},
        **{f"stripe/{k}": v for k, v in as_api(stripe.objects(company, ids), stripe.NAMES).items()},
        **{f"typeform/{k}": v for k, v in as_api(typeform.objects(company), typeform.NAMES).items()},
    }
    connected = built(tmp_path / "connected", files)
    found = differences(plain, connected, alike)
    assert found == {}, "\n".join(
        f"{mart}:\n  " + "\n  ".join(sorted(rows, key=lambda row: row[2:])[:8])
        for mart, rows in found.items()
    )
