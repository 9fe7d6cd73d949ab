"""The metrics of models/semantic have the texts of their marts, and docs/semantic-layer.md lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs" / "semantic-layer.md").read_text(encoding="utf-8")
DOC_BLOCK = re.compile(r"\{\{ doc\(\"(\w+)\"\) \}\}")


def declared(kind: str, folder: str) -> Iterator[dict[str, Any]]:
    for path in sorted((PROJECT_DIR / "models" / folder).rglob("*.yml")):
        yield from read_yaml(path).get(kind, ())


METRICS = {metric["name"]: metric for metric in declared("metrics", "semantic")}
COLUMNS = {name: one["config"]["meta"]["column"] for name, one in METRICS.items() if "config" in one}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_metric_and_its_column_have_one_text(name: str) -> None:
    mart, column = COLUMNS[name].split(".")
    (texts,) = (model["columns"] for model in declared("models", "marts") if model["name"] == mart)
    (text,) = (one["description"] for one in texts if one["name"] == column)
    assert DOC_BLOCK.fullmatch(text), f"{COLUMNS[name]} has a text of its own"
    assert METRICS[name]["description"] == text


def test_a_metric_without_a_column_is_described_and_feeds_another() -> None:
    fed = {
        part["name"] if isinstance(part, dict) else part
        for metric in METRICS.values()
        for part in (
            *metric["type_params"].get("metrics", ()),
            *(
                metric["type_params"][key]
                for key in ("numerator", "denominator")
                if key in metric["type_params"]
            ),
        )
    }
    helpers = set(METRICS) - set(COLUMNS)
    assert helpers
    assert helpers <= fed
    assert all(METRICS[name]["description"] for name in helpers)
    listed = PAGE.split("without a column of their own feed others:")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == helpers


def test_the_page_lists_every_metric_with_its_column() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+\.\w+)` \|$", PAGE, flags=re.MULTILINE)
    assert dict(rows) == COLUMNS
    assert len(rows) == len(COLUMNS)


def test_every_headline_metric_is_defined() -> None:
    """A metric of the README's first table has a definition here."""
    headline = {"mrr", "arr", "customers", "nrr", "grr", "arpa", "ltv", "cac", "nps", "response_rate"}
    headline |= {"csat", "ces"}
    assert headline <= set(METRICS)
    movements = ("new", "expansion", "contraction", "churn", "reactivation", "fx_impact")
    assert {f"{movement}_mrr" for movement in movements} <= set(METRICS)
    assert {"customer_churn_rate", "gross_mrr_churn_rate", "net_mrr_churn_rate"} <= set(METRICS)
    assert {"gross_renewal_rate", "net_renewal_rate", "customer_renewal_rate"} <= set(METRICS)
