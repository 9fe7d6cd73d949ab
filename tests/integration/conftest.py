"""Real warehouses, built once by the real job and shared; tests that write work on a copy."""

from __future__ import annotations

import pytest

from orchestration.settings import Settings
from tests.conftest import publish_company
from tests.shared import made_once


@pytest.fixture(scope="session")
def company() -> Settings:
    """A published warehouse of a messy simulated company that has every feature; do not write to it."""
    return made_once("company", lambda home: publish_company(home, 1500, 36, 7, messy=True))
