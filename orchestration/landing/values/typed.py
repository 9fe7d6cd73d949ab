"""The typed rows of a delivery, as a batch keeps them."""

from __future__ import annotations

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.dbt_runner.landing_contract import LandingObject
from orchestration.landing.reading.binding import Binding
from orchestration.landing.values.casting import json_object


def typed_sql(contract: LandingObject, binding: Binding, batch_id: str, loaded_at: str, source: str) -> str:
    """Return SQL of the rows without a problem as a batch keeps them.

    `source` is SQL of a relation with the columns of `Cast.query`, and `loaded_at` of an instant.
    """
    typed = ", ".join(
        f"v{place} as {quote_identifier(name)}" for place, name in enumerate(contract.column_names)
    )
    extra = json_object(list(binding.extras), [f"c{place}" for place in binding.extras.values()])
    return (
        f"select {typed}, {extra} as _extra, _days, {quote_literal(batch_id)} as _batch_id, "
        f"{loaded_at} as _loaded_at, record as _row from {source} where problem is null"
    )
