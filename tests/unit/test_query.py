"""Results of `csw query`, which can only read the marts."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.core.errors import PublishError, QueryError
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.releases import query_current
from orchestration.releases.answers import as_csv, as_json
from orchestration.releases.query import query_release
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


def test_a_query_that_takes_too_long_is_stopped(settings: Settings) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match=r"not end within 0\.5 seconds .*--timeout"):
        query_release(settings, "select count(*) from range(100000000) a, range(100000) b", seconds=0.5)
    assert time.monotonic() - started < 20
    assert query_release(settings, "select 1", seconds=5).rows == [(1,)]


def test_a_result_fits_the_terminal(settings: Settings) -> None:
    sql = f"select {', '.join(f'1.5000 as amount_{number}' for number in range(1, 10))} from range(20)"
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "orchestration", "query", sql, "--home", str(settings.home)],
        cwd=PROJECT_DIR,
        env=os.environ | {"COLUMNS": "40", "TERM": "dumb"},
        stdout=theirs,
        check=True,
    )
    os.close(theirs)
    printed = os.read(ours, 10_000).decode()
    os.close(ours)
    heading, first = printed.splitlines()[:2]
    assert heading == "amount_1  amount_2  amount_3  amount_4"
    assert first == "  1.5000    1.5000    1.5000    1.5000"
    assert "5 of 9 columns do not fit: amount_5," in printed


def test_csv_prints_exact_decimals_and_booleans_as_sql_does(settings: Settings) -> None:
    answer = query_current(settings, "select 0::decimal(18, 10) as zero, true as is_new, [1.5] as list")
    assert as_csv(answer) == "zero,is_new,list\n0.0000000000,true,[1.5]\n"


def test_a_query_before_the_first_release_explains_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="csw run"):
        query_current(load_settings(tmp_path, environment={}), "select 1")
