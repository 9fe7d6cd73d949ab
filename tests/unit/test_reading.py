"""The promises of docs/readers.md to readers of releases."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.releases import query_current
from orchestration.releases.answers import as_csv
from orchestration.releases.export import ALIAS_FILE
from tests.unit.release_case import make_release


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse with one release."""
    settings = load_settings(tmp_path_factory.mktemp("served"), as_of="2025-01-01", environment={})
    make_release(settings, "1-one")
    return settings


def test_only_spreadsheet_output_escapes_formulas(served: Settings) -> None:
    texts = ["=cmd()|' /C calc'!A0", "+1", "-1", "@sum(a1)", "\tx", "fine = fine", ""]
    values = " union all ".join(f"select $${text}$$ as t, {n} as n" for n, text in enumerate(texts))
    result = query_current(served, f"select t, -n as n from ({values}) order by n desc")
    written = (as_csv(result), as_csv(result, for_spreadsheet=True))
    plain, safe = (list(csv.reader(io.StringIO(text))) for text in written)
    assert [row[0] for row in plain[1:]] == texts
    assert [row[0] for row in safe[1:]] == [f"'{text}" for text in texts[:5]] + texts[5:]
    assert [row[1] for row in plain] == [row[1] for row in safe] == ["n", *(str(-n) for n in range(7))]


@pytest.mark.parametrize(
    "sql",
    [
        "create table t as select 1",
        "create temp table t as select 1; create or replace table marts.dim_months as select 1",
        "copy marts.mrr_monthly to '{home}/out.csv'",
        "select * from read_csv('{home}/secret.csv')",
        "select * from '{home}/secret.csv'",
        "attach '{home}/other.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set memory_limit = '64GB'",
        "set threads = 64",
        "set lock_configuration = false",
        "reset memory_limit",
    ],
)
def test_the_connection_of_the_readers_page_can_only_read(served: Settings, sql: str) -> None:
    (served.home / "secret.csv").write_text("a\n1\n")
    page = (PROJECT_DIR / "docs" / "readers.md").read_text(encoding="utf-8")
    snippet = page.partition("```python\n")[2].partition("```")[0]
    assert "data/current/csw.duckdb" in snippet
    names: dict[str, Any] = {}
    exec(snippet.replace("data/current", str(served.current)), names)
    with names["marts"] as marts:
        assert marts.execute("select count(*) from marts.mrr_monthly").fetchone() == (2,)
        with pytest.raises(duckdb.Error):
            marts.execute(sql.format(home=served.home)).fetchall()
    assert not (served.home / "out.csv").exists()


def test_new_connections_see_the_new_release_while_old_ones_stay_open(tmp_path: Path) -> None:
    """A pool of connections does so with this engine, and with DuckDB from 1.5 on (`make compat`)."""
    settings = load_settings(tmp_path, as_of="2025-01-01", environment={})
    path = settings.current / ALIAS_FILE
    question = "select release_id from marts._release"
    make_release(settings, "1-one")
    with duckdb.connect(str(path), read_only=True) as kept:
        assert kept.execute(question).fetchall() == [("1-one",)]
        make_release(settings, "2-two")
        with duckdb.connect(str(path), read_only=True) as other:
            assert other.execute(question).fetchall() == [("2-two",)]
            assert kept.execute(question).fetchall() == [("1-one",)]
