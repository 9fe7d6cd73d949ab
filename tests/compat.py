"""Whether older readers can open a release: each DuckDB of a list reads every mart, in its own environment.

    python -m tests.compat [VERSION ...]

It needs the package index, so it is no part of the tests. The environments stay in target/compat.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from datetime import date
from pathlib import Path

from orchestration.refresh import refresh
from orchestration.releases.export import ALIAS_FILE, MARTS_FILE
from orchestration.releases.manifest import read_manifest
from orchestration.settings import PROJECT_DIR, load_settings
from simulator import simulate

VERSIONS = ("1.1.3", "1.2.2", "1.3.2", "1.4.5", "1.5.6")
UNTIL = date(2026, 1, 1)

READ = """
import json, sys
import duckdb
folder, files = sys.argv[1], sys.argv[2:]
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
print(json.dumps({"version": duckdb.__version__, "rows": found}))
"""


def main() -> None:
    """Make a small release, then read it with every version; ends with 1 where one cannot."""
    versions = sys.argv[1:] or VERSIONS
    with tempfile.TemporaryDirectory(prefix="csw-compat-") as scratch:
        settings = load_settings(home=Path(scratch) / "home", as_of=UNTIL.isoformat(), environment={})
        simulate(60, 14, 3, settings.landing, until=UNTIL)
        refresh(settings, landing_is_given=False)
        release = settings.current.resolve()
        expected = {name: table["rows"] for name, table in read_manifest(release)["tables"].items()}
        problems = [_problem(version, release, expected) for version in versions]
    sys.exit(1 if any(problems) else 0)


def _problem(version: str, release: Path, expected: dict[str, int]) -> str | None:
    """Read the release with one version, and say how that went."""
    python = _environment(version)
    command = [str(python), "-c", READ, str(release), ALIAS_FILE, MARTS_FILE]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    problem = None
    if answer.returncode:
        problem = answer.stderr.strip().splitlines()[-1]
    else:
        found = json.loads(answer.stdout)
        if found["rows"] != {name: [rows, rows] for name, rows in expected.items()}:
            problem = f"other rows than the manifest says: {found['rows']}"
    read = f"reads {len(expected)} marts of {sum(expected.values()):,} rows, by both names and as Parquet"
    print(f"DuckDB {version:<7} {problem or read}", flush=True)
    return problem


def _environment(version: str) -> Path:
    folder = PROJECT_DIR / "target" / "compat" / version
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", f"duckdb=={version}"], check=True)
    return python


if __name__ == "__main__":
    main()
