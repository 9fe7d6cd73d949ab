"""Results depend on the data, `as_of` and policies, never on the time, files or order of deliveries."""

from __future__ import annotations

import csv
import hashlib
import random
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import cache, partial
from pathlib import Path

import duckdb
import pytest

from orchestration.cli.tables import print_result
from orchestration.core.errors import LandingError
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.parsing import prepare_manifest
from orchestration.dbt_runner.pseudonyms import KEY_FILE, load_hash_key
from orchestration.dbt_runner.runner import run_dbt
from orchestration.dbt_runner.version import dbt_version
from orchestration.landing import accepted_batches, land
from orchestration.pipeline.sources import create_sources
from orchestration.refresh import ensure_files, refresh
from orchestration.releases import current_release_id, publish
from orchestration.releases.answers import QueryResult
from orchestration.releases.manifest import read_manifest
from tests.compiled import Step, compile_models, models_on
from tests.runs import run_to_the_end
from tests.shared import declared_contracts

pytestmark = pytest.mark.integration

Copy = Callable[[Settings], Settings]
Row = dict[str, str]

PERIODS = "subscription_periods"
"""All marts except the one with the id of the release."""


def parquet_of(settings: Settings, release_id: str) -> dict[str, str]:
    """The hash of every Parquet file of a release, except `_release`, which has its time."""
    folder = settings.releases / release_id / "parquet"
    hashes = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert hashes.pop("_release")
    assert len(hashes) >= 14
    return hashes


def new_home(folder: Path, like: Settings) -> Settings:
    """An empty warehouse with the hash key of another one, so that its pseudonyms are the same."""
    settings = load_settings(home=folder / "home", as_of="2026-01-01")
    settings.home.mkdir()
    shutil.copyfile(like.home / KEY_FILE, settings.home / KEY_FILE)
    return settings


def read_rows(folder: Path) -> list[Row]:
    with (folder / "export_2026-01-01.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_rows(path: Path, rows: Iterable[Row], fields: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(fields))
        writer.writeheader()
        writer.writerows(rows)


def test_a_replay_rebuilds_the_earlier_release(small_company: Settings, copy_of: Copy) -> None:
    settings = copy_of(small_company)
    first = current_release_id(settings)
    assert first is not None
    then = accepted_batches(settings)[-1].loaded_at
    expected = parquet_of(settings, first)

    # Then a correction arrives, and one more file that no run has landed yet.
    rows = read_rows(settings.landing / "generic" / PERIODS)
    active = [row for row in rows if row["status"] == "active" and row["currency"] == "USD"]
    late = {**active[0], "unit_amount": "999", "updated_at": "2026-01-01 00:00:00"}
    write_rows(settings.landing / "generic" / PERIODS / "late.csv", [late], late)
    second = run_to_the_end(settings, "second")
    assert parquet_of(settings, second)["mrr_monthly"] != expected["mrr_monthly"]
    write_rows(settings.landing / "generic" / PERIODS / "unread.csv", [late, late], late)

    known = replace(settings, known_at=then)
    outcome = refresh(known, landing_is_given=False)
    assert outcome.release_id is None
    assert outcome.experiment_id
    assert f"`current` stays {second}" in outcome.message
    assert current_release_id(settings) == second
    assert parquet_of(settings, outcome.experiment_id) == expected
    assert len(accepted_batches(settings)) == len(accepted_batches(known)) + 1

    manifest = read_manifest(settings.releases / outcome.experiment_id)
    assert manifest["known_at"] == then.isoformat()
    with duckdb.connect(
        str(settings.releases / outcome.experiment_id / "csw.duckdb"), read_only=True
    ) as marts:
        stamped = marts.execute("select release_id, known_at from marts._release").fetchone()
    assert stamped == (outcome.experiment_id, then.replace(tzinfo=None))

    again = refresh(known, landing_is_given=False)
    assert (again.release_id, again.experiment_id) == (None, None)
    assert again.message.startswith(f"nothing new since the identical experiment {outcome.experiment_id}")
    publish(settings, outcome.experiment_id)
    assert current_release_id(settings) == outcome.experiment_id

    with pytest.raises(LandingError, match="No file was accepted by"):
        refresh(replace(settings, known_at=then - timedelta(days=1)), landing_is_given=False)


def seeds_of(steps: Iterable[Step]) -> dict[str, list[dict[str, str | None]]]:
    """The rows of the project's seeds among the steps. An empty cell is null."""
    found = {}
    for step in steps:
        path = PROJECT_DIR / "seeds" / f"{step.name}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as stream:
                found[step.name] = [
                    {name: value or None for name, value in row.items()} for row in csv.DictReader(stream)
                ]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_deliveries_in_any_files_and_order_make_the_same_marts(
    small_company: Settings, tmp_path: Path, seed: int
) -> None:
    """Rows go to random files and passes, some of them twice, together with outdated versions."""
    draw = random.Random(seed)
    settings = new_home(tmp_path, small_company)
    passes = 3
    for folder in sorted(small_company.landing.glob("generic/*")):
        rows = read_rows(folder)
        fields = list(rows[0])
        if "updated_at" in fields:
            stale = [dict(row, updated_at="2001-01-01 00:00:00") for row in draw.sample(rows, len(rows) // 4)]
            for row in stale:
                row.update({name: "7" for name in ("unit_amount", "quantity", "score") if row.get(name)})
            rows += stale
        rows += draw.sample(rows, len(rows) // 5)
        draw.shuffle(rows)
        for row in rows:
            row["_place"] = f"{draw.randrange(passes)}/{draw.choice('abc')}"
        for place in sorted({row["_place"] for row in rows}):
            part = [{name: row[name] for name in fields} for row in rows if row["_place"] == place]
            turn, name = place.split("/")
            write_rows(tmp_path / turn / folder.name / f"{name}{draw.randrange(10**6)}.csv", part, fields)

    for number in draw.sample(range(passes), passes):
        for path in sorted((tmp_path / str(number)).glob("*/*.csv")):
            target = settings.landing / "generic" / path.parent.name / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        report = land(settings)
        assert not report.refused
        assert len(report.accepted) > 7

    # Compare the models on these landed rows with the marts that the job published there.
    sources = partial(create_sources, settings=settings, batches=accepted_batches(settings), parent=None)
    key = load_hash_key(settings.home)
    as_of = settings.as_of.replace(tzinfo=None)
    with (
        models_on(sources, all_marts(), as_of, seeds=seeds_of(all_marts()), key=key) as made,
        duckdb.connect() as published,
    ):
        published.execute(f"attach '{small_company.current / 'csw.duckdb'}' as csw (read_only)")
        for mart in sorted(declared_contracts().keys() - {"_release"}):
            # The column has the batch that delivered the row, which differs.
            columns = "* exclude (source_batch_id)" if mart == "fct_mrr_movement_items" else "*"
            # These marts describe files, which differ here.
            of_files = ("delivered_rows", "reading_remarks", "conflicting_rows", "delivered_again")
            where = f"where check_name not in {of_files}" if mart == "_data_quality" else ""
            query = f"select {columns} from {{}}.marts.{mart} {where} order by all"
            ours, theirs = made.execute(query.format("warehouse")), published.execute(query.format("csw"))
            assert ours.description == theirs.description, mart
            assert ours.fetchall() == theirs.fetchall(), mart


def test_a_reader_of_the_readme_sees_its_figures_at_any_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    [as_of] = re.findall(r"^\$ \.venv/bin/csw run --home \S+ --as-of (\S+)$", readme, flags=re.MULTILINE)
    shown = re.findall(r'^\$ \.venv/bin/csw query --home \S+ "(.+?)"\n(.+?)\n(?:\n|```)', readme, re.M | re.S)
    assert len(shown) == 2
    settings = load_settings(home=tmp_path, as_of=as_of, environment={})
    ensure_files(settings, landing_is_given=False)
    land(settings)
    warehouse = settings.home / "warehouse.duckdb"
    prepare_manifest(settings, dbt_version())
    with duckdb.connect(str(warehouse)) as made:
        create_sources(made, settings, accepted_batches(settings), None)
    models = ("build", "--exclude-resource-type", "unit_test", "test")
    run_dbt(settings, [*models, "--select", "+mrr_monthly", "+nps_periods"], warehouse)
    with duckdb.connect(str(warehouse), read_only=True) as made:
        made.execute("use warehouse.marts")
        capsys.readouterr()
        for sql, answer in shown:
            found = made.execute(sql)
            columns = tuple(column[0] for column in found.description or ())
            print_result(QueryResult(columns, found.fetchall(), has_more=False))
            assert capsys.readouterr().out.splitlines() == answer.splitlines()


@cache
def all_marts() -> tuple[Step, ...]:
    return compile_models({}, sorted(declared_contracts().keys() - {"_release"}))
