"""Changes of a model: rows by key, columns, and a few values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from orchestration.development.comparison import SAMPLE, Changes, compare

BEFORE = """
values ('a', 'x', 1, 10.5), ('a', null, 2, 20.5), ('b', 'x', 3, null), ('c', 'x', 4, 1.5)
"""


def changes(tmp_path: Path, after: str, key: Sequence[str] = ("k", "part")) -> Changes:
    with duckdb.connect() as connection:
        names = "t(k, part, n, amount)"
        path = tmp_path / "before.parquet"
        connection.execute(f"copy (select * from ({BEFORE}) as {names}) to '{path}'")
        connection.execute(f"create table after_change as {after.format(before=f'({BEFORE}) as {names}')}")
        return compare(connection, path, "after_change", list(key))


def test_equal_relations_have_no_changes(tmp_path: Path) -> None:
    found = changes(tmp_path, "select * from {before} order by n desc")
    assert found.is_equal
    assert found.rows_before == 4


def test_rows_are_matched_by_a_key_that_may_be_null(tmp_path: Path) -> None:
    changed = "n + (part is null)::int as n, coalesce(amount, 0) as amount"
    after = f"select k, part, {changed} from {{before}} where k <> 'c' union all select 'd', null, 9, 1"
    found = changes(tmp_path, after)
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (1, 1, 2)
    assert dict(found.changed) == {"n": 1, "amount": 1}
    assert found.values is not None
    assert found.values.columns == ("k", "part", "changed_column", "before", "after")
    assert set(found.values.rows) == {("a", None, "n", "2", "3"), ("b", "x", "amount", None, "0.0")}


def test_new_and_removed_columns_are_listed(tmp_path: Path) -> None:
    found = changes(tmp_path, "select k, part, n, true as is_new from {before}")
    assert (found.columns_added, found.columns_removed) == (("is_new",), ("amount",))
    assert not found.is_equal
    assert found.rows_changed == 0


@pytest.mark.parametrize("key", [(), ("gone",)])
def test_without_a_key_a_changed_row_is_removed_and_added(tmp_path: Path, key: Sequence[str]) -> None:
    found = changes(tmp_path, "select k, part, n, coalesce(amount, 0) as amount from {before}", key)
    assert (found.rows_added, found.rows_removed, found.rows_changed) == (1, 1, 0)
    assert found.values is None


def test_only_a_few_values_are_shown(tmp_path: Path) -> None:
    found = changes(tmp_path, "select k, part, n * 2 as n, amount * 2 as amount, from {before}")
    assert found.rows_changed == 4
    assert found.values is not None
    assert (len(found.values.rows), found.values.has_more) == (7, False)
    assert len(found.values.rows) < SAMPLE

    found = changes(tmp_path, "select k, part, n + 1 as n, n + 0.5 as amount from {before}")
    assert found.values is not None
    assert (len(found.values.rows), found.values.has_more) == (8, False)
