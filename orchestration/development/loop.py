"""The loop of a change: build one model in the development database, show its rows and what changed."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.console import PROGRESS
from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.errors import BuildError
from orchestration.core.settings import Settings
from orchestration.core.spelling import did_you_mean
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE
from orchestration.dbt_runner.mart_contract import UNIQUE, UNIQUE_KEY
from orchestration.dbt_runner.parsing import MANIFEST_FILE
from orchestration.dbt_runner.pseudonyms import hand_over_key, load_hash_key
from orchestration.dbt_runner.runner import DbtResult, run_dbt
from orchestration.development.comparison import Changes, compare
from orchestration.development.database import Start, development_start, policies_now, prepare_project
from orchestration.releases.answers import QueryResult
from orchestration.releases.assembly import DBT_STATE

_UNCHANGED_IS_FINE = (
    "--warn-error-options",
    '{"silence": ["NoNodesForSelectionCriteria", "UnsupportedConstraintMaterialization"]}',
)
"""dbt_project.yml makes an error of a selection without models. Here it means that nothing changed."""

log = logging.getLogger("csw")


@dataclass(frozen=True)
class Development:
    """A built model: its rows, and its changes against the release."""

    model: str
    release_id: str
    result: DbtResult
    rows: QueryResult
    count: int
    changes: Changes | None
    """None for a model that the release does not have."""

    @property
    def built(self) -> tuple[str, ...]:
        """The models that dbt built, in the order of their end."""
        return tuple(node.name for node in self.result.nodes if node.kind == "model")


def develop(settings: Settings, model: str, *, rows: int, unit_tests: bool = False) -> Development:
    """Build `model` and the changed models that it reads, with their data tests, and compare it.

    If a policy changed in dbt_project.yml, builds all models that it reads. dbt uses the `as_of` and the
    policies of the current release, so that only the change of code shows. With `unit_tests`, it also runs
    those of `model`. Raises BuildError if dbt fails or knows no such model,
    PublishError without a release, and LockedError while a run writes.
    """
    start = development_start(settings)
    prepare_project(settings)
    manifest = json.loads((settings.dbt / "target" / MANIFEST_FILE).read_text(encoding="utf-8"))
    node = _node(manifest, model)
    release = settings.releases / start.release_id
    used = start.applied_to(settings)
    log.info("building %s", model, extra=PROGRESS)
    command = ["build", "--exclude-resource-type", "unit_test", *_UNCHANGED_IS_FINE]
    if start.project_policies != policies_now():
        # dbt's state does not show a changed policy, which may concern every model.
        command += ["--select", f"+{model}"]
    elif (release / DBT_STATE).is_dir():
        command += ["--state", str(release / DBT_STATE), "--select", f"+{model},state:modified+", model]
    else:
        log.warning("release %s has no dbt manifest, so changed models upstream are not built", release.name)
        command += ["--select", model]
    result = run_dbt(used, command, settings.development_database)
    if unit_tests:
        # dbt reads the columns of its inputs from the database, so they must be built.
        run_dbt(used, ["test", "--select", f"{model},test_type:unit"], settings.development_database)
    return _shown(settings, start, release, manifest, node, result, rows)


def _shown(
    settings: Settings,
    start: Start,
    release: Path,
    manifest: Mapping[str, Any],
    node: Mapping[str, Any],
    result: DbtResult,
    limit: int,
) -> Development:
    relation = f"{quote_identifier(node['schema'])}.{quote_identifier(node['alias'])}"
    key = load_hash_key(settings.home)
    with tempfile.TemporaryDirectory(dir=settings.development_database.parent) as scratch:
        before = Path(scratch) / "before.parquet"
        with connect(release / WAREHOUSE_FILE, read_only=True) as connection:
            # A view of the build names the database of the build, so another connection could not read it.
            hand_over_key(connection, key)
            known = connection.execute(
                "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
                [node["schema"], node["alias"]],
            ).fetchone()
            if known:
                connection.execute(f"copy (from {relation}) to {quote_literal(before)}")
        with connect(settings.development_database, read_only=True) as connection:
            hand_over_key(connection, key)
            found = connection.execute(f"from {relation} limit {limit + 1}")
            names = tuple(column[0] for column in found.description or ())
            rows = found.fetchall()
            counted = connection.execute(f"select count(*) from {relation}").fetchone()
            assert counted is not None
            grain = _key(manifest, node["unique_id"])
            changes = compare(connection, before, relation, grain) if known else None
    return Development(
        model=node["name"],
        release_id=start.release_id,
        result=result,
        rows=QueryResult(names, rows[:limit], len(rows) > limit),
        count=int(counted[0]),
        changes=changes,
    )


def _node(manifest: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    if model not in models:
        raise BuildError(
            f"The project has no model {model}.{did_you_mean(model, models)} Give the name of a model, "
            "without its folder and without .sql."
        )
    found: Mapping[str, Any] = models[model]
    return found


def _key(manifest: Mapping[str, Any], unique_id: str) -> list[str]:
    """Return the columns of the grain, which a test of the model declares; empty without one."""
    for node in manifest["nodes"].values():
        if node.get("attached_node") == unique_id and not node["config"]["where"]:
            metadata = node["test_metadata"]
            if metadata["name"] == UNIQUE_KEY:
                return [name.strip('"') for name in metadata["kwargs"]["columns"]]
            if metadata["name"] == UNIQUE:
                return [metadata["kwargs"]["column_name"].strip('"')]
    return []
