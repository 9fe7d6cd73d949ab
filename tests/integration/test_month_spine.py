"""The ledger has the closing MRR that the month spine of open MRR playbooks finds on the same intervals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.core.database import connect
from orchestration.core.settings import Settings
from tests.bench.spine.comparing import DAYS, MONTHS, Source, compare, make_spine, reset
from tests.conftest import UNTIL


@pytest.mark.parametrize("source", [MONTHS, DAYS], ids=["months", "days"])
def test_closing_mrr_equals_that_of_a_spine(company: Settings, tmp_path: Path, source: Source) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    shutil.copyfile(company.current / "warehouse.duckdb", warehouse)
    warehouse.chmod(0o600)
    with connect(warehouse) as connection:
        reset(connection)
        make_spine(connection, source, UNTIL)
        found = compare(connection, source, UNTIL)
    assert found.account_months > found.spine_months > 0
    assert found.different_mrr == 0
    if source is MONTHS:
        assert found.changes
        assert not [change for change in found.changes if change[2] == "unexplained"]
