"""Seconds and memory of the same build on DuckDB and on Spark, and whether the marts are equal.

    PYTHONPATH=target/spark .venv/bin/python -m tests.spark.timing [--accounts 500] [--months 36]
        [--without-voices] [--keep DIR]

The company is that of `csw simulate`, landed by DuckDB. `--without-voices` leaves out tickets, usage and
calls. Both engines build seeds, models and the tests that a run needs. Spark has two cores. From 10,000
accounts on, its settings are those for many rows. The peak of DuckDB is that of this process, with landing;
the peak of Spark is that of its Java process.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.pseudonyms import load_hash_key
from orchestration.dbt_runner.runner import GRAIN_TESTS
from orchestration.landing import land
from orchestration.spark.translations import KEY_RELATION
from simulator import simulate
from tests.spark.company import UNTIL, create_company_sources, export_layer
from tests.spark.comparison import compare_tables
from tests.spark.project import Project
from tests.spark.session import (
    FOR_FEW_ROWS,
    FOR_MANY_ROWS,
    load_sources,
    show_layer,
    start_spark,
)

MANY = 10_000
"""Number of accounts from which on data take more time than planning."""

_BUILD = ("build", "--exclude-resource-type", "unit_test", "--exclude", GRAIN_TESTS)

_SHOWN = 10


def main() -> None:
    """Measure one company and print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0] if __doc__ else None)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--without-voices", action="store_true", help="only CRM, billing and surveys")
    parser.add_argument("--keep", type=Path, help="keep the warehouses in this folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="csw-timing-") as scratch:
        folder = (options.keep or Path(scratch)) / f"{options.accounts}x{options.months}"
        folder.mkdir(parents=True)
        measure(folder, options.accounts, options.months, not options.without_voices)


def measure(folder: Path, accounts: int, months: int, has_voices: bool) -> None:
    """Build a company on both engines in `folder`, print the figures, and fail if the marts differ."""
    voices = "all voices" if has_voices else "surveys"
    load = f"load of the machine {os.getloadavg()[0]:.1f}"
    print(f"{accounts:,} accounts x {months} months, {voices}; {load}", flush=True)
    settings = _landed(folder / "home", accounts, months, has_voices)
    key = load_hash_key(settings.home)
    project = Project.copy(folder / "project", settings.home, {}, hash_key_relation=KEY_RELATION)
    for target in ("duckdb", "spark"):
        # Parsing is no part of a build.
        project.parse(target, UNTIL.isoformat())
    results = {"duckdb": _built(project, "duckdb")}
    _print(
        "  peak of DuckDB's process", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB"
    )
    spark = start_spark(folder, FOR_MANY_ROWS if accounts >= MANY else FOR_FEW_ROWS)
    started = time.monotonic()
    load_sources(spark, project.warehouse, folder / "sources", key)
    _print("copy the sources to Spark", _seconds(started))
    results["spark"] = _built(project, "spark")
    _print("  peak of Spark's process", f"{_peak_of(spark.sparkContext._gateway.proc.pid):,.0f} MiB")
    show_layer(spark, folder, "marts", folder / "on-spark")
    spark.stop()
    _print_slowest(results)
    export_layer(project.warehouse, "marts", folder / "marts")
    different = compare_tables(folder / "marts", folder / "on-spark")
    assert different == [], "\n".join(different)
    _print("marts", "equal")


def _landed(home: Path, accounts: int, months: int, has_voices: bool) -> Settings:
    settings: Settings = load_settings(home, as_of=UNTIL.isoformat(), environment={})
    started = time.monotonic()
    simulate(accounts, months, 42, settings.landing, until=UNTIL, has_voices=has_voices)
    _print("simulate", _seconds(started))
    started = time.monotonic()
    rows = sum(batch.rows_loaded for batch in land(settings).new)
    create_company_sources(settings, None)
    _print("land with DuckDB", f"{_seconds(started)}, {rows:,} rows")
    return settings


def _built(project: Project, target: str) -> list[Any]:
    started = time.monotonic()
    results = project.dbt(target, _BUILD, UNTIL.isoformat(), {})
    kinds = {kind: _of_kind(results, kind) for kind in ("model", "test")}
    sums = ", ".join(f"{kind}s {sum(seconds.values()):,.1f} s" for kind, seconds in kinds.items())
    _print(f"dbt build on {target}", f"{_seconds(started)} ({sums}, summed over threads)")
    return results


def _of_kind(results: Sequence[Any], kind: str) -> dict[str, float]:
    return {one.node.name: one.execution_time for one in results if one.node.resource_type == kind}


def _print_slowest(results: dict[str, list[Any]]) -> None:
    seconds = {target: _of_kind(found, "model") for target, found in results.items()}
    print(f"  {'slowest models on Spark':<52}{'Spark':>8}{'DuckDB':>8}")
    for name in sorted(seconds["spark"], key=lambda one: -seconds["spark"][one])[:_SHOWN]:
        print(f"  {name:<52}{seconds['spark'][name]:>8.1f}{seconds['duckdb'].get(name, 0):>8.1f}")


def _peak_of(process: int) -> float:
    """The peak memory of a process in MiB, from Linux."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _seconds(started: float) -> str:
    return f"{time.monotonic() - started:,.1f} s"


def _print(step: str, figure: str) -> None:
    print(f"  {step:<28}{figure}", flush=True)


if __name__ == "__main__":
    main()
