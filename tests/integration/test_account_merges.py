"""An account id changes only if a new system or link says so, and then a mart lists what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.version import dbt_version
from tests.connectors.company import AS_OF
from tests.connectors.facts import the_company
from tests.connectors.groups import GROUPS, delivered, objects_of
from tests.connectors.shapes import Files
from tests.connectors.warehouses import RATES
from tests.runs import run_to_the_end

pytestmark = pytest.mark.integration

GROUP, COMPANY = GROUPS["salesforce"], the_company()
IDS = GROUP.ids(COMPANY)
KEYS = "source_system,source_key,account_id\n"


def deliver(settings: Settings, files: Files) -> None:
    for name, text in files.items():
        path = settings.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def systems(*modules: Any) -> Files:
    files: Files = {}
    for module in modules:
        files |= delivered(module, objects_of(module, COMPANY, IDS), "api")
    return files


def published(settings: Settings, name: str) -> str:
    prepare_manifest(settings, dbt_version())
    return run_to_the_end(settings, name)


def ask(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.current / "csw.duckdb"), read_only=True) as marts:
        return marts.execute(query).fetchall()


def accounts(settings: Settings) -> dict[str, Any]:
    return dict(ask(settings, "select account_id, current_mrr from marts.dim_accounts"))


def merges(settings: Settings) -> list[tuple[Any, ...]]:
    return ask(
        settings,
        "select previous_account_id, account_id, outcome, source_keys, mrr_before, first_seen_in_release"
        " from marts._account_merges order by all",
    )


def counted(settings: Settings) -> dict[str, tuple[Any, ...]]:
    rows = ask(
        settings,
        "select detail, observed, affected_mrr, status from marts._data_quality"
        " where check_name = 'changed_account_id'",
    )
    return {detail: tuple(rest) for detail, *rest in rows}


def test_every_account_id_that_changes_is_listed_with_its_successor(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", as_of=AS_OF, environment={})
    deliver(settings, {"generic/fx_rates/a.csv": RATES, **systems(GROUP.billing)})
    published(settings, "first")
    billed = accounts(settings)
    assert all(one.startswith("stripe:") for one in billed)
    assert merges(settings) == []

    # The CRM arrives. It knows the company of every customer, and so every id changes or stays alone.
    deliver(settings, systems(GROUP.crm))
    second = published(settings, "second")
    known = accounts(settings)
    internal = {IDS[one.number] for one in COMPANY.accounts if one.is_internal}
    owners = {
        f"stripe:{one.customer}": IDS[one.account] for one in COMPANY.subscriptions if one.account in IDS
    }
    expected: list[tuple[Any, ...]] = []
    for previous in sorted(billed.keys() - known.keys()):
        owner = owners[previous]
        if owner in internal:
            expected.append((previous, None, "internal", None, billed[previous], second))
        else:
            expected.append((previous, owner, "merged", previous, billed[previous], second))
    assert len(expected) > 10
    assert {outcome for _, _, outcome, *_ in expected} == {"merged", "internal"}
    assert merges(settings) == expected
    merged = [row for row in expected if row[2] == "merged"]
    assert counted(settings)["merged"] == (len(merged), sum(row[4] for row in merged), "pass")

    # A link gives a customer to an account of its own, so its former account is split. The log keeps the
    # other rows.
    moved, former = next((row[0], row[1]) for row in merged if row[4])
    system, _, key = moved.partition(":")
    deliver(settings, {"generic/account_keys/a.csv": KEYS + f"{system},{key},apart\n"})
    third = published(settings, "third")
    assert merges(settings) == sorted(
        [*expected, (former, "apart", "split", moved, known[former], third)], key=str
    )
    assert counted(settings)["split"] == (1, known[former], "warn")
