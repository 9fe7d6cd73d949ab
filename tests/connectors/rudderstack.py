"""The facts of the company as the calls of RudderStack, which are those of Segment."""

from __future__ import annotations

from tests.connectors.company import Company
from tests.connectors.segment import NAMES, SHAPES, by_type, calls, told
from tests.connectors.shapes import Record

__all__ = ["NAMES", "SHAPES", "objects", "told"]


def objects(company: Company, ids: dict[int, str]) -> dict[str, list[Record]]:
    """Groups have ids of their own, and a domain."""
    groups = {number: f"team-{number}" for number in ids}
    return by_type(calls(company, groups, with_domains=True))
