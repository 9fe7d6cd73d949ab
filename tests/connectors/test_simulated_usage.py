"""Files of Segment and of Gong give the marts of plain exports of a company, but for known differences."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator import simulate
from tests.connectors.company import AS_OF
from tests.connectors.losses import instant, undocumented, without
from tests.connectors.test_simulated_company import delivered
from tests.connectors.warehouses import built, differences, shown

pytestmark = pytest.mark.integration

HAPPENED = instant("OccurredAt")

LOSSES = {
    "Segment tells when it received an event. One with a time in the future happened then.": f"""
        update usage_events set OccurredAt = past.happened_at
        from (
            select EventId, min({HAPPENED})::varchar as happened_at from usage_events
            where {HAPPENED} is not null group by EventId
        ) as past
        where usage_events.EventId = 'FUTURE-' || past.EventId and {HAPPENED} > timestamp '{AS_OF}'
    """,
    "An event in an unknown group counts for the account of its user.": """
        update usage_events set AccountId = replace(AccountId, 'GONE-', '') where EventId like 'STRAY-%'
    """,
}
"""By sentence of what Segment knows otherwise: the plain exports with it."""


def test_the_documentation_has_every_difference() -> None:
    assert undocumented(LOSSES) == []


def test_the_files_of_segment_and_gong_give_the_marts_of_plain_exports(tmp_path: Path) -> None:
    until = date.fromisoformat(AS_OF)
    for name, systems in (("plain", ()), ("vendors", ("segment", "meetings"))):
        simulate(150, 24, 7, tmp_path / name, until=until, messy=True, systems=systems, usage_months=9)
    known = without(delivered(tmp_path / "plain"), ["usage_events"], LOSSES, "", tmp_path)
    plain = built(tmp_path / "one", known)
    connected = built(tmp_path / "other", delivered(tmp_path / "vendors"), systems="segment-meetings")
    found = differences(plain, connected)
    assert found == {}, shown(found)
