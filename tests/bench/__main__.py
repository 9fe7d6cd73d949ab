"""Time and peak memory of each step, beside what DuckDB needs merely to read raw files and write marts.

    python -m tests.bench [--accounts 10000 --accounts 100000] [--months 60] [--as generic] [--keep DIR]

The company uses every system that the simulator knows; `--as` names others. It has all its voices: surveys,
tickets, usage and calls. A first run loads everything up to the last day. A second run adds the usage events
of that day, as the next morning does.

Every step runs in its own process, so that its peak memory can be measured. `parse` happens once per
version of the project, before the first build. `land` also aggregates the new usage events; `usage` finds the
aggregates and makes the raw relations, as a build does. `empty` is the same build without rows, which shows
the fixed cost of dbt. `floor` is one scan of the raw Parquet and one `create table as` for each mart. Two
ratios compare the first build with it: one with the whole build, one without the cost of the empty build.
`revenue` runs only the models of the revenue ledger, one after the other. Its floor reads the raw files of
billing and writes the two facts.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from simulator.vendors import SYSTEMS

UNTIL = date(2026, 1, 1)
LAST_DAY = UNTIL - timedelta(days=1)
USAGE_MONTHS = 8
"""100,000 accounts have about 10 million usage events in this time."""
RUN = ("land", "usage", "build", "audit", "publish")
SECOND = "2-"
"""Begins the names of the steps of the second run."""
STEPS = (
    "simulate",
    "land",
    "parse",
    "empty",
    *RUN[1:],
    "day",
    *(SECOND + step for step in RUN),
    "floor",
    "revenue",
    "revenue-floor",
)
USAGE = {"generic/usage_events": "occurred_at", "segment/tracks": "timestamp"}
"""By folder of usage events: the column with their time."""
REVENUE = [
    "path:models/intermediate/accounts",
    "path:models/intermediate/subscriptions",
    "path:models/intermediate/mrr",
    "path:models/marts/revenue/fct_*",
    "fct_account_months",
]
REVENUE_FACTS = ("fct_mrr_movements", "fct_account_months")


def main() -> None:
    """Run every size and print one line per step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0] if __doc__ else None)
    parser.add_argument("--accounts", type=int, action="append")
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--as", dest="systems", default=",".join(SYSTEMS), help="systems of the company")
    parser.add_argument("--keep", type=Path, help="keep the warehouses in this folder")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, home, accounts = options.step
        _report_step(name, Path(home), int(accounts), options.months, options.systems.split(","))
        return
    for accounts in options.accounts or [10_000, 100_000]:
        with tempfile.TemporaryDirectory(prefix="csw-bench-") as scratch:
            home = (options.keep or Path(scratch)) / f"{accounts}x{options.months}"
            _bench(home, accounts, options.months, options.systems)


def _bench(home: Path, accounts: int, months: int, systems: str) -> None:
    print(f"\n{accounts:,} accounts x {months} months, {systems}")
    print(f"  {'step':<14}{'seconds':>9}{'peak MiB':>10}")
    seconds: dict[str, float] = {}
    for step in STEPS:
        command = [sys.executable, "-m", "tests.bench", "--months", str(months)]
        command += ["--as", systems, "--step", step, str(home), str(accounts)]
        answer = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_DIR, check=False)
        if answer.returncode:
            sys.exit(f"step {step} failed:\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}")
        measured = json.loads(answer.stdout.strip().splitlines()[-1])
        seconds[step] = measured["seconds"]
        print(
            f"  {step:<14}{measured['seconds']:>9.1f}{measured['peak_mib']:>10,.0f}  {measured['note']}",
            flush=True,
        )
    for name, run in (("first run", RUN), ("second run", [SECOND + step for step in RUN])):
        print(f"  {name:<14}{sum(seconds[step] for step in run):>9.1f}            {' + '.join(run)}")
    print(f"  build / floor           = {seconds['build'] / seconds['floor']:.2f}")
    print(f"  (build - empty) / floor = {(seconds['build'] - seconds['empty']) / seconds['floor']:.2f}")
    print(f"  revenue / revenue-floor = {seconds['revenue'] / seconds['revenue-floor']:.2f}")


def _report_step(name: str, home: Path, accounts: int, months: int, systems: Sequence[str]) -> None:
    is_first = STEPS.index(name) < STEPS.index("day")
    as_of = LAST_DAY if is_first else UNTIL
    settings = load_settings(home=home, as_of=as_of.isoformat(), policies=[])
    started = time.monotonic()
    if name == "simulate":
        note, measured = _simulate(settings, accounts, months, systems), None
    else:
        note, measured = _run_step(name.removeprefix(SECOND), settings, "first" if is_first else "second")
    seconds = measured or time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak, "note": note}))


def _simulate(settings: Settings, accounts: int, months: int, systems: Sequence[str]) -> str:
    """Write the files of the company, and keep back the usage events of the last day."""
    from simulator import simulate

    report = simulate(
        accounts, months, 42, settings.landing, until=UNTIL, systems=systems, usage_months=USAGE_MONTHS
    )
    [(name, column)] = [
        (name, USAGE[folder]) for name in report.rows for folder in USAGE if name.startswith(f"{folder}/")
    ]
    path = settings.landing / name
    day = _kept_back(settings) / name
    day.parent.mkdir(parents=True)
    with connect(temp_directory=settings.home / "spill") as connection:
        form = {".jsonl": "json"}.get(path.suffix, path.suffix.removeprefix("."))
        source = f"read_{form}({quote_literal(path)})"
        condition = f"{quote_identifier(column)}::timestamp >= timestamp '{LAST_DAY.isoformat()}'"
        for target, chosen in ((day, condition), (path.with_suffix(".part"), f"not ({condition})")):
            copied = f"select * from {source} where {chosen}"
            connection.execute(f"copy ({copied}) to {quote_literal(target)} (format {form})")
    path.with_suffix(".part").replace(path)
    tickets = sum(rows for other, rows in report.rows.items() if "/tickets/" in other)
    return f"not part of a run; {report.rows[name]:,} usage events, {tickets:,} tickets"


def _kept_back(settings: Settings) -> Path:
    return settings.home / "last_day"


def _run_step(name: str, settings: Settings, run_id: str) -> tuple[str, float | None]:
    """Run one step; returns a note, and the seconds if they differ from those of the whole step."""
    if name == "day":
        [path] = [path for path in _kept_back(settings).rglob("*") if path.is_file()]
        folder = path.parent.relative_to(_kept_back(settings))
        path.replace(settings.landing / folder / f"day{path.suffix}")
        return f"delivers the usage events of {LAST_DAY.isoformat()}", None
    if name == "floor":
        return _floor(settings, "*", None), None
    if name == "revenue-floor":
        billing = "stripe" if (settings.raw / "stripe").is_dir() else "generic/subscription_periods"
        return _floor(settings, billing, REVENUE_FACTS), None
    from orchestration.core.lock import hold_lock
    from orchestration.dbt_runner.contract_files import load_contracts
    from orchestration.dbt_runner.mart_contract import audited_tests, parsed_mart_contracts
    from orchestration.dbt_runner.parsing import prepare_manifest
    from orchestration.dbt_runner.runner import BUILD, run_dbt
    from orchestration.dbt_runner.version import dbt_version
    from orchestration.landing import create_landing_records, create_raw_relations, recorded_batches
    from orchestration.landing.usage import aggregate_files
    from orchestration.pipeline import steps as pipeline
    from orchestration.pipeline.sources import create_sources
    from orchestration.releases.candidate import open_candidate
    from orchestration.releases.previous import create_previous_relations

    candidate = open_candidate(settings, run_id)
    with hold_lock(settings.lock_file, "benchmark") as lock:
        if name == "land":
            batches = pipeline.land_step(settings, candidate).batches
            return f"{sum(batch.rows_loaded for batch in batches):,} rows", None
        if name == "parse":
            prepare_manifest(settings, dbt_version(), lock)
            return "once per version of the project", None
        if name == "usage":
            noted = candidate.noted("raw_batches")
            recorded = recorded_batches(settings, noted["raw_batches"])
            with connect(temp_directory=settings.home / "spill") as connection:
                create_sources(connection, settings, recorded, noted["parent"])
            return f"{len(aggregate_files(settings.raw))} files", None
        if name == "empty":
            warehouse = settings.home / "empty" / "warehouse.duckdb"
            warehouse.parent.mkdir()
            with connect(warehouse) as connection:
                create_raw_relations(connection, load_contracts(), [])
                create_landing_records(connection, settings, load_contracts(), [])
                create_previous_relations(connection, settings, None)
            skip = audited_tests(parsed_mart_contracts(settings))
            result = run_dbt(settings, BUILD, warehouse, skip=skip)
            return f"{len(result.nodes)} models and tests on no rows", None
        if name == "build":
            result = pipeline.build_step(settings, candidate)
            models = sum(node.seconds for node in result.nodes if node.kind == "model")
            tests = sum(node.seconds for node in result.nodes if node.kind == "test")
            return f"models {models:.1f} s, tests {tests:.1f} s (summed over threads)", None
        if name == "audit":
            report = pipeline.audit_step(settings, candidate)
            report.raise_if_blocking(candidate.audit)
            return f"{len(report.results)} checks", None
        if name == "revenue":
            warehouse = settings.home / "revenue" / "warehouse.duckdb"
            warehouse.parent.mkdir()
            shutil.copyfile(settings.current / "warehouse.duckdb", warehouse)
            warehouse.chmod(0o600)
            result = run_dbt(settings, ["run", "--threads", "1", "--select", *REVENUE], warehouse)
            return f"{len(result.nodes)} models", sum(node.seconds for node in result.nodes)
        return pipeline.publish_step(settings, candidate, lock).message, None


def _floor(settings: Settings, folder: str, marts: Sequence[str] | None) -> str:
    """Scan the raw Parquet files of a folder, then write a copy of the marts into a fresh database."""
    release = settings.current / "marts.duckdb"
    scratch = settings.home / "floor.duckdb"
    with connect(scratch) as connection:
        for path in sorted(settings.raw.glob(f"{folder}/**/*.parquet")):
            connection.execute(f"select max(hash(raw)) from read_parquet({quote_literal(path)}) as raw")
        connection.execute(f"attach {quote_literal(release)} as built (read_only)")
        connection.execute("create schema marts")
        names = connection.execute(
            "select table_name from duckdb_tables() where database_name = 'built' and schema_name = 'marts'"
        ).fetchall()
        chosen = [name for (name,) in names if marts is None or name in marts]
        for name in chosen:
            table = quote_identifier(name)
            connection.execute(f"create table marts.{table} as from built.marts.{table}")
        connection.execute("checkpoint")
    scratch.unlink()
    return f"reading the raw files and writing {len(chosen)} marts, no more"


if __name__ == "__main__":
    main()
