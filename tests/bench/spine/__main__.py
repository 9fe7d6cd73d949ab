"""Time and peak memory of the revenue models beside the spine of open MRR playbooks.

    python -m tests.bench.spine [--accounts 1000 --accounts 10000] [--months 60] [--limit 900] [--keep DIR]

`make bench-spine` runs it. A company with CRM and billing data lands once, and dbt builds its unified tables.
Then every line of the table is a process of its own that runs SQL on the same database: the compiled SQL of
the models, or the spine. On a busy machine, compare CPU seconds.

`intervals`    our models from delivered periods to intervals with a monthly value
`ledger`       our models from intervals to movements and account-months, with both facts
`playbook`     the month spine of delivered periods: list prices, one currency
`month-spine`  the month spine of our intervals, so that only the way to a month differs
`day-spine`    the same with a row for each day, which also shows changes within a month

Closing MRR of the last two must equal the ledger's in every account-month, and every other difference must
have a known cause. Otherwise the run fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from orchestration.core.database import connect
from orchestration.core.settings import PROJECT_DIR
from tests.bench.spine.comparing import (
    DAYS,
    MONTHS,
    PLAYBOOK,
    Source,
    compare,
    make_spine,
    playbook_causes,
    reset,
)

UNTIL = date(2026, 1, 1)
"""Every month before it is complete."""
MODELS = ("intervals", "ledger")
SPINES = {"playbook": PLAYBOOK, "month-spine": MONTHS, "day-spine": DAYS}
THREADS = (1, 2)


def main() -> None:
    """Run every size and print one line per process."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0] if __doc__ else None)
    parser.add_argument("--accounts", type=int, action="append")
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--limit", type=int, default=900, help="stop a process after so many seconds")
    parser.add_argument("--keep", type=Path, help="keep the warehouses in this folder")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, home, number = options.step
        _report_step(name, Path(home), int(number), options.months)
        return
    for accounts in options.accounts or [1_000, 10_000]:
        with tempfile.TemporaryDirectory(prefix="csw-spine-") as scratch:
            home = (options.keep or Path(scratch)) / f"{accounts}x{options.months}"
            print(f"\n{accounts:,} accounts x {options.months} months")
            _bench(home, accounts, options.months, options.limit)


def _bench(home: Path, accounts: int, months: int, limit: int) -> None:
    _run("prepare", home, accounts, months, None)
    print(f"  {'work':<14}{'threads':>8}{'seconds':>9}{'CPU s':>9}{'peak MiB':>10}")
    for threads in THREADS:
        for name in (*MODELS, *SPINES):
            measured = _run(name, home, threads, months, limit)
            print(f"  {name:<14}{threads:>8}{measured}", flush=True)
            if name in SPINES and threads == THREADS[0] and "stopped" not in measured:
                _print_comparison(home, name)


def _run(name: str, home: Path, number: int, months: int, limit: int | None) -> str:
    """Run a step in its own process; returns its seconds, CPU seconds and peak memory as text."""
    command = [sys.executable, "-m", "tests.bench.spine", "--months", str(months)]
    command += ["--step", name, str(home), str(number)]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, cwd=PROJECT_DIR, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return f"  stopped after {limit} s"
    if answer.returncode:
        sys.exit(f"step {name} failed:\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}")
    seconds, cpu, peak = json.loads(answer.stdout.strip().splitlines()[-1])
    return f"{seconds:>9.2f}{cpu:>9.2f}{peak:>10,.0f}"


def _report_step(name: str, home: Path, number: int, months: int) -> None:
    if name == "prepare":
        from tests.bench.spine.preparing import prepare

        prepare(home, number, months, UNTIL)
        print(json.dumps([0, 0, 0]))
        return
    with connect(home / "warehouse.duckdb") as connection:
        connection.execute(f"set threads = {number}")
        models = (
            json.loads((home / f"{name}.json").read_text()) if name in MODELS else {"reset": [], "work": []}
        )
        for statement in models["reset"]:
            connection.execute(statement)
        if name in SPINES:
            reset(connection)
        connection.execute("checkpoint")
        started, cpu_started = time.monotonic(), time.process_time()
        for statement in models["work"]:
            connection.execute(statement)
        if name in SPINES:
            make_spine(connection, SPINES[name], UNTIL)
        connection.execute("checkpoint")
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu_started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, cpu, peak]))


def _print_comparison(home: Path, name: str) -> None:
    """Print where the spine differs from the ledger; ends the run if a difference has no known cause."""
    source: Source = SPINES[name]
    with connect(home / "warehouse.duckdb") as connection:
        found = compare(connection, source, UNTIL)
        print(
            f"    {found.spine_rows:,} rows; {found.spine_months:,} of {found.account_months:,} "
            f"account-months; {found.different_mrr:,} with another closing MRR"
        )
        causes = playbook_causes(connection) if source is PLAYBOOK else []
    for cause, account_months in causes:
        print(f"    {account_months:>10,}  {cause}")
    if source is MONTHS:
        for spine_change, ledger_change, cause, account_months in found.changes:
            print(f"    {account_months:>10,}  {spine_change} in the spine, {ledger_change} here: {cause}")
            causes.append((cause, account_months))
    unequal = found.different_mrr and source is not PLAYBOOK
    if unequal or any(cause == "unexplained" for cause, _ in causes):
        sys.exit(f"{name} differs from the ledger without a known cause")


if __name__ == "__main__":
    main()
