"""Whether a warehouse works with other versions of DuckDB than the one that is installed.

    python -m tests.compat [READER ...]

The whole refresh runs with this engine and with the previous line: their marts must be equal, row by row.
Each READER (all that are promised, unless some are named) reads what this engine published. It needs the
package index, so it is no part of the tests. The engines stay in target/compat.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import duckdb

from orchestration.dbt import WAREHOUSE_FILE
from orchestration.landing import land
from orchestration.pseudonyms import load_hash_key
from orchestration.releases.export import ALIAS_FILE, MARTS_FILE, RELEASE_TABLE
from orchestration.releases.manifest import read_manifest
from orchestration.settings import PROJECT_DIR, load_settings
from orchestration.warehouse import connect, quote_identifier, quote_literal
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


def main() -> None:
    """Make a small release with each engine, compare and read them; ends with 1 where something is amiss."""
    with tempfile.TemporaryDirectory(prefix="csw-compat-") as scratch:
        homes = [Path(scratch) / name for name in ("ours", "theirs")]
        settings = load_settings(home=homes[0], environment={})
        simulate(60, 14, 3, settings.landing, until=UNTIL, messy=True)
        land(settings)
        load_hash_key(settings.home)
        # Both find the same batches and the same key.
        shutil.copytree(*homes)
        with ThreadPoolExecutor() as both:
            ours, theirs = both.map(_make_release, homes, (duckdb.__version__, PREVIOUS_LINE))
        problems = [_compare(ours, theirs)]
        problems += [_read(version, ours, [ALIAS_FILE, MARTS_FILE]) for version in sys.argv[1:] or READERS]
        # An engine that is taken back finds what it needs to audit the releases of the newer one.
        problems.append(_read(PREVIOUS_LINE, ours, [WAREHOUSE_FILE]))
    sys.exit(1 if any(problems) else 0)


def _make_release(home: Path, version: str) -> Path:
    """The release that `csw run` makes with a version of DuckDB."""
    command = ["-m", "orchestration", "run", "--home", str(home), "--as-of", UNTIL.isoformat()]
    answer = _python(version, command)
    if answer.returncode:
        sys.exit(f"DuckDB {version} makes no release:\n{answer.stderr}")
    release = (home / "current").resolve()
    manifest = read_manifest(release)
    assert manifest["versions"]["duckdb"] == version
    checks = manifest["audit"]["evaluated"] + manifest["dbt"]["checks_passed"]
    _say(version, f"makes a release, {checks} checks passed")
    return release


def _read(version: str, release: Path, files: list[str]) -> str | None:
    """Read files of the release with one version, and say how that went."""
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
    _say(version, problem or f"{read}, and as Parquet")
    return problem


def _compare(ours: Path, theirs: Path) -> str | None:
    """Compare all marts but the one that says when a release was made; say which differ."""
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
    _say(PREVIOUS_LINE, problem or f"makes the same {len(columns[0]) - 1} marts, row by row")
    return problem


def _python(version: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with a version of DuckDB, and without settings of the caller's shell."""
    engine = [] if version == duckdb.__version__ else [str(_engine(version))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CSW_")}
    environment["PYTHONPATH"] = os.pathsep.join([*engine, str(PROJECT_DIR)])
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=False
    )


def _engine(version: str) -> Path:
    """A folder with that DuckDB and nothing else."""
    folder = PROJECT_DIR / "target" / "compat" / version
    if not (folder / "duckdb").is_dir():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--target", str(folder), f"duckdb=={version}"], check=True)
    return folder


def _say(version: str, what: str) -> None:
    print(f"DuckDB {version:<7} {what}", flush=True)


if __name__ == "__main__":
    main()
