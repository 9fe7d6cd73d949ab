"""Tests a warehouse with other versions of DuckDB than the installed one.

    python -m tests.compat [READER ...]

The whole refresh runs with this engine and with the previous line. Their marts must be equal, row by row.
Each READER (by default, all supported ones) reads the release of this engine. The engines come from the
package index and stay in target/compat. The tests use the oldest and the newest reader.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb

from orchestration.core.database import connect, quote_identifier, quote_literal
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.dbt_runner.invocation import WAREHOUSE_FILE
from orchestration.releases.export import ALIAS_FILE, MARTS_FILE, RELEASE_TABLE
from orchestration.releases.manifest import read_manifest
from simulator import simulate

PREVIOUS_LINE = "1.5.6"
READERS = ("1.1.3", "1.2.2", "1.3.2", "1.4.5", "1.5.6")
UNTIL = date(2026, 1, 1)

READ = """
import json, sys
import duckdb
version, folder, *files = sys.argv[1:]
assert duckdb.__version__ == version, duckdb.__version__
found = {}
for file in files:
    connection = duckdb.connect(f"{folder}/{file}", read_only=True)
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by 1"
    ).fetchall()
    database = connection.execute("select current_database()").fetchone()[0]
    for (table,) in tables:
        # All values come out, so that no column has a type or a compression that this reader lacks.
        rows = connection.execute(f'select * from "{database}".marts."{table}"').fetchall()
        parquet = connection.execute(f"select count(*) from '{folder}/parquet/{table}.parquet'").fetchone()[0]
        assert parquet == len(rows), (table, parquet, len(rows))
        found.setdefault(table, []).append(len(rows))
    adds_up = connection.execute(f'''
        select count(*), count(*) filter (where closing_mrr = opening_mrr + new_mrr + expansion_mrr
            + contraction_mrr + churn_mrr + reactivation_mrr + fx_impact_mrr)
        from "{database}".marts.mrr_monthly where dimension = 'all'
    ''').fetchone()
    assert adds_up[0] and adds_up[0] == adds_up[1], adds_up
print(json.dumps(found))
"""

POOL = """
import os, sys
import duckdb
version, folder, first, second = sys.argv[1:]
assert duckdb.__version__ == version, duckdb.__version__

def lead_to(release):
    os.symlink(release, f"{folder}/next")
    os.replace(f"{folder}/next", f"{folder}/current")

def ask():
    connection = duckdb.connect(f"{folder}/current/csw.duckdb", read_only=True)
    return connection, connection.execute("select release_id from marts._release").fetchone()[0]

lead_to(first)
kept, before = ask()
lead_to(second)
other, beside = ask()
kept.close(), other.close()
last, after = ask()
assert before != after, before
print("new" if beside == after else "old")
"""
POOLS_ARE_FRESH_FROM = (1, 5)
"""From this version on, a new connection sees the new release while an old one is open (docs/readers.md)."""


def main() -> None:
    """Report how each engine does; exit with 1 if there is a problem."""
    with tempfile.TemporaryDirectory(prefix="csw-compat-") as scratch:
        settings = load_settings(home=Path(scratch) / "home", as_of=UNTIL.isoformat(), environment={})
        simulate(60, 14, 3, settings.landing, until=UNTIL, messy=True)
        _make_release(settings, duckdb.__version__)
        sys.exit(1 if problems(settings, sys.argv[1:] or READERS) else 0)


def problems(settings: Settings, readers: Sequence[str]) -> list[str]:
    """Compare a release with one of the previous line, and read it; returns one line for each problem."""
    with tempfile.TemporaryDirectory(prefix="csw-compat-") as scratch:
        other = load_settings(home=Path(scratch) / "home", as_of=settings.as_of_text, environment={})
        # The same batches and the same key.
        shutil.copytree(settings.home, other.home, ignore=shutil.ignore_patterns("releases", "current"))
        ours, theirs = settings.current.resolve(), _make_release(other, PREVIOUS_LINE)
        found = [_compare(ours, theirs)]
        for version in readers:
            found.append(_read(version, ours, [ALIAS_FILE, MARTS_FILE]))
            found.append(_pool(version, ours, theirs, Path(scratch)))
        # After a downgrade, the older engine can audit the releases of the newer one.
        found.append(_read(PREVIOUS_LINE, ours, [WAREHOUSE_FILE]))
    return [problem for problem in found if problem]


def _make_release(settings: Settings, version: str) -> Path:
    """The release that `csw run` makes with a version of DuckDB."""
    home, as_of = str(settings.home), settings.as_of_text
    # `csw` itself would restart without the path to another engine.
    code = "from orchestration.cli.main import app; app(prog_name='csw')"
    command = ["-c", code, "run", "--home", home, "--as-of", as_of]
    answer = _python(version, command)
    if answer.returncode:
        raise RuntimeError(f"DuckDB {version} makes no release:\n{answer.stderr}")
    release = settings.current.resolve()
    manifest = read_manifest(release)
    assert manifest["versions"]["duckdb"] == version
    checks = manifest["audit"]["evaluated"] + manifest["dbt"]["checks_passed"]
    _say(version, f"makes a release, {checks} checks passed")
    return release


def _read(version: str, release: Path, files: list[str]) -> str | None:
    """Read files of the release with one version, and report the result."""
    expected = {name: table["rows"] for name, table in read_manifest(release)["tables"].items()}
    answer = _python(version, ["-c", READ, version, str(release), *files])
    problem = None
    if answer.returncode:
        problem = answer.stderr.strip().splitlines()[-1]
    elif (found := json.loads(answer.stdout)) != {
        name: [rows] * len(files) for name, rows in expected.items()
    }:
        problem = f"other rows than the manifest says: {found}"
    read = f"reads {len(expected)} marts of {sum(expected.values()):,} rows in {' and '.join(files)}"
    return _say(version, f"{read}, and as Parquet", problem)


def _pool(version: str, first: Path, second: Path, scratch: Path) -> str | None:
    """Which release a process sees on a new connection if it still holds the old release open."""
    answer = _python(version, ["-c", POOL, version, str(scratch), str(first), str(second)])
    is_fresh = tuple(map(int, version.split(".")[:2])) >= POOLS_ARE_FRESH_FROM
    expected = "new" if is_fresh else "old"
    seen = answer.stdout.strip() or answer.stderr.strip().splitlines()[-1]
    problem = None if seen == expected else f"shows a pool the release {seen}; expected the {expected} one"
    return _say(version, f"shows a pool that holds the old release open the {seen} one", problem)


def _compare(ours: Path, theirs: Path) -> str | None:
    """Compare all marts except the one with the time of the release; report which differ."""
    columns = [
        {name: table["columns"] for name, table in read_manifest(release)["tables"].items()}
        for release in (ours, theirs)
    ]
    differing = [
        mart for mart in columns[0].keys() | columns[1].keys() if columns[0].get(mart) != columns[1].get(mart)
    ]
    with connect() as connection:
        for name, release in (("ours", ours), ("theirs", theirs)):
            connection.execute(f"attach {quote_literal(release / MARTS_FILE)} as {name} (read_only)")
        for mart in sorted(set(columns[0]) - {RELEASE_TABLE, *differing}):
            first, second = (f"from {name}.marts.{quote_identifier(mart)}" for name in ("ours", "theirs"))
            query = f"({first} except all {second}) union all ({second} except all {first})"
            if connection.execute(f"select 1 from ({query}) limit 1").fetchall():
                differing.append(mart)
    problem = f"makes other marts: {', '.join(sorted(differing))}" if differing else None
    return _say(PREVIOUS_LINE, f"makes the same {len(columns[0]) - 1} marts, row by row", problem)


def _python(version: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with a version of DuckDB and without settings from the caller's shell."""
    engine = [] if version == duckdb.__version__ else [str(_engine(version))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CSW_")}
    environment["PYTHONPATH"] = os.pathsep.join([*engine, str(PROJECT_DIR)])
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
    )


def _engine(version: str) -> Path:
    """A folder that contains only that version of DuckDB."""
    folder = PROJECT_DIR / "target" / "compat" / version
    if not (folder / "duckdb").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--target", str(folder), f"duckdb=={version}"], check=True)
    return folder


def _say(version: str, good: str, problem: str | None = None) -> str | None:
    """Print what an engine does, or its problem; returns the line if there is a problem."""
    line = f"DuckDB {version:<7} {problem or good}"
    print(line, flush=True)
    return line if problem else None


if __name__ == "__main__":
    main()
