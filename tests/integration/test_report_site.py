"""The report of a real release, in a real browser."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

from orchestration.core.settings import Settings
from orchestration.releases.export import MARTS_FILE
from orchestration.releases.manifest import read_manifest
from orchestration.releases.pages import DOCS_DIR, REPORT_DIR
from orchestration.report.site import build_site
from tests.browser import Scheme, chromium, open_page
from tests.integration.corrupted import change

pytestmark = pytest.mark.integration

MOST_BYTES = 2_000_000
"""Of a page with its script and its style."""

TILES = {
    "mrr_monthly.closing_mrr": "select closing_mrr from mrr_monthly where month = ? and dimension = 'all'",
    "mrr_monthly.closing_customers": (
        "select closing_customers from mrr_monthly where month = ? and dimension = 'all'"
    ),
    "retention_monthly.nrr": (
        "select nrr from retention_monthly where month = ? and dimension = 'all' and window_months = 12"
    ),
    "retention_monthly.grr": (
        "select grr from retention_monthly where month = ? and dimension = 'all' and window_months = 12"
    ),
    "churn_monthly.customer_churn_rate": (
        "select customer_churn_rate from churn_monthly where month = ? and dimension = 'all'"
    ),
    "churn_monthly.gross_mrr_churn_rate": (
        "select gross_mrr_churn_rate from churn_monthly where month = ? and dimension = 'all'"
    ),
    "nps_periods.nps": (
        "select nps from nps_periods where period_start <= ? and dimension = 'all' and responses > 0"
        " and period_type = 'quarter' and survey_kind = 'relational' and weighting = 'respondent'"
        " order by is_mature desc, period_start desc limit 1"
    ),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(company: Settings) -> Path:
    return company.current.resolve() / REPORT_DIR


@pytest.fixture
def marts(company: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(company.current / "csw.duckdb"), read_only=True) as connection:
        connection.execute("use csw.marts")
        yield connection


def pages_of(site: Path) -> list[Path]:
    accounts, reviews = (sorted((site / folder).glob("*.html")) for folder in ("accounts", "reviews"))
    return [*sorted(site.glob("*.html")), accounts[0], reviews[0]]


def latest_month(marts: duckdb.DuckDBPyConnection) -> Any:
    (month,) = marts.execute("select max(month) from dim_months where is_complete").fetchone() or (None,)
    return month


def figure(page: Page, title: str) -> Locator:
    return page.locator("figure.chart").filter(has=page.get_by_role("heading", name=title, exact=True))


def table_of(page: Page, title: str) -> list[dict[str, str]]:
    """The figures of a chart as its table shows them."""
    shown = figure(page, title)
    shown.locator("summary").click()
    # The page fills the table after the click.
    shown.locator("tbody tr").first.wait_for()
    names = shown.locator("th").all_inner_texts()
    cells = shown.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return [dict(zip(names, row, strict=True)) for row in cells]


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def test_the_manifest_lists_the_report_and_the_documentation(company: Settings, site: Path) -> None:
    recorded = {file["path"] for file in read_manifest(company.current.resolve())["files"]}
    files = {path.relative_to(site.parent).as_posix() for path in site.rglob("*") if path.is_file()}
    assert files | {f"{DOCS_DIR}/index.html"} <= recorded
    assert not any(path.stat().st_mode & 0o222 for path in site.rglob("*") if path.is_file())


@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_pages_load_from_disk_without_errors_or_requests(
    browser: Browser, site: Path, scheme: Scheme, width: int
) -> None:
    for path in pages_of(site):
        opened = open_page(browser, path, scheme=scheme, width=width)
        page = opened.page
        assert opened.problems == [], path.name
        for plot in page.locator(".plot:not([hidden])").all():
            assert plot.locator("svg path, svg rect, svg text").count() > 3, path.name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name
        violations = Axe().run(page).response["violations"]
        assert [(path.name, found["id"], found["nodes"][0]["html"]) for found in violations] == []
        page.context.close()


def test_both_schemes_have_their_own_colours(browser: Browser, site: Path) -> None:
    def colours(scheme: Scheme) -> tuple[str, str]:
        page = open_page(browser, site / "index.html", scheme=scheme).page
        return (
            page.evaluate("getComputedStyle(document.body).backgroundColor"),
            page.evaluate("getComputedStyle(document.querySelector('.plot .mark-line path')).stroke"),
        )

    (light_paper, light_line), (dark_paper, dark_line) = colours("light"), colours("dark")
    assert light_paper == "rgb(255, 255, 255)"
    assert dark_paper != light_paper
    assert dark_line != light_line


def test_headline_figures_equal_the_marts(
    browser: Browser, site: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    page = open_page(browser, site / "index.html").page
    month = latest_month(marts)
    assert page.get_by_role("heading", name=f"{month:%B %Y}", exact=True).count() == 1
    for column, sql in TILES.items():
        (expected,) = marts.execute(sql, [month]).fetchone() or (None,)
        shown = page.locator(f".tile data[data-column='{column}']").first.get_attribute("value")
        assert expected is not None, column
        assert shown == (format(expected, "f") if isinstance(expected, Decimal) else str(expected)), column


def test_a_chosen_slice_shows_the_figures_of_that_slice(
    browser: Browser, site: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    page = open_page(browser, site / "movements.html").page
    month = latest_month(marts)
    everything = table_of(page, "From opening to closing MRR")
    page.locator("#choices select[name=slice]").select_option("segment: smb")
    smb = table_of(page, "MRR by kind of movement")
    assert {row["slice"] for row in smb} == {"segment: smb"}
    for rows, dimension, value in ((everything, "all", "all"), (smb, "segment", "smb")):
        (row,) = [row for row in rows if row["month"] == f"{month:%Y-%m-%d}"]
        expected = marts.execute(
            "select opening_mrr, new_mrr, expansion_mrr, churn_mrr, closing_mrr from mrr_monthly"
            " where month = ? and dimension = ? and dimension_value = ?",
            [month, dimension, value],
        ).fetchone()
        names = ("opening mrr", "new mrr", "expansion mrr", "churn mrr", "closing mrr")
        assert tuple(number(row[name]) for name in names) == expected


def test_the_waterfall_shows_the_chosen_month(browser: Browser, site: Path) -> None:
    page = open_page(browser, site / "movements.html").page
    waterfall = figure(page, "From opening to closing MRR")
    before = waterfall.locator("svg").inner_html()
    waterfall.locator("select[name=month_name]").select_option(index=5)
    page.wait_for_timeout(300)
    assert waterfall.locator("svg").inner_html() != before


def test_the_download_has_every_row(
    browser: Browser, site: Path, marts: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    page = open_page(browser, site / "retention.html").page
    with page.expect_download() as told:
        figure(page, "Survival").get_by_role("button", name="Download").click()
    told.value.save_as(tmp_path / "survival.csv")
    with (tmp_path / "survival.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["slice"] == "All customers"]
    expected = marts.execute(
        "select tenure_months, at_risk, survival_rate from survival_curve where dimension = 'all' order by 1"
    ).fetchall()
    shown = [(int(row["tenure_months"]), int(row["at_risk"]), float(row["survival_rate"])) for row in rows]
    assert shown == expected


def test_incomplete_and_suppressed_cells_say_so(
    browser: Browser, site: Path, marts: duckdb.DuckDBPyConnection
) -> None:
    page = open_page(browser, site / "nps.html").page
    cells = figure(page, "NPS by cohort and tenure").locator("svg .mark-text text").all_text_contents()
    suppressed = [text for text in cells if text.startswith("n=")]
    latest = latest_month(marts)
    (expected,) = marts.execute(
        "select count(*) from nps_cohorts where is_suppressed and survey_kind = 'relational'"
        " and cohort_month > ?::date - to_months(24)",
        [latest],
    ).fetchone() or (0,)
    assert len(suppressed) == expected > 0


def test_a_page_with_its_script_is_below_two_megabytes(site: Path) -> None:
    shared = sum(path.stat().st_size for path in (site / "assets").iterdir())
    heaviest = max((path.stat().st_size, path.name) for path in site.rglob("*.html"))
    assert shared + heaviest[0] < MOST_BYTES, heaviest


def test_the_documentation_opens_from_disk(browser: Browser, company: Settings) -> None:
    path = company.current.resolve() / DOCS_DIR / "index.html"
    assert str(company.home) not in path.read_text(encoding="utf-8")
    opened = open_page(browser, path)
    opened.page.goto(f"{path.as_uri()}#!/model/model.csw.mrr_monthly")
    opened.page.wait_for_selector("text=closing_mrr")
    # dbt's page tries to load its icons from its own file, which browsers refuse.
    assert [problem for problem in opened.problems if problem.startswith("http")] == []


def test_names_are_shown_only_if_the_policy_allows_and_never_run(
    browser: Browser, company: Settings, tmp_path: Path
) -> None:
    hostile = "<script>alert(1)</script>=cmd()"
    copy = tmp_path / MARTS_FILE
    shutil.copy(company.current / MARTS_FILE, copy)
    change(copy, f"update marts.dim_accounts set account_name = '{hostile}' where current_mrr > 0")
    build_site(copy, tmp_path / "ids")
    assert not any(
        "alert(1)" in path.read_text(encoding="utf-8") for path in (tmp_path / "ids").rglob("*.html")
    )
    change(copy, "update marts._policies set value_in_force = 'true' where policy = 'report_show_names'")
    build_site(copy, tmp_path / "names")
    opened = open_page(browser, tmp_path / "names" / "accounts.html")
    assert opened.page.get_by_role("link", name=hostile).count() > 0
    opened.page.get_by_role("link", name=hostile).first.click()
    opened.page.wait_for_selector("body[data-ready]")
    assert opened.page.get_by_role("heading", level=1).inner_text() == hostile
    assert opened.problems == []


def test_a_page_without_its_mart_says_so(company: Settings, tmp_path: Path) -> None:
    copy = tmp_path / MARTS_FILE
    shutil.copy(company.current / MARTS_FILE, copy)
    change(copy, "drop table marts.survival_curve")
    build_site(copy, tmp_path / "site")
    assert "survival_curve" in (tmp_path / "site" / "retention.html").read_text(encoding="utf-8")
    assert "This page cannot be made" in (tmp_path / "site" / "retention.html").read_text(encoding="utf-8")
    assert "figure" in (tmp_path / "site" / "movements.html").read_text(encoding="utf-8")
    change(copy, "drop table marts.mrr_monthly")
    assert build_site(copy, tmp_path / "none") == []
