"""A query on Spark can name the marts of its release, and nothing else. Refusing others needs no Spark."""

from __future__ import annotations

import pytest

from orchestration.core.errors import QueryError
from orchestration.releases.spark_query import checked

MARTS = {"mrr_monthly", "_release"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select month from mrr_monthly", "SELECT month FROM csw_1_marts.`mrr_monthly` AS `mrr_monthly`"),
        ("select m.month from marts.MRR_monthly m", "SELECT m.month FROM csw_1_marts.`mrr_monthly` AS m"),
        (
            "with a as (select * from _release) select a.release_id from a",
            "WITH csw_with_0 AS (SELECT * FROM csw_1_marts.`_release` AS `_release`) "
            "SELECT a.release_id FROM csw_with_0 AS `a`",
        ),
        ("select 1 union all select 2", "SELECT 1 UNION ALL SELECT 2"),
    ],
)
def test_marts_are_those_of_the_release(query: str, expected: str) -> None:
    assert checked(query, "csw_1_marts", MARTS) == expected


@pytest.mark.parametrize(
    "query",
    [
        "select * from csw_hash_key",
        "select (select hash_key from csw_hash_key)",
        "select * from mrr_monthly where month in (select 1 from raw.generic__accounts)",
        "select * from csw_2_marts.mrr_monthly",
        "select * from other.marts.mrr_monthly",
        "select * from parquet.`/etc/passwd`",
        "select * from identifier('csw_hash_key')",
        "select * from table(csw_hash_key)",
        "select reflect('java.lang.System', 'exit', 1)",
        "select java_method('java.lang.System', 'exit', 1)",
        "select transform(month) using 'cat' from mrr_monthly",
        "select 1; select 2",
        "",
        "drop table marts.mrr_monthly",
        "insert into mrr_monthly select 1",
        "create view x as select 1",
        "set spark.sql.ansi.enabled = true",
        "cache table x select 1",
        "show tables",
        "select from where",
    ],
)
def test_everything_else_is_refused(query: str) -> None:
    with pytest.raises(QueryError):
        checked(query, "csw_1_marts", MARTS)


def test_a_with_cannot_hide_a_relation_of_its_name() -> None:
    query = checked(
        "with csw_hash_key as (select * from csw_hash_key) select * from csw_hash_key", "s", MARTS
    )
    assert "FROM csw_hash_key" not in query
