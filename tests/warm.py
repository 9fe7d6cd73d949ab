"""Imports the modules of every run once. The tests fork the processes that they start and kill from it."""

import dagster_dbt  # noqa: F401
import great_expectations  # noqa: F401
from dbt.adapters.duckdb import connections  # noqa: F401
from dbt.cli import main  # noqa: F401

from orchestration.quality import gx_duckdb  # noqa: F401
