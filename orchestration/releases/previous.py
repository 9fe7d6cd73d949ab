"""The previous release as source relations, and the figures that a run restated."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.core.database import quote_identifier, quote_literal
from orchestration.core.errors import PublishError
from orchestration.core.relations import Relations
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.wording import count
from orchestration.releases.export import PARQUET_DIR, RESTATEMENTS_TABLE
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

    They contain the published Parquet files of `release_id`. Missing columns are null and missing files are
    empty. `batch_ids` are the batches of the new run.
    """
    connection.execute(f"create schema if not exists {SCHEMA}")
    folder = settings.releases / (release_id or "") / PARQUET_DIR
    were_withdrawn = _were_withdrawn(settings, release_id, set(batch_ids))
    for relation in previous_relations(were_withdrawn=were_withdrawn):
        path = folder / f"{relation.mart}.parquet"
        source, present = None, set()
        if release_id and path.is_file():
            source = f"read_parquet({quote_literal(path)})"
            described = connection.execute(f"describe select * from {source}").fetchall()
            present = {row[0] for row in described}
        table = f"{SCHEMA}.{quote_identifier(relation.name)}"
        connection.execute(f"create or replace table {table} as {relation.query(source, present)}")


@dataclass(frozen=True)
class PreviousRelation:
    """A table of schema `previous`."""

    name: str
    mart: str
    """The mart that it repeats."""
    types: Mapping[str, str]
    """Types by column."""
    run: Mapping[str, str]
    """Values that the new run knows, as SQL by column."""

    def query(self, source: str | None, present: Container[str]) -> str:
        """Return the query of its rows from `source`, which has the columns `present`; empty without it."""
        columns = ", ".join(
            f"cast({self._value(name, present)} as {kind}) as {quote_identifier(name)}"
            for name, kind in self.types.items()
        )
        return f"select {columns} from {source}" if source else f"select {columns} where false"

    def _value(self, name: str, present: Container[str]) -> str:
        return self.run.get(name) or (quote_identifier(name) if name in present else "null")


def previous_relations(*, were_withdrawn: bool) -> Iterator[PreviousRelation]:
    """Return the tables that the sources YAML declares.

    `were_withdrawn` says whether the new run reads less than the release, or what it had withdrawn.
    """
    run = {
        "code_version_now": quote_literal(code_version()),
        "batches_were_withdrawn": str(were_withdrawn).lower(),
    }
    for table in read_yaml(RELATIONS)["sources"][0]["tables"]:
        types = {column["name"]: column["data_type"] for column in table["columns"]}
        mine = {name: value for name, value in run.items() if name in types}
        yield PreviousRelation(table["name"], table["config"]["meta"]["mart"], types, mine)


def _were_withdrawn(settings: Settings, release_id: str | None, now: set[str]) -> bool:
    """Return whether the run drops a batch of the release, or reads one that the release had withdrawn."""
    if release_id is None:
        return False
    try:
        manifest = read_manifest(settings.releases / release_id)
    except PublishError:
        return False
    before = {batch["batch_id"] for batch in manifest["raw_batches"]}
    withdrawn = {batch["batch_id"] for batch in manifest.get("withdrawn_batches", ())}
    return bool(before - now or withdrawn & now)


def count_restatements(marts: Relations, release_id: str) -> dict[str, Any]:
    """Count the figures that a release restated, with their months and the cause."""
    rows = marts.rows(
        f"select strftime(month, '%Y-%m'), cause, count(*) from release.marts.{RESTATEMENTS_TABLE}"
        f" where first_seen_in_release = {quote_literal(release_id)} group by 1, 2 order by 1, 2"
    )
    return {
        "figures": sum(row[2] for row in rows),
        "months": sorted({row[0] for row in rows}),
        "cause": rows[0][1] if rows else None,
    }


def restatements_in_words(counted: Mapping[str, Any] | None, *, is_experiment: bool = False) -> str | None:
    """Describe the restatements in one line; None if no closed month changed."""
    if not counted or not counted["figures"]:
        return None
    months = counted["months"]
    shown = ", ".join(months) if len(months) <= 3 else f"{months[0]} to {months[-1]}"
    why = {
        "policies": "changed policies",
        "code": "changed code",
        "withdrawal": "withdrawn or restored files",
        "data": "late or corrected data",
    }
    verb = "would restate" if is_experiment else "restated"
    return (
        f"{verb} {count(counted['figures'], 'figure')} of {count(len(months), 'closed month')} ({shown}), "
        f"because of {why[counted['cause']]}; see {RESTATEMENTS_TABLE}"
    )
