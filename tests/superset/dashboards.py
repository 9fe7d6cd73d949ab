"""What a browser asks of Superset when it shows a dashboard, and how the dashboard looks."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Response

from tests.superset.server import Superset

WIDTH, HEIGHT, MARGIN = 1500, 4200, 40
"""Size of the window, which shows a whole dashboard, and the margin below the charts, in pixels."""

SECONDS_TO_DRAW = 120
MILLISECONDS_OF_ANIMATION = 1500

Asked = Mapping[str, Mapping[str, Any]]
"""The last request for data of each chart, by the chart's name."""


def open_dashboard(superset: Superset, slug: str, picture: Path) -> Asked:
    """Show a dashboard until every chart is drawn, save a picture, and return the requests of its charts."""
    names = {
        chart["id"]: chart["slice_name"]
        for chart in superset.get(f"/api/v1/dashboard/{slug}/charts")["result"]
    }
    page = superset.context.new_page()
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    asked: dict[str, Mapping[str, Any]] = {}

    def remember(response: Response) -> None:
        if "/api/v1/chart/data" in response.url and response.request.method == "POST":
            body = json.loads(response.request.post_data or "{}")
            if name := names.get((body.get("form_data") or {}).get("slice_id")):
                asked[name] = body

    page.on("response", remember)
    page.goto(f"{superset.address}/superset/dashboard/{slug}/?standalone=0", wait_until="domcontentloaded")
    page.wait_for_selector(".chart-slice")
    _wait_for_charts(page, len(names))
    boxes = [chart.bounding_box() for chart in page.locator(".chart-slice").all()]
    end = max(box["y"] + box["height"] for box in boxes if box)
    page.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": end + MARGIN})
    page.close()
    return asked


def _wait_for_charts(page: Page, count: int) -> None:
    """Superset draws a chart when it comes near the window, so the window must show all of them."""
    content = page.locator("canvas, table, .header-line")
    drawn = page.locator(".chart-slice").filter(has=content)
    deadline = time.monotonic() + SECONDS_TO_DRAW
    while drawn.count() < count:
        assert time.monotonic() < deadline, f"{drawn.count()} of {count} charts are drawn on {page.url}"
        page.wait_for_timeout(500)
    page.wait_for_timeout(MILLISECONDS_OF_ANIMATION)
