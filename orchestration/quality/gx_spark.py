"""Great Expectations on the marts of a build on Spark. Only an audit on Spark imports this module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.datasource.fluent.spark_datasource import SparkDatasource
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine

from orchestration.dbt_runner.mart_contract import MARTS_SCHEMA
from orchestration.quality.validation import Engine, quiet_context
from orchestration.spark.dialect import spark_sql
from orchestration.spark.warehouse import SparkWarehouse

_BATCH, _NAME = "{batch}", "csw_batch"
"""The batch in a query: what Great Expectations replaces, and a name in its place while it is translated."""

_VIEW = "tmp_view"
"""The view that Great Expectations creates for the batch."""


class SparkSessionDatasource(SparkDatasource):
    """The session of the build. The base class would look for a session, or start one.

    It does not cache the marts: a check reads few of their columns, and Parquet files are read by column.
    """

    # Each datasource narrows the field to its own name, but the base class allows only the base's name.
    type: Literal["spark_session"] = "spark_session"  # type: ignore[assignment]

    def use(self, session: Any) -> None:
        self._execution_engine = SparkDFExecutionEngine(spark=session, persist=False)

    def get_execution_engine(self) -> Any:
        return self._execution_engine

    def test_connection(self, test_assets: bool = True) -> None:
        """The session is open."""


@contextmanager
def open_marts(warehouse: SparkWarehouse) -> Iterator[Engine]:
    """Open the marts of a build."""
    with quiet_context() as context:
        source = context.data_sources.add_spark_session(name="marts")
        source.use(warehouse.session)
        try:
            yield Engine(partial(_batch, source, warehouse), partial(_query, warehouse))
        finally:
            warehouse.session.catalog.dropTempView(_VIEW)


def _batch(source: SparkSessionDatasource, warehouse: SparkWarehouse, mart: str) -> Batch:
    if mart not in source.get_asset_names():
        source.add_dataframe_asset(mart).add_batch_definition_whole_dataframe("whole")
    rows = warehouse.session.table(f"{warehouse.schemas[MARTS_SCHEMA]}.`{mart}`")
    batch: Batch = source.get_asset(mart).get_batch_definition("whole").get_batch({"dataframe": rows})
    return batch


def _query(warehouse: SparkWarehouse, query: str) -> str:
    """Return a query of a suite in Spark's SQL."""
    return spark_sql(query.replace(_BATCH, _NAME), warehouse.schemas).replace(_NAME, _BATCH)
