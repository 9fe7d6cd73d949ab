"""The connectors: systems whose models dbt builds. Their files have arrived, or the project lists them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from orchestration.core.errors import SettingsError
from orchestration.core.policies import project_variables
from orchestration.core.settings import Settings
from orchestration.core.spelling import did_you_mean
from orchestration.dbt_runner.contract_files import load_contracts
from orchestration.dbt_runner.landing_contract import LandingObject

ARRIVED = "arrived"

CONNECTOR_LAYERS = ("staging", "unified")
"""The folders of models in which each system has a folder."""


def all_connectors() -> list[str]:
    """Return the names of all systems with a connector."""
    return list(project_variables()["connector_branches"])


def enabled_connectors(settings: Settings) -> list[str]:
    """Return the systems that a build of this warehouse includes, in the order of `connector_branches`.

    Raises SettingsError if `connectors` in dbt_project.yml names an unknown system.
    """
    variables = project_variables()
    wanted, known = variables["connectors"], list(variables["connector_branches"])
    if wanted == ARRIVED:
        return [one for one in known if _has_arrived(settings, one)]
    listed = [wanted] if isinstance(wanted, str) else list(wanted)
    for name in listed:
        if name not in known:
            meant = did_you_mean(name, known)
            raise SettingsError(
                f"connectors in dbt_project.yml names {name!r}, which is no system.{meant} "
                f"Give {ARRIVED}, or a list of {', '.join(known)}."
            )
    return [one for one in known if one in listed]


def folders_of_others(connectors: Collection[str]) -> list[str]:
    """Return the folders of the models of all systems but `connectors`, relative to the project."""
    others = [one for one in all_connectors() if one not in connectors]
    return [f"models/{layer}/{one}" for layer in CONNECTOR_LAYERS for one in others]


def contracts_in_use(settings: Settings) -> dict[tuple[str, str], LandingObject]:
    """Return the contracts of `generic` and of the enabled connectors."""
    enabled = enabled_connectors(settings)
    return {key: one for key, one in load_contracts().items() if not one.is_vendor or one.source in enabled}


def _has_arrived(settings: Settings, name: str) -> bool:
    """Return whether a system has files, or a table on Spark."""
    if settings.engine == "spark":
        return any(label.startswith(f"{name}/") for label in settings.raw_tables)
    return _has_files(settings.raw / name) or _has_files(settings.landing / name)


def _has_files(folder: Path) -> bool:
    return any(path.is_file() and not path.name.startswith((".", "_")) for path in folder.glob("*/*"))
