"""What is said of one file: why it is not loaded, and what is remarkable about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["wrong", "told", "note"]


@dataclass(frozen=True)
class Remark:
    """One kind of mistake of a file, or one thing that the loader did to it."""

    kind: Kind
    """`wrong`: the rows are not loaded. `told`: they are, and somebody should look. `note`: for the
    record."""
    column: str | None
    text: str
    """What is wrong or was done, as the rest of a sentence that begins with the column. No value of a row."""
    advice: str = ""
    """What to do next."""
    rows: int | None = None
    """How many rows; None where it concerns the file as a whole."""
    row: int | None = None
    """The first of them, counted from 1 below the header."""
    line: int | None = None
    """Where that row stands in the file; None for Parquet."""
    value: str | None = field(default=None, compare=False)
    """What the first row holds. For the terminal and the quarantine only: it is never recorded."""

    def where(self) -> str:
        """For instance `12 rows, first in line 3`; empty where it concerns the file as a whole."""
        if self.rows is None:
            return ""
        counted = f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        place = f"line {self.line:,}" if self.line is not None else f"row {self.row:,}" if self.row else ""
        if not place:
            return counted
        return f"{counted}, in {place}" if self.rows == 1 else f"{counted}, first in {place}"

    def sentence(self, *, with_value: bool = False) -> str:
        """Everything in words; the value only for the person at the terminal."""
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
    """A file is refused whole. The text is the reason, in words for the person who delivered it."""

    def __init__(
        self, reason: str, rows: int = 0, share: float | None = None, remarks: Sequence[Remark] = ()
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.rows = rows
        """Records in the file, as far as they can be counted."""
        self.share = share
        """Share of rejected rows, where that was the reason."""
        self.remarks = tuple(remarks)
        """Every kind of mistake that was found."""


def _shortened(text: str | None) -> str:
    return "" if text is None else text if len(text) <= 60 else f"{text[:57]}..."
