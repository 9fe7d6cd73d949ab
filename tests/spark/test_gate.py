"""What the gate compares, read on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from orchestration.core.errors import UnreadableError
from orchestration.core.relations import Relations, open_marts
from orchestration.landing import accepted_batches
from orchestration.quality.limits import load_limits
from orchestration.quality.profile import NotMeasured, profile_release
from orchestration.releases.origins import Origins, compare_with_origins, open_origins
from orchestration.releases.previous import count_restatements
from orchestration.spark.schemas import LAYERS
from orchestration.spark.warehouse import SparkWarehouse
from tests.shared import declared_contracts
from tests.spark.conftest import Engines
from tests.spark.marts import SameMarts

pytestmark = pytest.mark.slow

COMPARED = ("generic", "stripe")
"""Plain exports and one system stand for all, because every object takes a query or two."""

RECORD: dict[str, Any] = {
    "release_id": "r",
    "as_of": "2026-01-01T00:00:00+00:00",
    "as_of_is_given": True,
    "audit": {"results": []},
}


def test_the_profile_and_the_restatements_are_those_of_duckdb(same_marts: SameMarts) -> None:
    def measured(marts: Relations) -> tuple[Any, ...]:
        profile = profile_release(marts, RECORD, load_limits().events)
        ((release_id,),) = marts.rows("select release_id from release.marts._release")
        return profile, count_restatements(marts, release_id)

    with open_marts(same_marts.file) as marts:
        expected = measured(marts)
    assert measured(same_marts.warehouse) == expected
    assert not [part for part in vars(expected[0]).values() if isinstance(part, NotMeasured)]
    assert expected[1]["figures"] > 0


def test_a_mart_that_cannot_be_read_is_not_measured(engines: Engines) -> None:
    engines.spark.sql("create schema if not exists csw_without_marts")
    marts = SparkWarehouse(engines.spark, {"marts": "csw_without_marts"})
    months = profile_release(marts, RECORD, []).months
    assert isinstance(months, NotMeasured)
    assert months.reason.startswith("[TABLE_OR_VIEW_NOT_FOUND]")
    assert "\n" not in months.reason
    with pytest.raises(UnreadableError) as raised:
        marts.rows("select raise_error(concat('se', 'cret'))")
    assert "secret" not in str(raised.value)


@contextmanager
def on_spark(engines: Engines, same_marts: SameMarts) -> Iterator[SparkWarehouse]:
    """The relations of the build on Spark, with the marts of both engines."""
    layers = {layer: layer for layer in LAYERS}
    yield SparkWarehouse(engines.spark, {**layers, **same_marts.warehouse.schemas})


def test_the_origins_are_compared_as_on_duckdb(engines: Engines, same_marts: SameMarts) -> None:
    delivered = accepted_batches(engines.settings)
    batches = [one for one in delivered if one.source in COMPARED]
    contracts = declared_contracts()
    # Contracts of systems without a table are not in use.
    settings = replace(engines.settings, engine="spark", raw_tables={f"{COMPARED[1]}/customers": "a_table"})

    def compared(more: int) -> tuple[Origins, Origins]:
        loaded = [replace(one, rows_loaded=one.rows_loaded + more) for one in batches]
        opened = (
            on_spark(engines, same_marts),
            open_origins(engines.settings, engines.project.warehouse, same_marts.file, delivered),
        )
        spark, duckdb = (compare_with_origins(settings, one, loaded, contracts) for one in opened)
        return spark, duckdb

    spark, duckdb = compared(0)
    assert spark == duckdb
    assert len(spark.measures) > len(batches)
    spark, duckdb = compared(1)
    assert spark == duckdb
    assert {one.name for one in spark.findings if one.is_blocking} >= {
        f"reconciliation.{one.source}/{one.object} rows" for one in batches
    }


def test_the_name_of_a_person_is_found(engines: Engines, same_marts: SameMarts) -> None:
    ((name,),) = SparkWarehouse(engines.spark, {"raw": "raw"}).rows(
        "select max(upper(full_name)) from raw.generic__contacts where full_name like '% %'"
    )
    statement = (
        f"update marts.dim_accounts set industry = '{name}'"
        " where account_id = (select min(account_id) from marts.dim_accounts)"
    )
    with same_marts.corrupted(statement):
        opened = on_spark(engines, same_marts)
        findings = compare_with_origins(engines.settings, opened, (), declared_contracts()).findings
    assert "personal.dim_accounts.industry" in {one.name for one in findings if one.is_blocking}
