"""Every figure of the report names its column and its definition, and each page is an exposure of dbt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.releases.export import MARTS_FILE
from orchestration.report.account_pages import account_pages
from orchestration.report.definitions import read_definitions
from orchestration.report.lineage import columns_of
from orchestration.report.parts.blocks import Page
from orchestration.report.parts.marts import Marts, open_marts
from orchestration.report.review_pages import review_pages
from orchestration.report.site import read_pages

pytestmark = pytest.mark.integration

EXPOSURES = PROJECT_DIR / "models" / "exposures" / "report.yml"


@pytest.fixture(scope="module")
def marts(company: Settings) -> Iterator[Marts]:
    with open_marts(company.current.resolve() / MARTS_FILE) as marts:
        yield marts


@pytest.fixture(scope="module")
def pages(marts: Marts) -> list[Page]:
    return [*read_pages(marts), next(account_pages(marts)), next(review_pages(marts))]


def test_every_figure_names_columns_that_exist(pages: list[Page], marts: Marts) -> None:
    for page in pages:
        named = {column for _, column in columns_of(page)}
        assert named, page.info.name
        assert named <= set(marts.descriptions), page.info.name
        assert all(marts.descriptions[column] for column in named), page.info.name


def test_every_metric_links_to_its_definition(pages: list[Page]) -> None:
    definitions = read_definitions()
    columns = {column for page in pages for _, column in columns_of(page)}
    # Marts about the release have no metrics.
    metrics = {column for column in columns if not column.startswith(("_", "dim_"))}
    assert len(metrics) > 40
    missing = sorted(column for column in metrics if not definitions.anchor(column))
    assert missing == []
    for column in metrics:
        assert f'id="{definitions.anchor(column)}"' in definitions.html


def test_exposures_name_the_marts_that_each_page_reads(pages: list[Page]) -> None:
    exposures = {
        entry["url"]: {reference[5:-2] for reference in entry["depends_on"]}
        for entry in read_yaml(EXPOSURES)["exposures"]
    }
    read = {f"report/{page.folder or f'{page.info.name}.html'}": set(page.marts) for page in pages}
    assert exposures == read


def test_figures_have_data_for_the_company(pages: list[Page]) -> None:
    empty = [
        (page.info.name, block.title) for page in pages for block in page.figures if not block.dataset.rows
    ]
    assert empty == []
