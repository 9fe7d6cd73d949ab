"""Turns the blocks of a page into HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.core.serialization import script_json
from orchestration.report.definitions import Definitions
from orchestration.report.parts.blocks import Change, Page, PageInfo
from orchestration.report.parts.marts import Facts, Marts

_TEMPLATES = Path(__file__).with_name("templates")
_DASH = "–"
_MINUS = "\u2212"


class Renderer:
    """Renders the pages of one site."""

    def __init__(
        self, marts: Marts, definitions: Definitions, navigation: Sequence[PageInfo], dbt_docs: str | None
    ) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            show=self._show, change=show_change, exact=exact, breakable=breakable
        )
        self._environment.globals.update(
            facts=marts.facts,
            navigation=navigation,
            definitions=Markup(definitions.html),
            dbt_docs=dbt_docs,
            anchor=definitions.anchor,
        )
        self._facts = marts.facts

    def page(self, page: Page) -> str:
        """Return the HTML of a page."""
        template = self._environment.get_template("page.html")
        return template.render(page=page, data=Markup(script_json(_data(page), _plain)))

    def definitions(self, page: Page) -> str:
        """Return the HTML of the page with the definitions."""
        return self._environment.get_template("definitions.html").render(page=page, data="")

    def _show(self, value: Any, format_: str) -> str:
        return show(value, format_, self._facts)


def breakable(column: str) -> Markup:
    """Return `mart.column` with the places at which a narrow page can break it."""
    return Markup("<wbr>").join(re.split(r"(?<=[._])", column))


def exact(value: Any) -> str:
    """Return a value with all its digits."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return "" if value is None else str(value)


def show(value: Any, format_: str, facts: Facts) -> str:
    """Return a value as a page shows it; a dash for null."""
    if value is None:
        return _DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    match format_:
        case "money":
            text = f"{value:,.0f} {facts.currency}"
        case "count":
            text = f"{value:,d}" if isinstance(value, int) else f"{value:,.0f}"
        case "rate":
            text = f"{value:.1%}"
        case "score":
            text = f"{value:+.0f}" if round(value) else "0"
        case "months":
            text = f"{value:,.1f} months"
        case "ratio":
            text = f"{value:z,.1f}"
        case "month" if isinstance(value, date):
            text = f"{value:%B %Y}"
        case "day" if isinstance(value, date):
            text = f"{value:%Y-%m-%d}"
        case "time" if isinstance(value, datetime):
            text = f"{value:%Y-%m-%d %H:%M} UTC"
        case _:
            return str(value)
    return text.replace("-", _MINUS) if format_ not in ("day", "time", "month") else text


def show_change(change: Change, now: Any) -> str:
    """Return how far a value is from an earlier one; a dash if either is null or a share of zero."""
    before = change.before
    if now is None or before is None:
        return _DASH
    match change.format:
        case "rate":
            moved, digits, unit = (now - before) * 100, 1, " points"
        case "score":
            moved, digits, unit = now - before, 0, " points"
        case "money" | "count" if before > 0:
            moved, digits, unit = (now - before) / before * 100, 1, "%"
        case _:
            return _DASH
    # `z` turns -0.0 into 0.0.
    return f"{moved:+z.{digits}f}{unit}".replace("-", _MINUS)


def _data(page: Page) -> dict[str, Any]:
    datasets = {figure.dataset.name: figure.dataset for figure in page.figures}
    return {
        "choices": [vars(choice) for choice in page.info.choices],
        "datasets": {
            name: {
                column: {"kind": kind, **values_of([row[place] for row in dataset.rows], kind)}
                for place, (column, kind) in enumerate(dataset.columns.items())
            }
            for name, dataset in datasets.items()
        },
        "figures": [
            {
                "dataset": figure.dataset.name,
                "spec": figure.spec,
                "choices": [vars(choice) for choice in figure.choices],
            }
            for figure in page.figures
        ],
    }


def values_of(values: Sequence[Any], kind: str) -> dict[str, Any]:
    """Return the values of a column; texts and dates as places in the list of distinct ones, for brevity."""
    if kind in ("number", "boolean"):
        return {"values": values}
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return {"distinct": list(places), "places": [places[value] for value in values]}


def _plain(value: Any) -> Any:
    """Return a value that JSON lacks: a decimal as a number, a date as YYYY-MM-DD."""
    return float(value) if isinstance(value, Decimal) else f"{value:%Y-%m-%d}"
