"""One module per page. Its `INFO` gives the place in the site, and `blocks` the content."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from orchestration.report.parts.blocks import Block, PageInfo
from orchestration.report.parts.marts import Marts


class PageModule(Protocol):
    """What a module of a page contains."""

    INFO: PageInfo

    def blocks(self, marts: Marts) -> Iterator[Block]:
        """Yield the blocks of the page. The queries read the published marts by their bare names."""


def page_modules() -> list[PageModule]:
    """Return the modules of all pages, in the order of the site."""
    found = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return sorted(cast("list[PageModule]", found), key=lambda module: module.INFO.order)
