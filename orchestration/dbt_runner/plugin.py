"""What dbt-duckdb loads for this project, also in plain dbt: it hands over the key of the pseudonyms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.dbt_runner.pseudonyms import find_key_of_database, hand_over_key


class Plugin(BasePlugin):
    """Named in profiles.yml; each connection of dbt is a session of its own, and gets the key."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        path = self.creds.path if self.creds else ""
        self.key = find_key_of_database(Path(path))

    def configure_cursor(self, cursor: Any) -> None:
        hand_over_key(cursor, self.key)
