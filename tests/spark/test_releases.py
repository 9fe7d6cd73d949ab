"""`csw run --engine spark` in session mode with a local warehouse: the life of releases, in one process.

The process runs the real job of Dagster on tables that a loader made of the small company's files.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.database import connect, quote_literal
from orchestration.core.errors import CswError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import RAW_TABLES_VARIABLE, Settings, load_settings
from orchestration.maintenance import clean_up
from orchestration.pipeline import steps
from orchestration.refresh import refresh
from orchestration.releases import current_release_id, list_releases, publish, rollback
from orchestration.releases.candidate import clear_leftovers, open_candidate
from orchestration.releases.difference import compare_releases
from orchestration.releases.manifest import read_manifest
from orchestration.releases.query import query_release
from orchestration.releases.verify import verify_releases
from tests.runs import Run
from tests.spark.comparison import compare_tables
from tests.spark.local import load_lake, open_local, shown_schemas

pytestmark = pytest.mark.slow

VARYING = {"_release", "_data_quality"}
"""Marts with names of releases, or with records of files and tables."""


@dataclass
class Life:
    """What the process saw, by the name of the moment."""

    views: dict[str, set[str]] = field(default_factory=dict)
    current: dict[str, str | None] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spark-releases") / "home"


@pytest.fixture(scope="module")
def life(home: Path, small_company: Settings) -> Life:
    settings = load_settings(home, as_of=small_company.as_of.isoformat(), engine="spark", environment={})
    home.mkdir()
    # With the same key, both engines make the same pseudonyms.
    (home / ".hash_key").write_bytes((small_company.home / ".hash_key").read_bytes())
    answer = home.parent / "life.pickle"
    run = Run(settings, "life", work=partial(live, landing=small_company.landing, answer=answer))
    outcome = run.start().outcome(patience=3600)
    assert outcome[0] == "done", outcome
    seen: Life = pickle.loads(answer.read_bytes())
    return seen


def live(settings: Settings, *, landing: Path, answer: Path) -> str:
    """Make, refuse, accept, compare, roll back, damage and clean up releases."""
    life = Life()
    spark = open_local(settings)
    settings = replace(settings, raw_tables=load_lake(spark, landing))
    os.environ |= {"CSW_ENGINE": "spark", RAW_TABLES_VARIABLE: str(dict(settings.raw_tables))}

    def see(moment: str) -> None:
        life.views[moment] = shown_schemas(spark)
        life.current[moment] = current_release_id(settings)

    def refused(moment: str, work: Callable[[], Any]) -> None:
        try:
            work()
        except CswError as error:
            life.messages[moment] = f"{type(error).__name__}: {error}"
        see(moment)

    life.messages["first"] = refresh(settings, landing_is_given=False).message
    see("first")
    first = str(current_release_id(settings))
    marts = read_manifest(settings.releases / first)["schemas"]["marts"]
    for row in spark.sql(f"show tables in {marts}").collect():
        if not row.isTemporary:
            table = spark.table(f"{marts}.{row.tableName}")
            table.write.parquet(str(answer.parent / "marts" / f"{row.tableName}.parquet"))
    life.messages["again"] = refresh(settings, landing_is_given=False).message

    gone = replace(settings, raw_tables={**settings.raw_tables, "generic/plans": "lake.nowhere"})
    refused("landing fails", lambda: refresh(gone, landing_is_given=False))
    spark.sql("create table lake.fewer using parquet as select * from lake.subscription_periods limit 5")
    fewer = {**settings.raw_tables, "generic/subscription_periods": "lake.fewer"}
    settings = replace(settings, raw_tables=fewer)
    with hold_lock(settings.lock_file, "a test") as lock:
        candidate = open_candidate(settings, "second")
        clear_leftovers(settings, candidate)
        steps.land_step(settings, candidate)
        steps.build_step(settings, candidate)
        see("built")
        built = candidate.noted("schemas")["schemas"]["marts"]
        spark.sql(f"create table {built}.kept using parquet as select * from {built}.dim_months")
        spark.sql(f"insert into {built}.dim_months select * from {built}.kept")
        steps.audit_step(settings, candidate)
        refused("audit fails", lambda: steps.publish_step(settings, candidate, lock))
        spark.sql(f"insert overwrite table {built}.dim_months select * from {built}.kept")
        spark.sql(f"drop table {built}.kept")
        life.facts["audited"] = steps.audit_step(settings, candidate).passed
        refused("gate fails", lambda: steps.publish_step(settings, candidate, lock))
    second = list_releases(settings)[-1].release_id
    life.facts["second"] = second
    limits = ("rows", "closing_mrr", "customers", "restated_mrr", "restated_customers")
    accept = dict.fromkeys(limits, "a test")
    publish(settings, second, accept=accept)
    see("accepted")
    life.facts["difference"] = len(compare_releases(settings, first, second).months)
    life.facts["logged"] = query_release(
        settings, "select distinct first_seen_in_release from _restatements", second
    ).rows
    rollback(settings)
    see("rolled back")
    for release in (first, second, "current"):
        rows = query_release(settings, "select release_id from marts._release", release).rows
        life.facts[f"query {release}"] = rows[0][0]
    spark.sql(f"insert into {built}.mrr_monthly select * from {built}.mrr_monthly limit 1")
    life.facts["verified"] = {one.release_id: one.problem for one in verify_releases(settings)}
    refused("damaged", lambda: publish(settings, second))
    dead = open_candidate(settings, "dead")
    dead.begin()
    dead.note(schemas={"marts": "csw_dead_marts"})
    spark.sql("create schema csw_dead_marts")
    life.facts["removed"] = [one.name for one in clean_up(settings).removed]
    life.facts["schemas"] = {row.namespace for row in spark.sql("show schemas").collect()}
    see("cleaned")
    answer.write_bytes(pickle.dumps(life))
    return "lived"


def test_the_marts_equal_those_of_duckdb(
    life: Life, home: Path, small_company: Settings, tmp_path: Path
) -> None:
    for folder, source in (("duckdb", small_company.current / "parquet"), ("spark", home.parent / "marts")):
        (tmp_path / folder).mkdir()
        for path in source.resolve().glob("*.parquet"):
            if path.stem not in VARYING:
                _copy_rows(path, tmp_path / folder / path.name)
    assert compare_tables(tmp_path / "duckdb", tmp_path / "spark") == []


def _copy_rows(mart: Path, target: Path) -> None:
    """Copy a mart without the batches, which are files on one engine and tables on the other."""
    source = quote_literal(mart / "*.parquet" if mart.is_dir() else mart)
    rows = f"select columns(lambda name: name <> 'source_batch_id') from read_parquet({source})"
    with connect() as connection:
        connection.execute(f"copy ({rows}) to {quote_literal(target)}")


def test_a_run_publishes_once(life: Life) -> None:
    assert life.messages["first"] == f"published release {life.current['first']}"
    assert life.messages["again"].startswith(f"nothing new since release {life.current['first']}")


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ("landing fails", "lake.nowhere"),
        ("built", None),
        ("audit fails", "dim_months"),
        ("gate fails", "differs more than the limits allow"),
    ],
)
def test_a_failed_run_changes_no_view(life: Life, moment: str, message: str | None) -> None:
    assert life.views[moment] == life.views["first"]
    assert life.current[moment] == life.current["first"]
    assert message is None or message in life.messages[moment]


def test_a_release_can_be_accepted_compared_and_rolled_back(life: Life, home: Path) -> None:
    first, second = life.current["first"], life.facts["second"]
    assert life.facts["audited"], "a repeated audit writes the new id over the old one"
    assert life.current["accepted"] == second
    assert life.views["accepted"].isdisjoint(life.views["first"])
    assert len(life.views["accepted"]) == 1
    assert life.facts["difference"] > 0
    assert life.facts["logged"] == [(second,)]
    assert life.current["rolled back"] == first
    assert life.views["rolled back"] == life.views["first"]
    assert life.facts[f"query {second}"] == second
    assert life.facts[f"query {first}"] == life.facts["query current"] == first


def test_a_changed_table_is_found_and_never_published(life: Life) -> None:
    first, second = life.current["first"], life.facts["second"]
    assert life.facts["verified"][first] is None
    assert "mrr_monthly was changed after the audit" in life.facts["verified"][second]
    assert "mrr_monthly was changed after the audit" in life.messages["damaged"]
    assert life.current["damaged"] == first


def test_gc_drops_the_schemas_of_dead_runs_only(life: Life) -> None:
    assert life.facts["removed"] == ["dead"]
    assert "csw_dead_marts" not in life.facts["schemas"]
    assert life.views["first"] <= life.facts["schemas"]
    assert life.views["cleaned"] == life.views["first"]


def test_the_manifest_names_engine_schemas_and_digests(life: Life, home: Path) -> None:
    manifest = read_manifest(home / "releases" / str(life.current["first"]))
    assert manifest["engine"] == "spark"
    assert life.views["first"] == {manifest["schemas"]["marts"]}
    assert {"pyspark", "dbt-spark"} <= set(manifest["versions"])
    assert [file["path"] for file in manifest["files"]] == ["docs/index.html", "dbt/manifest.json"]
    for table in manifest["tables"].values():
        assert table["digest"].startswith(f"{table['rows']}:")
