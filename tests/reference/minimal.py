"""Reduces a company on which the two sides differ: drops rows, then values, as long as they still differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace

from tests.reference.models import Company

NEEDED = frozenset(
    {"subscription_id", "account_id", "currency", "unit_amount", "interval", "period_start", "invoice_id"}
    | {"issued_at", "amount", "contract_id", "starts_on", "ends_on"}
)


def minimal(company: Company, differs: Callable[[Company], bool], patience: int = 100) -> Company:
    """A company that still differs and has few removable parts; tries `patience` times."""
    found = True
    while found:
        found = False
        for smaller in _smaller(company):
            patience -= 1
            if patience < 0:
                return company
            if differs(smaller):
                company, found = smaller, True
                break
    return company


def _smaller(company: Company) -> Iterator[Company]:
    # All rates stay, because a company without rates cannot be compared.
    for field in (field for field in fields(company.landing) if field.name != "rates"):
        rows = getattr(company.landing, field.name)
        size = len(rows)
        while size:
            for start in range(0, len(rows), size):
                kept = (*rows[:start], *rows[start + size :])
                yield replace(company, landing=replace(company.landing, **{field.name: kept}))
            size //= 2 if size > 1 else size + 1
        for index, row in enumerate(rows):
            for name in row.keys() - NEEDED:
                fewer = {key: value for key, value in row.items() if key != name}
                kept = (*rows[:index], fewer, *rows[index + 1 :])
                yield replace(company, landing=replace(company.landing, **{field.name: kept}))
