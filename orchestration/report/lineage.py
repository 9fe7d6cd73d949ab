"""Where every figure of the site comes from: its marts and columns, and their definitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestration.report.definitions import Definitions
from orchestration.report.parts.blocks import Cell, Column, Figure, Page, Table, Tiles


def columns_of(page: Page) -> Iterator[tuple[str, str]]:
    """Yield each figure of a page with each `mart.column` that it shows."""
    for block in page.blocks:
        if isinstance(block, Tiles):
            yield from ((tile.label, tile.column) for tile in block.tiles)
        elif isinstance(block, Figure):
            yield from ((block.title, column) for column in block.columns)
        elif isinstance(block, Table):
            yield from ((block.title, column) for column in block.sources)


def lineage(pages: Iterable[Page], definitions: Definitions) -> Table:
    """Return the table of all figures of `pages`, with links to the pages and the definitions."""
    rows = []
    for page in pages:
        for figure, column in columns_of(page):
            place = definitions.anchor(column)
            definition = Cell(column, f"definitions.html#{place}") if place else column
            rows.append((Cell(page.info.title, page.path), figure, definition))
    return Table(
        "Where every figure comes from",
        [Column("Page"), Column("Figure"), Column("Mart and column")],
        rows,
    )
