"""How dbt's models, seeds, sources and tests look in Dagster."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator

from orchestration.dbt_runner.mart_contract import MARTS_SCHEMA

FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=50), warn_window=timedelta(hours=26))
"""The schedule builds every day. Warns after one missed day, fails after two."""

_LAYERS_WITH_TOPICS = {"intermediate": "int", "marts": "marts"}
"""The prefix of their groups. The names of intermediate models begin like their group."""
_COMMENT = re.compile(r"\A(?:--[^\n]*\n)+")
_NO_WORD = re.compile(r"\W+")
_SQL_HEADING = "#### Raw SQL"


class ProjectTranslator(DagsterDbtTranslator):
    """Gives assets their group, owner, description and freshness policy, and checks their description."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        is_mart = _is_mart(manifest["nodes"].get(unique_id))
        return spec.replace_attributes(freshness_policy=FRESHNESS) if is_mart else spec

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=_test_description(manifest, unique_id))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the layer of a model, with its topic if the layer has topics: `int_mrr`, `marts_revenue`."""
        path = dbt_resource_props["fqn"][1:-1]
        if not path:
            return "seeds"
        prefix = _LAYERS_WITH_TOPICS.get(path[0])
        return f"{prefix}_{path[1]}" if prefix else path[0]

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """Return the owner in `meta`: an e-mail address, or a team with or without the prefix `team:`."""
        owner = dbt_resource_props.get("meta", {}).get("owner")
        if not owner:
            return None
        if "@" in owner or owner.startswith("team:"):
            return [owner]
        return [f"team:{_NO_WORD.sub('-', owner).strip('-').lower()}"]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description alone for whatever has no SQL."""
        described: str = super().get_description(dbt_resource_props)
        has_sql = dbt_resource_props["resource_type"] == "model"
        return described if has_sql else described.partition(_SQL_HEADING)[0].strip()


def mart_keys(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> dict[str, dg.AssetKey]:
    """Return the asset keys of the marts by table name."""
    return {
        node["alias"]: translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, node in manifest["nodes"].items()
        if _is_mart(node)
    }


def mart_owners(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> list[str]:
    """Return the owners of all marts, who are also those of the release."""
    owned = [translator.get_owners(node) or () for node in manifest["nodes"].values() if _is_mart(node)]
    return sorted({owner for owners in owned for owner in owners})


def end_keys(manifest: Mapping[str, Any], translator: DagsterDbtTranslator) -> list[dg.AssetKey]:
    """Return the marts and the models without children: a release also contains the whole build."""
    children: Mapping[str, Sequence[str]] = manifest["child_map"]
    return [
        translator.get_asset_spec(manifest, unique_id, None).key
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and (_is_mart(node) or not any(child.startswith("model.") for child in children[unique_id]))
    ]


def _is_mart(node: Mapping[str, Any] | None) -> bool:
    return node is not None and node["resource_type"] == "model" and node["schema"] == MARTS_SCHEMA


def _test_description(manifest: Mapping[str, Any], unique_id: str) -> str | None:
    """Return the description of a test or of its macro, or the comment with which its SQL begins."""
    test = manifest["nodes"][unique_id]
    macros = [manifest["macros"][name] for name in test["depends_on"]["macros"]]
    described = [test, *(one for one in macros if one["name"].startswith("test_"))]
    if found := next((str(one["description"]) for one in described if one.get("description")), None):
        return found
    comment = _COMMENT.match(test["raw_code"])
    return " ".join(line.strip("- ") for line in comment[0].splitlines()) if comment else None
