"""The company of the simulator's tests."""

from __future__ import annotations

import duckdb

ACCOUNTS, MONTHS, SEED = 1_500, 36, 7
MOVEMENTS = "new_mrr + expansion_mrr + contraction_mrr + churn_mrr + reactivation_mrr + fx_impact_mrr"


def one_value(connection: duckdb.DuckDBPyConnection, query: str) -> float:
    """The first value of the first row."""
    value: float = connection.execute(query).fetchall()[0][0]
    return value
