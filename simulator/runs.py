"""Runs of uninterrupted paid service of one subscription item, the basis of invoices and contracts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator import catalog as c
from simulator.clock import IntArray
from simulator.periods import Periods

BILLED = (c.ACTIVE, c.PAST_DUE, c.UNPAID)
_KEY = 2**33
"""More seconds than any calendar contains, so that run and second fit into one number."""


@dataclass(frozen=True)
class Runs:
    """One entry per run, in the order of `periods`; `rows` and `run_of_row` have one entry per billed row."""

    rows: IntArray
    """Positions in the periods."""
    run_of_row: IntArray
    first: IntArray
    """Position in the periods of each run's first row."""
    last: IntArray
    start: IntArray
    end: IntArray
    """Ends in seconds; the last second of the simulation if the run is still open."""
    is_open: NDArray[np.bool_]
    keys: IntArray

    def row_at(self, run: IntArray, second: IntArray) -> IntArray:
        """Return the position in the periods of the row in force at `second`, which must be in the run."""
        return self.rows[np.searchsorted(self.keys, run * _KEY + second, side="right") - 1]


def make_runs(periods: Periods, end_second: int) -> Runs:
    """Join consecutive rows of one item, price kind and interval."""
    billed = np.isin(periods["status"], BILLED) & (periods["unit_amount"] > 0)
    rows = np.flatnonzero(billed)
    before, after = rows[:-1], rows[1:]
    joined = periods["end"][before] == periods["start"][after]
    for name in ("account", "number", "slot", "interval", "price_kind"):
        joined &= periods[name][before] == periods[name][after]
    begins = np.concatenate([np.ones(min(1, len(rows)), dtype=np.bool_), ~joined])
    run_of_row = np.cumsum(begins) - 1
    first = rows[begins]
    last = rows[np.concatenate([begins[1:], np.ones(min(1, len(rows)), dtype=np.bool_)])]
    end = periods["end"][last]
    return Runs(
        rows=rows,
        run_of_row=run_of_row,
        first=first,
        last=last,
        start=periods["start"][first],
        end=np.where(end < 0, end_second, end),
        is_open=end < 0,
        keys=run_of_row * _KEY + periods["start"][rows],
    )


def repeat(counts: IntArray) -> tuple[IntArray, IntArray]:
    """For counts (2, 3): positions (0, 0, 1, 1, 1) and numbers within each (0, 1, 0, 1, 2)."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
