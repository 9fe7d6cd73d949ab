"""Builds the report site of a release from its marts file."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.core.console import PROGRESS
from orchestration.core.files import remove_tree
from orchestration.report import vega
from orchestration.report.account_pages import FOLDER, REVIEWS, account_pages
from orchestration.report.definitions import Definitions, read_definitions
from orchestration.report.lineage import lineage
from orchestration.report.pages import PageModule, about, page_modules
from orchestration.report.parts.blocks import Page, PageInfo, Text
from orchestration.report.parts.marts import Marts, open_marts
from orchestration.report.rendering import Renderer
from orchestration.report.review_pages import review_pages

ASSETS = "assets"

_ASSETS = Path(__file__).with_name(ASSETS)
_DEFINITIONS = PageInfo(
    90, "definitions", "Definitions", "What each number means, and which rule computes it."
)

log = logging.getLogger("csw")


def build_site(marts_file: Path, folder: Path, *, dbt_docs: str | None = None) -> list[Path]:
    """Write the site of a release to `folder`, which must not exist; return its files.

    `dbt_docs` is the path from the site to the page with the documentation of the models, if there is one. A
    page that cannot read a mart says so; the other pages do not depend on it. Without a mart that all pages
    need, there is no site, and the log says why.

    Raises PublishError if another process has opened the marts file for writing.
    """
    try:
        with open_marts(marts_file) as marts:
            _write_site(marts, folder, dbt_docs)
    except duckdb.Error as error:
        log.warning("report  The report cannot be made. %s", _first_line(error))
        remove_tree(folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _write_site(marts: Marts, folder: Path, dbt_docs: str | None) -> None:
    modules = page_modules()
    for part in (FOLDER, REVIEWS):
        (folder / part).mkdir(parents=True)
    shutil.copytree(_ASSETS, folder / ASSETS)
    (folder / ASSETS / "vega.js").write_text(vega.script(), encoding="utf-8")
    definitions = read_definitions()
    renderer = Renderer(marts, definitions, [module.INFO for module in modules], dbt_docs)
    for page in _pages(marts, definitions):
        log.info("report  %s", page.info.title, extra=PROGRESS)
        (folder / page.path).write_text(renderer.page(page), encoding="utf-8")
    glossary = Page(_DEFINITIONS, [])
    (folder / glossary.path).write_text(renderer.definitions(glossary), encoding="utf-8")


def read_pages(marts: Marts) -> list[Page]:
    """Return the pages of the site except those of single accounts."""
    return [_page(marts, module) for module in page_modules()]


def _pages(marts: Marts, definitions: Definitions) -> Iterator[Page]:
    pages = read_pages(marts)
    for page in pages:
        is_about = page.info.name == about.INFO.name
        yield replace(page, blocks=[*page.blocks, lineage(pages, definitions)]) if is_about else page
    for kind, pages_of in (("accounts", account_pages), ("reviews", review_pages)):
        try:
            yield from pages_of(marts)
        except duckdb.Error as error:
            log.warning("report  The pages of the %s cannot be made. %s", kind, _first_line(error))


def _page(marts: Marts, module: PageModule) -> Page:
    marts.begin_page()
    try:
        blocks = list(module.blocks(marts))
    except duckdb.Error as error:
        problem = f"This page cannot be made. {_first_line(error)}"
        log.warning("report  %s: %s", module.INFO.title, problem)
        blocks = [Text(problem, tone="warning")]
    return Page(module.INFO, blocks, marts=frozenset(marts.read))


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().splitlines()[0]
