"""Real warehouses, built once per session by the real job and shared; tests that write work on a copy."""

from __future__ import annotations

import pytest

from orchestration.refresh import refresh
from orchestration.settings import Settings, load_settings
from simulator import simulate
from tests.conftest import UNTIL


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A published warehouse of a messy simulated company that has every feature; do not write to it."""
    home = tmp_path_factory.mktemp("company")
    settings = load_settings(home=home, as_of=UNTIL.isoformat())
    simulate(1500, 36, 7, settings.landing, until=UNTIL, messy=True)
    outcome = refresh(settings, landing_is_given=False)
    assert outcome.release_id, outcome.message
    return settings
