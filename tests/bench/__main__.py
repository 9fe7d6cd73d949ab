"""Time and peak memory of each step, beside what DuckDB needs merely to read raw files and write marts.

    python -m tests.bench [--accounts 10000 --accounts 100000] [--months 60] [--without-voices]
        [--usage-months 8] [--as generic] [--keep DIR]

The company uses every system that the simulator knows; `--as` names others. It has all its voices: surveys,
tickets, usage and calls. A first run loads everything up to the last day. A second run adds the usage events
of that day, as the next morning does. `--without-voices` leaves out all but surveys, and the second run.

Every step runs in its own process, so that its peak memory can be measured. `cpu s` are the seconds of all
processors, which other work on the machine changes less than the seconds on the clock. `parse` happens once
per version of the project, before the first build. `land` also aggregates the new usage events; `usage` finds
the aggregates and makes the raw relations, as a build does. `empty` is the same build without rows, which
shows the fixed cost of dbt. `floor` is one scan of the raw Parquet and one `create table as` for each mart.
Two ratios compare the first build with it: one with the whole build, one without the cost of the empty build.
`revenue` runs only the models of the revenue ledger, one after the other. Its floor reads the raw files of
billing and writes the two facts. `land-floor` reads the landing files as text and writes them as Parquet.
`check` compares the release with the true history of the company, and stops if a figure differs.

After several sizes, a last table has the growth exponent of each step between neighbouring sizes: the
logarithm of the ratio of seconds, divided by that of accounts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestration.core.settings import PROJECT_DIR
from tests.bench.steps import Company, run_step, systems_of

USAGE_MONTHS = 8
"""100,000 accounts have about 19 million usage events in this time."""


def main() -> None:
    """Run every size and print one line per step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0] if __doc__ else None)
    parser.add_argument("--accounts", type=int, action="append")
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--without-voices", action="store_true", help="only CRM, billing and surveys")
    parser.add_argument("--usage-months", type=int, default=USAGE_MONTHS, help="months of usage events")
    parser.add_argument("--as", dest="systems", help="systems of the company")
    parser.add_argument("--keep", type=Path, help="keep the warehouses in this folder")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        name, home, facts = options.step
        _report_step(name, Path(home), json.loads(facts))
        return
    has_voices = not options.without_voices
    systems = systems_of(options.systems, has_voices)
    measured = {}
    for accounts in options.accounts or [10_000, 100_000]:
        company = Company(accounts, options.months, systems, has_voices, options.usage_months)
        with tempfile.TemporaryDirectory(prefix="csw-bench-") as scratch:
            home = (options.keep or Path(scratch)) / f"{accounts}x{options.months}"
            measured[accounts] = _bench(home, company)
    _print_growth(measured)


def _bench(home: Path, company: Company) -> dict[str, float]:
    """Run every step of a company and print its table; return the seconds by step."""
    print(f"\n{company.in_words()}")
    print(f"  {'step':<14}{'seconds':>9}{'cpu s':>9}{'peak MiB':>10}")
    seconds: dict[str, float] = {}
    for step in company.steps:
        command = [sys.executable, "-m", "tests.bench", "--step", step, str(home)]
        command.append(json.dumps(asdict(company)))
        answer = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_DIR, check=False)
        if answer.returncode:
            sys.exit(f"step {step} failed:\n{answer.stdout[-2000:]}\n{answer.stderr[-4000:]}")
        measured = json.loads(answer.stdout.strip().splitlines()[-1])
        seconds[step] = measured["seconds"]
        figures = f"{measured['seconds']:>9.1f}{measured['cpu']:>9.1f}{measured['peak_mib']:>10,.0f}"
        print(f"  {step:<14}{figures}  {measured['note']}", flush=True)
    for name, run in company.runs.items():
        print(f"  {name:<14}{sum(seconds[step] for step in run):>9.1f}{'':>21}{' + '.join(run)}")
    data = (seconds["build"] - seconds["empty"]) / seconds["floor"]
    print(f"  land / land-floor       = {seconds['land'] / seconds['land-floor']:.2f}")
    print(f"  build / floor           = {seconds['build'] / seconds['floor']:.2f}")
    print(f"  (build - empty) / floor = {data:.2f}")
    print(f"  revenue / revenue-floor = {seconds['revenue'] / seconds['revenue-floor']:.2f}")
    return seconds


def _print_growth(measured: Mapping[int, Mapping[str, float]]) -> None:
    """Print the growth exponent of each step between neighbouring sizes."""
    sizes = sorted(measured)
    pairs = list(itertools.pairwise(sizes))
    if not pairs:
        return
    headings = "".join(f"{f'{one:,} to {other:,}':>24}" for one, other in pairs)
    print(f"\ngrowth exponent of seconds by accounts\n  {'step':<14}{headings}")
    for step in measured[sizes[0]]:
        print(f"  {step:<14}" + "".join(f"{_exponent(measured, pair, step):>24.2f}" for pair in pairs))


def _exponent(measured: Mapping[int, Mapping[str, float]], sizes: Sequence[int], step: str) -> float:
    """Return 1 for a step that takes twice as long for twice as many accounts."""
    small, large = sizes
    return math.log(measured[large][step] / measured[small][step]) / math.log(large / small)


def _report_step(name: str, home: Path, facts: dict[str, Any]) -> None:
    """Run a step in this process and print its measures as one line of JSON."""
    company = Company(**{**facts, "systems": tuple(facts["systems"])})
    seconds, note = run_step(name, home, company)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    peak = max(one.ru_maxrss for one in used) / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mib": peak, "note": note}))


if __name__ == "__main__":
    main()
