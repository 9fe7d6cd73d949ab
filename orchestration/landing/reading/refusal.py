"""Remarks about a file, and the error that refuses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["wrong", "told", "note"]


@dataclass(frozen=True)
class Remark:
    """One kind of mistake in a file, or one change that the loader made."""

    kind: Kind
    """`wrong`: the loader rejects the rows. `told`: it loads them with a warning. `note`: for information."""
    column: str | None
    text: str
    """The problem or change, as the rest of a sentence that starts with the column. Contains no row value."""
    advice: str = ""
    """The next step for the user."""
    rows: int | None = None
    """Number of rows; None if the remark concerns the whole file."""
    row: int | None = None
    """Number of the first row, counted from 1 below the header."""
    line: int | None = None
    """Line of the first row in the file; None for Parquet."""
    value: str | None = field(default=None, compare=False)
    """Value in the first row. It appears only on the terminal and in the quarantine, never in a record."""

    def where(self) -> str:
        """Return for instance `12 rows, first in line 3`; empty if the remark concerns the whole file."""
        if self.rows is None:
            return ""
        counted = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        place = f"line {self.line:,}" if self.line is not None else f"row {self.row:,}" if self.row else ""
        if not place:
            return counted
        return f"{counted}, in {place}" if self.rows == 1 else f"{counted}, first in {place}"

    def sentence(self, *, with_value: bool = False) -> str:
        """Return the full remark as text. Include the value only for output on the terminal."""
        shown = f" {_shortened(self.value)!r}" if with_value and self.value is not None else ""
        subject = f"{self.column}{shown} " if self.column else ""
        where = self.where()
        return " ".join(
            part
            for part in (f"{subject}{self.text}" + (f" ({where})" if where else "") + ".", self.advice)
            if part
        )

    def to_json(self, *, with_value: bool = False) -> dict[str, Any]:
        facts = {name: value for name, value in vars(self).items() if value not in (None, "")}
        if not with_value:
            facts.pop("value", None)
        return facts


class FileRefusedError(Exception):
    """The loader refuses a whole file. The text is the reason for the user who delivered it."""

    def __init__(
        self, reason: str, rows: int = 0, share: float | None = None, remarks: Sequence[Remark] = ()
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rows = rows
        """Number of records in the file, if known."""
        self.share = share
        """Share of rejected rows, if it is the reason."""
        self.remarks = tuple(remarks)
        """Every kind of mistake in the file."""


def _shortened(text: str | None) -> str:
    return "" if text is None else text if len(text) <= 60 else f"{text[:57]}..."
