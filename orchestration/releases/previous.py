"""The release that a run follows, as relations beside the raw ones, and what the run restated of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.errors import PublishError
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.releases.export import ALIAS_FILE, PARQUET_DIR, RESTATEMENTS_TABLE
from orchestration.releases.fingerprint import code_version
from orchestration.releases.manifest import read_manifest

RELATIONS = PROJECT_DIR / "models" / "staging" / "previous" / "_previous__relations.yml"
SCHEMA = "previous"


def create_previous_relations(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    release_id: str | None,
    batch_ids: Iterable[str] = (),
) -> None:
    """Create or replace the tables of schema `previous` that the sources YAML declares.

    They hold what the published Parquet files of `release_id` hold; what these lack is null or empty.
    `batch_ids` are the batches of the run that follows it.
    """
    connection.execute(f"create schema if not exists {SCHEMA}")
    document = read_yaml(RELATIONS)
    folder = settings.releases / (release_id or "") / PARQUET_DIR
    for table in document["sources"][0]["tables"]:
        types = {column["name"]: column["data_type"] for column in table["columns"]}
        path = folder / f"{table['config']['meta']['mart']}.parquet"
        query = _query(connection, types, path if release_id and path.is_file() else None)
        connection.execute(f"create or replace table {SCHEMA}.{quote_identifier(table['name'])} as {query}")
    connection.execute(
        f"update {SCHEMA}.release set code_version_now = ?, batches_were_withdrawn = ?",
        [code_version(), _were_withdrawn(settings, release_id, set(batch_ids))],
    )


def _were_withdrawn(settings: Settings, release_id: str | None, now: set[str]) -> bool:
    """Whether a batch of the release is not read any more, or one is that was withdrawn from it."""
    if release_id is None:
        return False
    try:
        manifest = read_manifest(settings.releases / release_id)
    except PublishError:
        return False
    before = {batch["batch_id"] for batch in manifest["raw_batches"]}
    withdrawn = {batch["batch_id"] for batch in manifest.get("withdrawn_batches", ())}
    return bool(before - now or withdrawn & now)


def count_restatements(export: Path, release_id: str) -> dict[str, Any]:
    """What the exported release restated of the one before: how many figures, of which months, and why."""
    with connect(export / ALIAS_FILE, read_only=True) as connection:
        rows = connection.execute(
            f"select strftime(month, '%Y-%m'), cause, count(*) from marts.{RESTATEMENTS_TABLE}"
            " where first_seen_in_release = ? group by 1, 2 order by 1, 2",
            [release_id],
        ).fetchall()
    return {
        "figures": sum(row[2] for row in rows),
        "months": sorted({row[0] for row in rows}),
        "cause": rows[0][1] if rows else None,
    }


def restatements_in_words(counted: Mapping[str, Any] | None, *, is_experiment: bool = False) -> str | None:
    """One line for people; None where no closed month changed. An experiment would restate them."""
    if not counted or not counted["figures"]:
        return None
    months = counted["months"]
    shown = ", ".join(months) if len(months) <= 3 else f"{months[0]} to {months[-1]}"
    why = {
        "policies": "other policies",
        "code": "other code",
        "withdrawal": "withdrawn or restored files",
        "data": "late or corrected data",
    }
    verb = "would restate" if is_experiment else "restated"
    return (
        f"{verb} {counted['figures']:,} figures of {len(months)} closed "
        f"month{'' if len(months) == 1 else 's'} ({shown}), because of {why[counted['cause']]}; "
        f"see {RESTATEMENTS_TABLE}"
    )


def _query(connection: duckdb.DuckDBPyConnection, types: Mapping[str, str], path: Path | None) -> str:
    if path is None:
        empty = ", ".join(f"cast(null as {kind}) as {quote_identifier(name)}" for name, kind in types.items())
        return f"select {empty} where false"
    source = f"read_parquet({quote_literal(path)})"
    present = {row[0] for row in connection.execute(f"describe select * from {source}").fetchall()}
    columns = ", ".join(
        f"cast({quote_identifier(name) if name in present else 'null'} as {kind}) as {quote_identifier(name)}"
        for name, kind in types.items()
    )
    return f"select {columns} from {source}"
