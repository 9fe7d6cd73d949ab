"""The measured steps of the benchmarks. Each runs in a process of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.settings import Settings, load_settings
from simulator.tables import VOICES
from simulator.vendors import SYSTEMS

UNTIL = date(2026, 1, 1)
LAST_DAY = UNTIL - timedelta(days=1)
RUN = ("land", "usage", "build", "audit", "publish")
SECOND = "2-"
"""Begins the names of the steps of the second run."""
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


@dataclass(frozen=True)
class Company:
    """What is simulated."""

    accounts: int
    months: int
    systems: tuple[str, ...]
    has_voices: bool
    usage_months: int

    @property
    def steps(self) -> list[str]:
        """Return the names of the steps in order. Only a company with usage events has a second run."""
        first = [step for step in RUN if self.has_voices or step != "usage"]
        second = ["day", *(SECOND + step for step in RUN)] if self.has_voices else []
        before = ["simulate", "land-floor", "land", "parse", "empty"]
        return [*before, *first[1:], *second, "check", "floor", "revenue", "revenue-floor"]

    @property
    def runs(self) -> dict[str, list[str]]:
        """Return the steps of each run by its name."""
        first = [step for step in self.steps if step in RUN]
        second = [step for step in self.steps if step.startswith(SECOND)]
        return {"first run": first} | ({"second run": second} if second else {})

    def in_words(self) -> str:
        """Return the heading of the company's table."""
        voices = f"surveys, tickets, calls and {self.usage_months} months of usage events"
        said = voices if self.has_voices else "surveys, without other voices"
        systems = ", ".join(self.systems)
        return f"{self.accounts:,} accounts x {self.months} months, {said}, as {systems}"


def systems_of(given: str | None, has_voices: bool) -> tuple[str, ...]:
    """Return the systems of an option, or every system that the simulator knows for such a company."""
    if given:
        return tuple(given.split(","))
    return tuple(name for name, one in SYSTEMS.items() if has_voices or not VOICES & one.keeps.keys())


def run_step(name: str, home: Path, company: Company) -> tuple[float, str]:
    """Run one step in the warehouse `home`; return its seconds and a note."""
    is_second = name.startswith(SECOND)
    is_first = company.has_voices and company.steps.index(name) <= company.steps.index("day")
    as_of = LAST_DAY if is_first else UNTIL
    settings = load_settings(home=home, as_of=as_of.isoformat(), policies=[])
    started = time.monotonic()
    if name == "simulate":
        note, measured = _simulate(settings, company), None
    elif name == "check":
        note, measured = _check(settings, company), None
    else:
        note, measured = _run(name.removeprefix(SECOND), settings, "second" if is_second else "first")
    return measured or time.monotonic() - started, note


def _simulate(settings: Settings, company: Company) -> str:
    """Write the files of the company, and keep back the usage events of the last day."""
    from simulator import simulate

    report = simulate(
        company.accounts,
        company.months,
        42,
        settings.landing,
        until=UNTIL,
        systems=company.systems,
        usage_months=company.usage_months,
        has_voices=company.has_voices,
    )
    if not company.has_voices:
        return f"not part of a run; {sum(report.rows.values()):,} rows"
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


def _run(name: str, settings: Settings, run_id: str) -> tuple[str, float | None]:
    """Run one step; returns a note, and the seconds if they differ from those of the whole step."""
    if name == "day":
        [path] = [path for path in _kept_back(settings).rglob("*") if path.is_file()]
        folder = path.parent.relative_to(_kept_back(settings))
        path.replace(settings.landing / folder / f"day{path.suffix}")
        return f"delivers the usage events of {LAST_DAY.isoformat()}", None
    if name == "land-floor":
        return _land_floor(settings), None
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


def _check(settings: Settings, company: Company) -> str:
    """Compare the release with the true history. Exits with the differences if a figure is wrong."""
    from orchestration.core.database import attach_release
    from simulator.vendors.ids import account_key
    from tests.truth import compare, open_truth

    has_crm = "salesforce" in company.systems
    with connect(temp_directory=settings.home / "spill") as connection:
        attach_release(connection, settings.current / "csw.duckdb")
        connection.execute("use release")
        account = account_key("account_id") if has_crm else "account_id"
        open_truth(connection, settings.landing, account)
        compared = list(compare(connection, has_contract_ids=not has_crm))
    wrong = [f"{one.wrong:,} of {one.rows:,} rows differ: {one.what}" for one in compared if one.wrong]
    if wrong:
        raise SystemExit("\n".join(["The release differs from the true history.", *wrong]))
    figures = sum(one.rows * one.figures for one in compared)
    return f"{figures:,} figures in {sum(one.rows for one in compared):,} rows equal the true history"


def _land_floor(settings: Settings) -> str:
    """Read every landing file as text, and write it as Parquet, no more."""
    readers = {
        ".csv": "read_csv({}, all_varchar = true)",
        ".jsonl": "read_json({}, maximum_depth = 1)",
        ".parquet": "read_parquet({})",
    }
    paths = [path for path in sorted(settings.landing.glob("[!_]*/*/*")) if path.is_file()]
    target = settings.home / "floor.parquet"
    with connect(temp_directory=settings.home / "spill") as connection:
        for path in paths:
            source = readers[path.suffix].format(quote_literal(path))
            connection.execute(
                f"copy (select columns(*)::varchar from {source}) to {quote_literal(target)} "
                "(format parquet, compression zstd)"
            )
    target.unlink()
    size = sum(path.stat().st_size for path in paths)
    return (
        f"reading {len(paths)} files of {size / 2**20:,.0f} MiB as text and writing them as Parquet, no more"
    )


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
