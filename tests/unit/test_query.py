"""Results of `csw query`, which can only read the marts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.core.errors import PublishError, QueryError
from orchestration.core.settings import Settings, load_settings
from orchestration.releases import query_current
from orchestration.releases.query import as_csv, as_json
from tests.unit.release_case import make_release


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse with one release, which no test here changes."""
    settings = load_settings(tmp_path_factory.mktemp("asked") / "home", as_of="2025-01-01", environment={})
    make_release(settings, "1-one")
    return settings


@pytest.mark.parametrize(
    "sql",
    [
        "create table t as select 1",
        "insert into mrr_monthly select * from mrr_monthly",
        "drop table mrr_monthly",
        "attach '{home}/other.duckdb'",
        "copy mrr_monthly to '{home}/out.csv'",
        "select * from read_csv('{home}/secret.csv')",
        "select * from '{home}/secret.csv'",
        "select * from read_text('/etc/hostname')",
        "set enable_external_access = true",
        "select 1; select 2",
        "pragma database_list",
        "install httpfs",
        "",
        "selec 1",
        "select nothing from mrr_monthly",
        "select * from settings",
    ],
)
def test_a_query_can_only_read_the_marts(settings: Settings, sql: str) -> None:
    (settings.home / "secret.csv").write_text("a\n1\n")
    with pytest.raises(QueryError):
        query_current(settings, sql.format(home=settings.home))
    assert not (settings.home / "out.csv").exists()
    assert not (settings.home / "other.duckdb").exists()


def test_a_query_reports_rows_beyond_the_limit(settings: Settings) -> None:
    result = query_current(settings, "select * from range(5) as t(n)", limit=3)
    assert (len(result.rows), result.has_more) == (3, True)
    assert not query_current(settings, "select * from range(3) as t(n)", limit=3).has_more
    answer = query_current(
        settings, "select month, closing_mrr, null as gap, 'a\"b' as text from mrr_monthly where is_complete"
    )
    assert as_csv(answer) == 'month,closing_mrr,gap,text\n2024-11-01,10.0000,,"a""b"\n'
    assert json.loads(as_json(answer)) == [
        {"month": "2024-11-01", "closing_mrr": 10.0, "gap": None, "text": 'a"b'}
    ]
    assert '"closing_mrr": 10.0000' in as_json(answer)


def test_a_query_before_the_first_release_explains_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="csw run"):
        query_current(load_settings(tmp_path, environment={}), "select 1")
