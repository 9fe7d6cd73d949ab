"""Raw rows of Stripe, written by hand, and the periods that the models build from them."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from orchestration.core.database import connect, quote_identifier
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, load_settings
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE, invoke_dbt, prepare_profile
from orchestration.dbt_runner.landing_contract import BATCH_COLUMNS, LOADER_COLUMNS
from orchestration.dbt_runner.pseudonyms import load_hash_key

BRANCHES = [
    "customers",
    "account_references",
    "plans",
    "billing_states",
    "billing_terms",
    "billing_discounts",
    "invoices",
    "exceptions",
]
AS_OF = "2024-07-01"

Row = dict[str, Any]


@dataclass
class StripeRows:
    """Rows of raw relations, by object. Every instant is UTC."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, at: str, **values: Any) -> None:
        """One row of an object, delivered at an instant."""
        arrival = {"_loaded_at": at, "_batch_id": "b", "_row": 1}
        self.rows.setdefault(table, []).append(arrival | values)

    def subscription(self, name: str, at: str = "2024-06-15", **values: Any) -> None:
        """One delivered version of a subscription that started on 1 January."""
        usual = {
            "id": name,
            "customer": f"cus_{name}",
            "status": "active",
            "currency": "usd",
            "created": "2024-01-01",
            "start_date": "2024-01-01",
        }
        self.add("subscriptions", at, **(usual | values))

    def item(self, subscription: str, price: str, at: str = "2024-06-15", **values: Any) -> None:
        """One delivered version of an item, in the billing period of June."""
        usual = {
            "id": f"si_{subscription}",
            "subscription": subscription,
            "created": "2024-01-01",
            "quantity": 1,
            "price_id": price,
            "current_period_start": "2024-06-01",
            "current_period_end": "2024-07-01",
        }
        self.add("subscription_items", at, **(usual | values))

    def price(self, name: str, unit_amount: int | None, interval: str = "month", **values: Any) -> None:
        """One price of the product `prod`, in minor units."""
        usual = {
            "id": name,
            "product": "prod",
            "currency": "usd",
            "type": "recurring",
            "unit_amount": unit_amount,
            "recurring_interval": interval,
            "recurring_interval_count": 1,
        }
        self.add("prices", "2024-06-15", **(usual | values))

    def line(self, subscription: str, price: str, start: str, end: str, amount: int, **values: Any) -> None:
        """One line on an invoice of its own, which was issued and paid when the service began."""
        number = len(self.rows.get("invoice_line_items", ()))
        issued = values.pop("issued", start)
        invoice = values.pop("invoice", f"in_{number}")
        self.add(
            "invoices",
            "2024-06-15",
            id=invoice,
            customer=f"cus_{subscription}",
            subscription=subscription,
            status=values.pop("status", "paid"),
            currency=values.get("currency", "usd"),
            total=amount,
            created=issued,
            charge=f"ch_{invoice}",
        )
        usual = {
            "id": f"il_{number}",
            "invoice": invoice,
            "subscription_item": f"si_{subscription}",
            "proration": False,
            "currency": "usd",
            "amount": amount,
            "quantity": 1,
            "period_start": start,
            "period_end": end,
            "price_id": price,
        }
        self.add("invoice_line_items", "2024-06-15", **(usual | values))

    def months(
        self, subscription: str, price: str, amount: int, first: int, last: int, **values: Any
    ) -> None:
        """A line for each month of 2024 from `first` to `last`."""
        for month in range(first, last + 1):
            self.line(subscription, price, f"2024-{month:02}-01", f"2024-{month + 1:02}-01", amount, **values)


def build(raw: StripeRows, home: Path) -> Path:
    """Build the periods from the rows with the real models, and return the database file."""
    settings = load_settings(home=home, as_of=AS_OF, environment={})
    prepare_profile(settings)
    load_hash_key(settings.home)
    warehouse = home / WAREHOUSE_FILE
    with connect(warehouse) as connection:
        connection.execute("create schema raw")
        for name, types in _contracts().items():
            columns = ", ".join(f"{quote_identifier(column)} {kind}" for column, kind in types.items())
            connection.execute(f"create table raw.stripe__{name} ({columns})")
            for row in raw.rows.get(name, ()):
                assert set(row) <= set(types), set(row) - set(types)
                names = ", ".join(quote_identifier(column) for column in row)
                connection.execute(
                    f"insert into raw.stripe__{name} ({names}) values ({', '.join('?' for _ in row)})",
                    list(row.values()),
                )
    variables = {"connectors": ["stripe"], "connector_branches": {"stripe": BRANCHES}}
    arguments = [
        *(
            "build",
            "--select",
            "+unified_billing_periods",
            "+unified_stripe__*",
            "--exclude-resource-type",
            "unit_test",
        ),
        *("--project-dir", str(PROJECT_DIR)),
        *("--profiles-dir", str(settings.dbt)),
        *("--target-path", str(settings.dbt / "target")),
        *("--log-path", str(settings.dbt / "logs")),
        *("--log-level", "none", "--vars", json.dumps(variables)),
    ]
    environment = {"CSW_WAREHOUSE": str(warehouse), "CSW_AS_OF": AS_OF, "DO_NOT_TRACK": "1"}
    with patch.dict(os.environ, environment):
        outcome = invoke_dbt(arguments)
    if outcome.exception is not None:
        raise outcome.exception
    bad = [
        f"{entry.node.name}: {entry.message}"
        for entry in outcome.result
        if str(entry.status) not in ("success", "pass")
    ]
    assert not bad, "\n".join(bad)
    return warehouse


def _contracts() -> dict[str, dict[str, str]]:
    """Types of the columns of each raw relation of Stripe."""
    path = PROJECT_DIR / "models" / "staging" / "stripe" / "_stripe__sources.yml"
    (source,) = read_yaml(path)["sources"]
    return {
        table["name"]: {column["name"]: column["data_type"] for column in table["columns"]}
        | {column.name: column.data_type for column in LOADER_COLUMNS}
        | BATCH_COLUMNS
        for table in source["tables"]
    }


def periods(warehouse: Path, subscription: str, *columns: str) -> list[tuple[Any, ...]]:
    """The given columns of a subscription's periods, by item and time. Dates are texts without midnight."""
    names = ", ".join(_shown(column) for column in columns)
    with connect(warehouse, read_only=True) as connection:
        return connection.execute(
            f"select {names} from unified.unified_billing_periods where subscription_id = ? "
            "order by item_id, price_kind, period_start",
            [subscription],
        ).fetchall()


def exceptions(warehouse: Path) -> set[tuple[str, str, str]]:
    """Object, key and reason of every exception."""
    question = "select object_name, record_key, reason from unified.unified_stripe__exceptions"
    with connect(warehouse, read_only=True) as connection:
        return set(connection.execute(question).fetchall())


def _shown(column: str) -> str:
    if column in ("period_start", "period_end") or column.endswith("_at"):
        return f"replace(strftime({column}, '%m-%d %H:%M'), ' 00:00', '')"
    if column in ("quantity", "unit_amount", "discount_amount"):
        return f"cast({column} as double)"
    return column
