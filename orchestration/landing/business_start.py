"""The first business day, which replaces placeholder dates in required columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from orchestration.core.database import quote_identifier
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.batches import Batch
from orchestration.landing.reading_policies import ReadingPolicies
from orchestration.landing.values.conventions import is_placeholder


def business_start(
    contracts: Mapping[tuple[str, str], LandingObject],
    batches: Sequence[Batch],
    policies: ReadingPolicies,
    earliest: Callable[[LandingObject, Sequence[Batch], str], date | None],
) -> str:
    """Return the earliest real start of service, or the earliest account creation, or `first_day`.

    `earliest` returns the day of a minimum, given as SQL, over stored rows.
    """
    starts = [column for contract in contracts.values() for column in contract.columns if column.placeholder]
    for wanted in (*dict.fromkeys(column.name for column in starts), "created_at"):
        found = []
        for contract in contracts.values():
            mine = [b for b in batches if (b.source, b.object) == (contract.source, contract.name)]
            if wanted in contract.column_names and mine:
                column = quote_identifier(wanted)
                first = earliest(
                    contract, mine, f"min(case when not {is_placeholder(column)} then {column} end)"
                )
                if first is not None:
                    found.append(first)
        if found:
            return min(found).isoformat()
    return policies.first_day
