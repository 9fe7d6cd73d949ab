"""`simulate` writes the raw files of a realistic subscription company, and its true history."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from orchestration.core.database import connect
from orchestration.core.errors import SettingsError
from orchestration.core.settings import folder_path
from orchestration.core.spelling import did_you_mean
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
from simulator.tables import OBJECTS, VOICES, make_tables
from simulator.truth import Truth, make_true_renewals, make_truth
from simulator.vendors import GENERIC, SYSTEMS
from simulator.voice_tables import make_true_voices, make_voice_tables
from simulator.voices import STREAMS, make_voices

MOST_ACCOUNTS = 5_000_000
"""Ids stay unique up to here. Ids of duplicates in Salesforce begin with a 7."""
MOST_MONTHS = 240
EARLIEST_START = date(1990, 1, 1)
USAGE_MONTHS = 24
"""Tools for product usage keep their events for some time only."""


@dataclass(frozen=True)
class SimulationReport:
    """The written files, and the state of the company at the end."""

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
    """MRR in whole US dollars at the end of the last month."""

    def lines(self) -> list[str]:
        """Return the report for the terminal: the company, the rows per file, and the place of the truth."""
        kind = " (messy exports)" if self.messy else ""
        width = max(len(f"{count:,}") for count in self.rows.values())
        return [
            f"Simulated {self.accounts:,} accounts over {self.months} months up to "
            f"{self.until.isoformat()}, seed {self.seed}{kind}, in {self.out}",
            f"At the end: {self.closing_customers:,} customers, MRR {self.closing_mrr:,} USD",
            *(f"{count:>{width},} rows  {name}" for name, count in self.rows.items()),
            f"The true history is in {TRUTH}/. The pipeline does not read it.",
        ]


def simulate(
    accounts: int,
    months: int,
    seed: int,
    out: str | Path,
    *,
    until: date = date(2026, 1, 1),
    messy: bool = False,
    systems: Sequence[str] = (),
    usage_months: int = USAGE_MONTHS,
    has_voices: bool = True,
    progress: Callable[[str], None] | None = None,
) -> SimulationReport:
    """Write the exports of a company with `accounts` accounts over the `months` months before `until`.

    Files go to `<out>/generic/<object>/`, the truth to `<out>/_truth/`. What one of the `systems` holds goes
    to `<out>/<system>/<object>/` instead, in the form of its API. The product has events of the last
    `usage_months` months. Without voices, there are no tickets, product usage, milestones, opportunities and
    calls, surveys name no tickets, and the rest is the same. The same arguments give the same bytes. The
    simulation replaces files of an earlier simulation in `out`.

    Raises SettingsError for invalid arguments and for a folder with other files.
    """
    folder = _checked(accounts, months, seed, out, until)
    named = _systems(systems, has_voices)
    check_out(folder)
    report = progress or (lambda _: None)
    # Use one random stream per part, so that a change of one part does not affect the others.
    streams = [
        np.random.Generator(np.random.PCG64(part)) for part in np.random.SeedSequence(seed).spawn(8 + STREAMS)
    ]
    calendar = make_calendar(months, until)

    report(f"Drawing {accounts:,} accounts and their contacts")
    company = make_accounts(accounts, calendar, streams[0])
    people = make_contacts(company, calendar, streams[1])
    rates = make_rates(calendar, streams[2])
    report(f"Simulating {months} months of subscriptions")
    periods = make_periods(company, calendar, streams[3])
    report("Writing invoices and contracts")
    runs = make_runs(periods, calendar.end_day * DAY_SECONDS)
    invoices = make_invoices(company, periods, runs, calendar, streams[5])
    contracts = make_contracts(company, periods, runs, calendar, streams[6])
    costs = make_costs(company, calendar, streams[7])
    report("Drawing survey answers")
    is_customer = customer_months(periods, accounts, calendar.boundaries)
    surveys = make_surveys(company, people, is_customer, calendar, streams[4])
    voices = None
    if has_voices:
        report("Drawing tickets, product usage and calls")
        voices = make_voices(
            company, people, periods, contracts, surveys, calendar, usage_months, streams[-STREAMS:]
        )
    report("Computing the true movements")
    truth = make_truth(periods, company.is_internal, rates, calendar)
    renewals = make_true_renewals(contracts, company.is_internal, rates, calendar)

    report(
        f"Writing {len(periods['account']):,} subscription periods, {len(invoices['account']):,} invoices, "
        f"{len(surveys['account']):,} surveys, {voices.tickets if voices else 0:,} tickets"
    )
    work = folder / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with connect(temp_directory=work / "spill") as connection:
            connection.execute("set threads = 1")
            make_tables(connection, company, people, periods, surveys, rates)
            make_money_tables(connection, invoices, contracts, costs, calendar)
            if voices:
                make_voice_tables(connection, voices)
                make_true_voices(connection, company, voices.behaviour, calendar, usage_months)
            objects = [name for name in OBJECTS if voices or name not in VOICES]
            rows = write_landing(connection, work, objects, until, is_messy=messy, systems=named)
            write_truth(connection, work, truth, renewals, calendar, named, has_voices=has_voices)
        shutil.rmtree(work / "spill", ignore_errors=True)
        arguments = {"accounts": accounts, "months": months, "seed": seed, "systems": named}
        arguments |= {"usage_months": usage_months, "has_voices": has_voices}
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


def _systems(given: Sequence[str], has_voices: bool) -> list[str]:
    """Return the systems other than `generic`, in the order of the list.

    Raises SettingsError for others, and for a system of voices in a company without them.
    """
    for name in given:
        if name not in (GENERIC, *SYSTEMS):
            known = ", ".join((GENERIC, *SYSTEMS))
            raise SettingsError(
                f"--as {name} is not known.{did_you_mean(name, SYSTEMS)} Give some of {known}."
            )
        if not has_voices and name in SYSTEMS and VOICES & SYSTEMS[name].keeps.keys():
            raise SettingsError(
                f"--as {name} needs a company with voices, because {name} holds some of them."
            )
    return [name for name in SYSTEMS if name in given]


def _checked(accounts: int, months: int, seed: int, out: str | Path, until: date) -> Path:
    if not 1 <= accounts <= MOST_ACCOUNTS:
        raise SettingsError(f"--accounts {accounts} is invalid. Give a number from 1 to {MOST_ACCOUNTS:,}.")
    if not 1 <= months <= MOST_MONTHS:
        raise SettingsError(f"--months {months} is invalid. Give a number from 1 to {MOST_MONTHS}.")
    if seed < 0:
        raise SettingsError(f"--seed {seed} is invalid. Give zero or a positive whole number.")
    if until.day != 1:
        raise SettingsError(
            f"--until {until.isoformat()} is not the first day of a month. A simulation covers whole months. "
            f"Give {until.replace(day=1).isoformat()} instead."
        )
    if until.year * 12 + until.month - months < EARLIEST_START.year * 12 + EARLIEST_START.month:
        raise SettingsError(
            f"{months} months before {until.isoformat()} is earlier than {EARLIEST_START.isoformat()}. "
            "Give fewer months or a later --until."
        )
    return folder_path("--out", out)
