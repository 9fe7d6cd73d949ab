"""What a browser asks of Superset when it shows a dashboard, and how the dashboard looks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response

from tests.superset.server import MILLISECONDS_TO_ANSWER, Superset

Asked = Mapping[str, Mapping[str, Any]]
"""The last request for data of each chart, by the chart's name."""


def open_dashboard(superset: Superset, slug: str, picture: Path) -> Asked:
    """Show a dashboard until every chart is drawn, save a picture, and return the requests of its charts."""
    names = {chart["id"]: chart["slice_name"] for chart in superset.get(f"/api/v1/dashboard/{slug}/charts")["result"]}
    page = superset.context.new_page()
    asked: dict[str, Mapping[str, Any]] = {}

    def remember(response: Response) -> None:
        if "/api/v1/chart/data" in response.url and response.request.method == "POST":
            body = json.loads(response.request.post_data or "{}")
            if name := names.get((body.get("form_data") or {}).get("slice_id")):
                asked[name] = body

    page.on("response", remember)
    page.goto(f"{superset.address}/superset/dashboard/{slug}/?standalone=0", wait_until="domcontentloaded")
    page.wait_for_selector(".dashboard-component-chart-holder")
    _wait_for_charts(page, len(names))
    height = page.evaluate("document.querySelector('.dashboard-content, .grid-container').scrollHeight")
    page.set_viewport_size({"width": 1500, "height": int(height) + 250})
    _wait_for_charts(page, len(names))
    page.screenshot(path=picture, full_page=True)
    page.close()
    return asked


def _wait_for_charts(page: Page, count: int) -> None:
    """Superset draws a chart when it comes near the window, so the window must show all of them."""
    page.wait_for_function(
        "count => document.querySelectorAll('.dashboard-component-chart-holder .chart-slice').length >= count"
        " && !document.querySelector('.dashboard-component-chart-holder .loading')",
        arg=count,
        timeout=MILLISECONDS_TO_ANSWER,
    )
    page.wait_for_timeout(2500)
