"""The folder of Dagster's records below the home of a warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestration.core.environment import environment
from orchestration.core.files import write_text
from orchestration.core.settings import Settings

if TYPE_CHECKING:
    import dagster as dg


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the Dagster instance of this warehouse, which `make dev` shows."""
    import dagster as dg

    prepare_instance(settings)
    with environment({"DAGSTER_HOME": str(settings.dagster)}, without=()):
        return dg.DagsterInstance.from_config(str(settings.dagster))


def prepare_instance(settings: Settings) -> None:
    """Create Dagster's folder with the project's settings. Updates a copy that nobody edited."""
    settings.dagster.mkdir(parents=True, exist_ok=True)
    shipped = Path(__file__).with_name("dagster.yaml").read_text(encoding="utf-8")
    target, copied = settings.dagster / "dagster.yaml", settings.dagster / ".dagster.yaml.copied"
    if target.exists():
        is_ours = copied.exists() and copied.read_text(encoding="utf-8") == target.read_text(encoding="utf-8")
        if not is_ours or target.read_text(encoding="utf-8") == shipped:
            return
    for path in (copied, target):
        write_text(path, shipped)
