"""What every run needs, imported once: processes that the tests start and kill are copies of one that did."""

import dagster_dbt  # noqa: F401
import great_expectations  # noqa: F401
from dbt.adapters.duckdb import connections  # noqa: F401
from dbt.cli import main  # noqa: F401

from orchestration.quality import gx_duckdb  # noqa: F401
