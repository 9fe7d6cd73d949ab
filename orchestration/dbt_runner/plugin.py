"""The dbt-duckdb plugin of this project. It passes the pseudonym key to dbt's sessions, also in plain dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from orchestration.dbt_runner.pseudonyms import find_key_of_database, hand_over_key


class Plugin(BasePlugin):
    """profiles.yml names this plugin. Each dbt connection is a separate session and receives the key."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        path = self.creds.path if self.creds else ""
        self.key = find_key_of_database(Path(path))

    def configure_cursor(self, cursor: Any) -> None:
        hand_over_key(cursor, self.key)
