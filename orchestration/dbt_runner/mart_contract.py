"""The contracts of the marts, read from the dbt models YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR


@dataclass(frozen=True)
class MartColumn:
    """One column of a published table."""

    data_type: str
    """dbt's data type, such as `decimal(18, 4)`."""
    pii: str | None = None
    """Personal data that the column may contain: `name`, or None."""


MartContracts = Mapping[str, Mapping[str, MartColumn]]
"""Columns by name, by mart."""


@cache
def load_mart_contracts(project_dir: Path = PROJECT_DIR) -> MartContracts:
    """Read the YAML file of every mart, in the order of folders, names and columns."""
    contracts = {}
    for path in sorted((project_dir / "models" / "marts").glob("*/*.yml")):
        for model in read_yaml(path).get("models", ()):
            contracts[model["name"]] = {
                column["name"]: MartColumn(column["data_type"], _meta(column).get("pii"))
                for column in model["columns"]
            }
    return contracts


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return (node.get("config") or {}).get("meta") or {}
