"""Imports the modules of every run once. The tests fork the processes that they start and kill from it."""

import sys

# Great Expectations imports PySpark, which exits if the main module has no file, as in doctests.
sys.modules["__main__"].__file__ = __file__

import dagster_dbt  # noqa: E402, F401
import great_expectations  # noqa: E402, F401
from dbt.adapters.duckdb import connections  # noqa: E402, F401
from dbt.cli import main  # noqa: E402, F401

from orchestration.quality import gx_duckdb  # noqa: E402, F401
