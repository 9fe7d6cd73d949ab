"""How the report shows values, and that nothing in them can change a page."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from orchestration.core.serialization import script_json
from orchestration.core.settings import PROJECT_DIR
from orchestration.report.definitions import read_definitions
from orchestration.report.pages import page_modules
from orchestration.report.parts.blocks import Change
from orchestration.report.parts.links import account_file
from orchestration.report.parts.marts import Facts
from orchestration.report.rendering import breakable, exact, show, show_change, values_of

FACTS = Facts(
    release_id="r",
    as_of=datetime.fromisoformat("2026-03-05 06:00"),
    published_at=datetime.fromisoformat("2026-03-05 07:00"),
    checks_passed=1,
    currency="EUR",
    month=date(2026, 2, 1),
    is_complete=True,
    shows_names=False,
    truncated_dimensions=(),
)


@pytest.mark.parametrize(
    ("value", "format_", "shown"),
    [
        (None, "money", "–"),
        (Decimal("1234.5600"), "money", "1,235 EUR"),
        (Decimal("-1234.5600"), "money", "−1,235 EUR"),
        (1200, "count", "1,200"),
        (0.12345, "rate", "12.3%"),
        (-12.4, "score", "−12"),
        (0.2, "score", "0"),
        (3.25, "months", "3.2 months"),
        (-0.00004, "ratio", "0.0"),
        (date(2026, 2, 1), "month", "February 2026"),
        (date(2026, 2, 1), "day", "2026-02-01"),
        (datetime.fromisoformat("2026-02-01 08:30"), "time", "2026-02-01 08:30 UTC"),
        (True, "text", "yes"),
        ("a-b", "text", "a-b"),
    ],
)
def test_values_are_shown_for_readers(value: Any, format_: str, shown: str) -> None:
    assert show(value, format_, FACTS) == shown


@pytest.mark.parametrize(
    ("now", "before", "format_", "shown"),
    [
        (Decimal(110), Decimal(100), "money", "+10.0%"),
        (Decimal(10), Decimal(0), "money", "–"),
        (5, None, "count", "–"),
        (0.05, 0.075, "rate", "−2.5 points"),
        (12.0, 10.0, "score", "+2 points"),
        (0.0499, 0.05, "rate", "+0.0 points"),
    ],
)
def test_changes_are_relative_for_amounts_and_points_for_rates(
    now: Any, before: Any, format_: Any, shown: str
) -> None:
    assert show_change(Change("on last month", before, format_), now) == shown


def test_exact_values_keep_every_digit() -> None:
    assert exact(Decimal("313961.3808")) == "313961.3808"
    assert exact(Decimal("0.0000")) == "0.0000"
    assert exact(None) == ""


def test_data_cannot_end_the_script_around_them() -> None:
    hostile = ["</script><script>alert(1)</script>", "\u2028", '"\\', "<!--"]
    text = script_json({"texts": hostile})
    assert "<" not in text
    assert "\u2028" not in text
    assert json.loads(text) == {"texts": hostile}


def test_texts_and_dates_are_stored_once() -> None:
    days = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 1, 1)]
    assert values_of(days, "date") == {"distinct": days[:2], "places": [0, 1, 0]}
    assert values_of([1, None], "number") == {"values": [1, None]}


def test_columns_break_after_points_and_underscores() -> None:
    assert str(breakable("mrr_monthly.<b>")) == "mrr_<wbr>monthly.<wbr>&lt;b&gt;"


def test_account_pages_have_file_names_that_no_id_can_choose() -> None:
    assert account_file("../../x") != account_file("..-..-x")
    assert account_file("../../x").isalnum()


def test_each_page_has_a_place_and_a_name_of_its_own() -> None:
    infos = [module.INFO for module in page_modules()]
    assert [info.order for info in infos] == sorted({info.order for info in infos})
    assert len({info.name for info in infos}) == len(infos)
    assert infos[0].name == "index"


def test_definitions_link_every_metric_of_the_dictionary() -> None:
    definitions = read_definitions(PROJECT_DIR / "docs" / "metrics.md")
    assert definitions.anchors["retention_monthly.nrr"] == "retention_monthly.nrr"
    assert "](" not in definitions.html
    assert "<script" not in definitions.html
