"""The look of all charts, and the shapes that several pages draw.

Colours are CSS variables of `assets/report.css`, so that one chart serves light, dark and print. They are
distinct for readers with colour blindness, and their contrast with the background is at least 3 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

HEIGHT = 260
BLUE, ORANGE, GREEN, PURPLE, GREY, BROWN = (f"var(--series-{number})" for number in range(1, 7))
INK, MUTED, LINE = "var(--ink)", "var(--muted)", "var(--line)"

HEAT = [f"var(--heat-{step})" for step in range(1, 8)]
HEAT_INK = [f"var(--heat-ink-{step})" for step in range(1, 8)]

FORMATS = {"money": ",.0f", "count": ",d", "rate": ".1%", "score": "+.0f", "months": ",.1f", "ratio": ",.1f"}
"""d3 formats by the format of a value."""

CONFIG: Mapping[str, Any] = {
    "aria": False,  # The figure around the chart has the text alternative.
    "background": "transparent",
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {
        "domainColor": LINE,
        "gridColor": "var(--grid)",
        "labelColor": MUTED,
        "labelFontSize": 12,
        "tickColor": LINE,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 240,
        "orient": "top",
        "title": None,
        "symbolType": "square",
        "columns": 4,
    },
    "line": {"strokeWidth": 2, "color": BLUE},
    "bar": {"color": BLUE},
    "area": {"color": BLUE, "opacity": 0.18, "line": False},
    "rule": {"color": MUTED},
    "point": {"color": BLUE, "filled": True, "size": 40},
    "text": {"color": INK, "fontSize": 11},
}

Layer = alt.Chart | alt.LayerChart


def base() -> alt.Chart:
    """Return a chart of the data that the page passes."""
    return alt.Chart(alt.NamedData("table"))


def specification(chart: Layer, *, height: int | Mapping[str, int] = HEIGHT) -> dict[str, Any]:
    """Return the Vega-Lite of a chart that is as wide as its figure."""
    size: dict[str, Any] = {"width": "container", "height": height}
    spec: dict[str, Any] = chart.properties(**size).to_dict()
    spec["config"] = dict(CONFIG)
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def months(field: str = "month") -> alt.X:
    """Return a time axis with a tick per month."""
    axis = alt.Axis(
        format="%b %Y",
        labelOverlap=True,
        grid=False,
        tickCount={"interval": "month", "step": 1},
    )
    return alt.X(f"{field}:T", title=None, axis=axis)


def value_axis(field: str, title: str, format_: str) -> alt.Y:
    """Return a vertical axis for values of a format of `FORMATS`."""
    axis_format = "~s" if format_ == "money" else FORMATS[format_]
    return alt.Y(f"{field}:Q", title=title, axis=alt.Axis(format=axis_format, tickCount=5))


def tip(field: str, title: str, format_: str | None = None) -> alt.Tooltip:
    """Return one line of the text that appears on hover; `format_` is one of `FORMATS` or `month`."""
    if format_ == "month":
        return alt.Tooltip(f"{field}:T", title=title, format="%B %Y")
    if format_ is None:
        return alt.Tooltip(f"{field}:N", title=title)
    return alt.Tooltip(f"{field}:Q", title=title, format=FORMATS[format_])


def colours(names: Mapping[str, str]) -> alt.Scale:
    """Return a scale that gives each name its colour, in this order."""
    return alt.Scale(domain=list(names), range=list(names.values()))


def lines_over_months(
    series: Mapping[str, tuple[str, str]], axis_title: str, format_: str, *, zero: bool = True
) -> alt.LayerChart:
    """Return one line per series. `series` maps the label to the column and the colour.

    Values of an incomplete month are hollow points.
    """
    labels = {label: column for label, (column, _) in series.items()}
    folded = base().transform_fold(list(labels.values()), as_=["column", "value"])
    named = folded.transform_calculate(series=_names(labels)).transform_filter("isValid(datum.value)")
    scale = colours({label: colour for label, (_, colour) in series.items()})
    colour = alt.Color("series:N", scale=scale, legend=alt.Legend() if len(series) > 1 else None)
    y = value_axis("value", axis_title, format_).scale(zero=zero)
    tips = [tip("month", "Month", "month"), tip("series", "Figure"), tip("value", axis_title, format_)]
    line = named.mark_line().encode(x=months(), y=y, color=colour)
    points = named.mark_point(filled=False).encode(
        x=months(), y=y, stroke=colour, tooltip=tips, fill=colour, fillOpacity=hollow()
    )
    both: alt.LayerChart = line + points
    return both


def line_with_interval(
    column: str, ends: tuple[str, str], axis_title: str, format_: str, tooltip: Sequence[alt.Tooltip]
) -> alt.LayerChart:
    """Return a line with the band of its interval and the number of answers, the column `responses`."""
    low, high = ends
    found = base().transform_filter(f"isValid(datum.{column})")
    band = (
        found.transform_filter(f"isValid(datum.{low})")
        .mark_area()
        .encode(x=months(), y=alt.Y(f"{low}:Q"), y2=f"{high}:Q")
    )
    line = found.mark_line().encode(x=months(), y=value_axis(column, axis_title, format_))
    points = found.mark_point(filled=False, fill=BLUE, stroke=BLUE).encode(
        x=months(), y=f"{column}:Q", fillOpacity=hollow(), tooltip=list(tooltip)
    )
    texts = (
        found.mark_text(dy=-12, opacity=alt.expr("width < 560 ? 0 : 1"))
        .encode(x=months(), y=f"{column}:Q", text=alt.Text("label:N"))
        .transform_calculate(label="'n=' + datum.responses")
    )
    layers: alt.LayerChart = band + line + points + texts
    return layers


def hollow() -> Any:
    """Return the filling of a point: none if its period is not complete."""
    return alt.condition("datum.is_complete", alt.value(1), alt.value(0))


def stacked_over_months(
    series: Mapping[str, tuple[str, str]],
    axis_title: str,
    format_: str,
    *,
    calculate: Mapping[str, str] | None = None,
) -> alt.Chart:
    """Return stacked bars, negative values below zero. `series` maps the label to the column and the colour.

    `calculate` gives further columns as expressions of Vega.
    """
    labels = {label: column for label, (column, _) in series.items()}
    scale = colours({label: colour for label, (_, colour) in series.items()})
    bars: alt.Chart = (
        base()
        .transform_calculate(**(calculate or {}))
        .transform_fold(list(labels.values()), as_=["column", "value"])
        .transform_calculate(series=_names(labels), rank=_ranks(list(labels.values())))
        .transform_filter("datum.value != 0")
        .mark_bar()
        .encode(
            x=months().timeUnit("yearmonth"),
            y=value_axis("value", axis_title, format_),
            color=alt.Color("series:N", scale=scale, legend=alt.Legend()),
            order=alt.Order("rank:Q"),
            opacity=alt.condition("datum.is_complete", alt.value(1), alt.value(0.55)),
            tooltip=[
                tip("month", "Month", "month"),
                tip("series", "Kind"),
                tip("value", axis_title, format_),
            ],
        )
    )
    return bars


def heatmap(
    x: alt.X, y: alt.Y, thresholds: Sequence[float], label: str, tooltip: Sequence[alt.Tooltip]
) -> alt.LayerChart:
    """Return cells coloured by `value`, with the text `label`. Cells without a value are outlined and empty.

    `thresholds` are the six limits between the seven colours.
    """
    cell = base().encode(x=x, y=y)
    empty = cell.mark_rect(fill="transparent", stroke=LINE, strokeDash=[2, 2], strokeWidth=1)
    full = cell.transform_filter("isValid(datum.value)")
    coloured = full.mark_rect().encode(
        color=alt.Color("value:Q", scale=_steps(thresholds, HEAT), legend=None), tooltip=list(tooltip)
    )
    text = cell.mark_text(fontSize=10, invalid="show").encode(
        text=f"{label}:N",
        color=alt.condition(
            "isValid(datum.value)",
            alt.Color("value:Q", scale=_steps(thresholds, HEAT_INK), legend=None),
            alt.value(MUTED),
        ),
        tooltip=list(tooltip),
    )
    layers: alt.LayerChart = (empty + coloured + text).resolve_scale(color="independent")
    return layers


def _steps(thresholds: Sequence[float], colours_: Sequence[str]) -> alt.Scale:
    return alt.Scale(type="threshold", domain=list(thresholds), range=list(colours_))


def _names(labels: Mapping[str, str]) -> str:
    """Return the Vega expression that turns a column into its label."""
    pairs = ", ".join(f"'{column}': '{label}'" for label, column in labels.items())
    return f"{{{pairs}}}[datum.column]"


def _ranks(columns: Sequence[str]) -> str:
    return f"indexof({list(columns)}, datum.column)".replace('"', "'")
