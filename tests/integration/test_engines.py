"""The previous line of DuckDB makes the same marts, and the oldest supported version reads them."""

from __future__ import annotations

import pytest

from orchestration.core.settings import Settings
from tests.compat import PREVIOUS_LINE, READERS, problems

pytestmark = pytest.mark.integration


def test_marts_are_the_same_with_the_previous_engine_and_are_read_by_older_ones(
    small_company: Settings,
) -> None:
    assert problems(small_company, [READERS[0], PREVIOUS_LINE]) == []
