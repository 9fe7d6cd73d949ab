"""What a page consists of. A page module yields these blocks, and the templates draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

FIRST_PAGE = "index.html"

Format = Literal["money", "count", "rate", "score", "months", "ratio", "day", "month", "time", "text"]
"""How a value is shown. The value itself stays exact in `data-value` and in the data of a chart."""


@dataclass(frozen=True)
class Dataset:
    """The rows of one query, which charts draw and readers download."""

    name: str
    columns: Mapping[str, str]
    """The kind of each column, in order: `number`, `date`, `boolean` or `text`."""
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Choice:
    """A column whose values the reader chooses from. The chart shows the rows with the chosen value."""

    column: str
    label: str
    default: str | None = None
    """Value at first; None for the first value of the data."""


SLICE = Choice("slice", "Customers")


@dataclass(frozen=True)
class Change:
    """A value beside an earlier one."""

    label: str
    before: Any
    format: Format
    """`money` and `count` show the relative change, `rate` percentage points, `score` points."""


@dataclass(frozen=True)
class Tile:
    """One headline figure of all customers."""

    label: str
    value: Any
    format: Format
    column: str
    """Mart and column, such as `mrr_monthly.closing_mrr`."""
    changes: Sequence[Change] = ()
    note: str = ""


@dataclass(frozen=True)
class Tiles:
    """Headline figures side by side."""

    title: str
    tiles: Sequence[Tile]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(tile.column for tile in self.tiles))


@dataclass(frozen=True)
class Figure:
    """A chart with its data, its source and a text alternative."""

    title: str
    dataset: Dataset
    spec: Mapping[str, Any]
    """Vega-Lite, without data. The page passes the chosen rows as the data set `table`."""
    columns: Sequence[str]
    """Marts and columns that the chart shows."""
    summary: str
    """One sentence that says what the chart shows."""
    choices: Sequence[Choice] = ()
    note: str = ""


@dataclass(frozen=True)
class Cell:
    """A table cell with a link."""

    text: str
    href: str


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    label: str
    format: Format = "text"


@dataclass(frozen=True)
class Table:
    """A table of a few rows."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    sources: Sequence[str] = ()
    """Marts and columns that the table shows."""
    note: str = ""
    empty: str = "There are no rows."


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    title: str = ""
    tone: Literal["plain", "warning"] = "plain"


Block = Tiles | Figure | Table | Text


@dataclass(frozen=True)
class PageInfo:
    """The place of a page in the site."""

    order: int
    name: str
    """File name without `.html`."""
    title: str
    lead: str
    """What the page answers."""
    choices: Sequence[Choice] = ()
    """Choices that apply to every chart whose data have the column."""


@dataclass(frozen=True)
class Page:
    """A page with its blocks."""

    info: PageInfo
    blocks: Sequence[Block]
    folder: str = ""
    """Folder of the page in the site; empty for the top."""
    marts: frozenset[str] = frozenset()
    """The marts that the page reads."""

    @property
    def path(self) -> str:
        return f"{self.folder}{self.info.name}.html"

    @property
    def figures(self) -> list[Figure]:
        return [block for block in self.blocks if isinstance(block, Figure)]

    @property
    def root(self) -> str:
        """Path from the page to the top of the site."""
        return "../" if self.folder else ""
