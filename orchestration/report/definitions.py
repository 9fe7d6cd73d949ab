"""The definitions of the metrics, `docs/metrics.md`, as a page of the site to which every figure links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from orchestration.core.settings import PROJECT_DIR

DEFINITIONS = PROJECT_DIR / "docs" / "metrics.md"

_COLUMN = re.compile(r"`(\w+\.\w+)`")
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?://|#)[^)]*\)")


@dataclass(frozen=True)
class Definitions:
    """The page and the place of each definition in it."""

    html: str
    anchors: Mapping[str, str]
    """Anchor of the definition by `mart.column`, and of the chapter by mart."""

    def anchor(self, column: str) -> str:
        """Return the anchor of the definition of `mart.column`, else of its mart's chapter, else nothing."""
        return self.anchors.get(column) or self.anchors.get(column.split(".")[0], "")


def read_definitions(path: Path = DEFINITIONS) -> Definitions:
    """Read the metric dictionary. A row of a table that names a `mart.column` is the definition of it.

    Links to files of the project become plain text, because the site does not contain these files.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(_LINK.sub(r"\1", path.read_text(encoding="utf-8")))
    anchors: dict[str, str] = {}
    chapter = ""
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            chapter = _slug(tokens[number + 1].content)
            token.attrSet("id", chapter)
        elif token.type == "table_open":
            token.attrSet("tabindex", "0")  # A narrow page scrolls the table.
        elif token.type == "tr_open":
            _anchor_row(token, _content(tokens, number, "tr_close"), anchors, chapter)
    return Definitions(markdown.renderer.render(tokens, markdown.options, {}), anchors)


def _anchor_row(row: Token, content: str, anchors: dict[str, str], chapter: str) -> None:
    columns = _COLUMN.findall(content)
    new = [column for column in columns if column not in anchors]
    for column in new:
        anchors[column] = new[0]
        anchors.setdefault(column.split(".")[0], chapter)
    if new:
        row.attrSet("id", new[0])


def _content(tokens: list[Token], start: int, end: str) -> str:
    parts = []
    for token in tokens[start:]:
        if token.type == end:
            break
        parts.append(token.content)
    return " ".join(parts)


def _slug(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")
