"""`simulate`: a believable subscription company as raw landing files, with the true answers beside them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from orchestration.core.database import connect
from orchestration.core.errors import SettingsError
from orchestration.core.settings import folder_path
from simulator.billing import make_invoices
from simulator.clock import DAY_SECONDS
from simulator.clock import calendar as make_calendar
from simulator.company import make_accounts, make_contacts
from simulator.contracts import make_contracts
from simulator.costs import make_costs
from simulator.files import TRUTH, WORK, check_out, put_in_place, write_landing, write_truth
from simulator.fx import make_rates
from simulator.money_tables import make_money_tables
from simulator.periods import customer_months
from simulator.runs import make_runs
from simulator.subscriptions import make_periods
from simulator.surveys import make_surveys
from simulator.tables import make_tables
from simulator.truth import Truth, make_true_renewals, make_truth

MOST_ACCOUNTS = 999_999
"""Account ids have six digits."""
MOST_MONTHS = 240
EARLIEST_START = date(1990, 1, 1)


@dataclass(frozen=True)
class SimulationReport:
    """What was written, and what the company looks like at its end."""

    out: Path
    accounts: int
    months: int
    seed: int
    until: date
    messy: bool
    rows: dict[str, int]
    """Rows per landing file, by path relative to `out`."""
    closing_customers: int
    closing_mrr: int
    """Whole US dollars at the end of the last month."""

    def lines(self) -> list[str]:
        """Short lines for people: the company, the rows per file, where the truth lies."""
        kind = " (messy exports)" if self.messy else ""
        width = max(len(f"{count:,}") for count in self.rows.values())
        return [
            f"Simulated {self.accounts:,} accounts over {self.months} months up to "
            f"{self.until.isoformat()}, seed {self.seed}{kind}, in {self.out}",
            f"At the end: {self.closing_customers:,} customers, MRR {self.closing_mrr:,} USD",
            *(f"{count:>{width},} rows  {name}" for name, count in self.rows.items()),
            f"The true answers are in {TRUTH}/; the pipeline does not read them.",
        ]


def simulate(
    accounts: int,
    months: int,
    seed: int,
    out: str | Path,
    *,
    until: date = date(2026, 1, 1),
    messy: bool = False,
    progress: Callable[[str], None] | None = None,
) -> SimulationReport:
    """Write the exports of a company of `accounts` accounts that lived the `months` months before `until`.

    Files go to `<out>/generic/<object>/`, the truth to `<out>/_truth/`. The same arguments give the same
    bytes. Files of an earlier simulation in `out` are replaced. Raises SettingsError for arguments that
    cannot work and for a folder that holds other files.
    """
    folder = _checked(accounts, months, seed, out, until)
    check_out(folder)
    say = progress or (lambda _: None)
    # One stream per part, so that a change of one leaves the others as they are.
    streams = [np.random.Generator(np.random.PCG64(part)) for part in np.random.SeedSequence(seed).spawn(8)]
    calendar = make_calendar(months, until)

    say(f"Drawing {accounts:,} accounts and the people who work there")
    company = make_accounts(accounts, calendar, streams[0])
    people = make_contacts(company, calendar, streams[1])
    rates = make_rates(calendar, streams[2])
    say(f"Living {months} months of subscriptions")
    periods = make_periods(company, calendar, streams[3])
    say("Sending bills and contracts")
    runs = make_runs(periods, calendar.end_day * DAY_SECONDS)
    invoices = make_invoices(company, periods, runs, calendar, streams[5])
    contracts = make_contracts(company, periods, runs, calendar, streams[6])
    costs = make_costs(company, calendar, streams[7])
    say("Asking for opinions")
    is_customer = customer_months(periods, accounts, calendar.boundaries)
    surveys = make_surveys(company, people, is_customer, calendar, streams[4])
    say("Working out the true movements")
    truth = make_truth(periods, company.is_internal, rates, calendar)
    renewals = make_true_renewals(contracts, company.is_internal, rates, calendar)

    say(
        f"Writing {len(periods['account']):,} subscription periods, {len(invoices['account']):,} invoices, "
        f"{len(surveys['account']):,} surveys"
    )
    work = folder / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with connect(temp_directory=work / "spill") as connection:
            connection.execute("set threads = 1")
            make_tables(connection, company, people, periods, surveys, rates)
            make_money_tables(connection, invoices, contracts, costs, calendar)
            rows = write_landing(connection, work, until, is_messy=messy)
            write_truth(connection, work, truth, renewals, calendar)
        shutil.rmtree(work / "spill", ignore_errors=True)
        arguments = {"accounts": accounts, "months": months, "seed": seed}
        put_in_place(work, folder, {**arguments, "until": until.isoformat(), "messy": messy})
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return _report(folder, accounts, months, seed, until, messy, rows, truth)


def _report(
    out: Path,
    accounts: int,
    months: int,
    seed: int,
    until: date,
    messy: bool,
    rows: dict[str, int],
    truth: Truth,
) -> SimulationReport:
    return SimulationReport(
        out=out,
        accounts=accounts,
        months=months,
        seed=seed,
        until=until,
        messy=messy,
        rows=rows,
        closing_customers=int(truth.monthly["closing_customers"][-1]),
        closing_mrr=int(truth.monthly["closing_mrr"][-1]) // 10_000,
    )


def _checked(accounts: int, months: int, seed: int, out: str | Path, until: date) -> Path:
    if not 1 <= accounts <= MOST_ACCOUNTS:
        raise SettingsError(f"--accounts {accounts} cannot work: give a number from 1 to {MOST_ACCOUNTS:,}.")
    if not 1 <= months <= MOST_MONTHS:
        raise SettingsError(f"--months {months} cannot work: give a number from 1 to {MOST_MONTHS}.")
    if seed < 0:
        raise SettingsError(f"--seed {seed} cannot work: give zero or a positive whole number.")
    if until.day != 1:
        raise SettingsError(
            f"--until {until.isoformat()} is not the first day of a month: the company lives whole months. "
            f"Give {until.replace(day=1).isoformat()} instead."
        )
    if until.year * 12 + until.month - months < EARLIEST_START.year * 12 + EARLIEST_START.month:
        raise SettingsError(
            f"{months} months before {until.isoformat()} is earlier than {EARLIEST_START.isoformat()}. "
            "Give fewer months or a later --until."
        )
    return folder_path("--out", out)
