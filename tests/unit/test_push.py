"""`csw push` copies a release to a real PostgreSQL server. Readers there see one release at any time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from orchestration.core.errors import SharingError
from orchestration.core.settings import PROJECT_DIR, Settings, load_settings
from orchestration.sharing.push import Pushed, push_release
from tests.shared import declared_contracts
from tests.unit.postgres_server import PASSWORD, USER, Server, running_server
from tests.unit.release_case import make_release
from tests.unit.sharing_case import hostile, rows_of
from tests.unit.test_cli import assert_mistake, csw


def published() -> int:
    """The number of marts of a release."""
    return len(declared_contracts())


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with running_server() as server:
        for role in ("reader", "loader"):
            server.rows(f"create role {role} login password '{PASSWORD}'")
        yield server


@pytest.fixture
def server(running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server without a schema `marts`."""
    running.rows("drop schema if exists marts cascade")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return running


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Settings]:
    """Two warehouses, each with a release: 1-one, and 2-two with other columns."""
    changes = (
        hostile(),
        "alter table marts.dim_months drop column quarter;"
        " alter table marts.dim_months add column extra date;"
        " comment on column marts.dim_months.extra is 'New';"
        " alter table marts.dim_accounts alter column tenure_months type decimal(12, 2);"
        " drop table marts.survival_curve; update marts.dim_accounts set account_name = 'second'",
    )
    made = []
    for release_id, change in zip(("1-one", "2-two"), changes, strict=True):
        settings = load_settings(tmp_path_factory.mktemp("home"), as_of="2025-01-01", environment={})
        make_release(settings, release_id, change=change)
        made.append(settings)
    return made


def push(server: Server, settings: Settings, **options: Any) -> Pushed:
    return push_release(settings, server.url(), **options)


def pushed_release(server: Server) -> list[Any]:
    return [release for (release,) in server.rows("select release_id from marts._release")]


def test_every_mart_arrives_with_its_values_types_and_descriptions(
    server: Server, homes: list[Settings]
) -> None:
    done = push(server, homes[0])
    marts = {name for (name,) in rows_of(homes[0], "select table_name from duckdb_tables()")}
    assert set(done.rows) == marts
    for mart in marts:
        here = rows_of(homes[0], f"from {mart}")
        assert sorted(map(repr, server.rows(f"select * from marts.{mart}"))) == sorted(map(repr, here)), mart
        assert done.rows[mart] == len(here)
    types = dict(
        server.rows(
            "select distinct attname || ' ' || relname, format_type(atttypid, atttypmod) from pg_attribute"
            " join pg_class on pg_class.oid = attrelid where relnamespace = 'marts'::regnamespace"
        )
    )
    assert types["closing_mrr mrr_monthly"] == "numeric(18,4)"
    assert types["closing_customers mrr_monthly"] == "bigint"
    assert types["nps nps_periods"] == "double precision"
    assert types["is_complete mrr_monthly"] == "boolean"
    assert types["month mrr_monthly"] == "date"
    assert types["as_of _release"] == "timestamp without time zone"
    assert types["account_name dim_accounts"] == "text"
    assert types["tags dim_accounts"] == "text[]"
    number = (
        "(select attnum from pg_attribute where attrelid = 'marts.mrr_monthly'::regclass"
        " and attname = 'closing_mrr')"
    )
    table = "'marts.mrr_monthly'::regclass"
    described = f"select obj_description({table}), col_description({table}, {number})"
    assert server.rows(described) == [("Monthly recurring revenue", "At the end; it's signed")]


def test_a_second_push_changes_nothing_unless_forced(server: Server, homes: list[Settings]) -> None:
    versions = "select xmin::text, account_id from marts.dim_accounts order by account_id"
    assert push(server, homes[0]).is_new
    before = server.rows(versions)
    again = push(server, homes[0])
    assert not again.is_new
    assert f"release 1-one ({published()} marts) is already in schema marts of 127.0.0.1" in again.message
    assert server.rows(versions) == before
    assert push(server, homes[0], force=True).is_new
    assert server.rows(versions) != before
    server.rows("drop table marts.dim_months")
    assert push(server, homes[0]).is_new, "a table that somebody dropped comes back"


def test_readers_see_the_old_release_until_the_commit(server: Server, homes: list[Settings]) -> None:
    push(server, homes[0])
    query = b"select (select release_id from marts._release), (select count(*) from marts.nps_periods)"
    with server.connect() as old, server.connect() as reader, server.connect() as blocker:
        old.execute("begin isolation level repeatable read")
        first = old.execute(query).fetchall()
        assert first == [("1-one", 5)]
        with _held_back(blocker):
            worker = Thread(target=push, args=(server, homes[1]))
            worker.start()
            _wait_until_it_waits(server)
            reader.execute("set lock_timeout = '100ms'")
            assert reader.execute(query).fetchall() == first
        worker.join(60)
        assert reader.execute(query).fetchall() == [("2-two", 1)]
        assert old.execute(query).fetchall() == first, "a report that began before sees one release"


def test_a_killed_push_leaves_the_old_release(server: Server, homes: list[Settings]) -> None:
    push(server, homes[0])
    before = _content(server)
    with server.connect() as blocker, _held_back(blocker):
        command = [sys.executable, "-m", "orchestration", "push", server.url(), "--home", str(homes[1].home)]
        process = subprocess.Popen(command, cwd=PROJECT_DIR)
        _wait_until_it_waits(server)
        with pytest.raises(SharingError, match="Another push to the schema marts is at work"):
            push(server, homes[1])
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    _wait(lambda: not server.rows("select 1 from pg_stat_activity where application_name = 'csw push'"))
    assert _content(server) == before
    assert push(server, homes[1]).is_new
    assert pushed_release(server) == ["2-two"]


def test_grants_views_and_indexes_survive_and_columns_follow(server: Server, homes: list[Settings]) -> None:
    push(server, homes[0])
    for statement in (
        "grant usage on schema marts to reader",
        "grant select on all tables in schema marts to reader",
        "create view public.mine as select account_id, account_name from marts.dim_accounts",
        "create index my_index on marts.dim_accounts (account_id)",
    ):
        server.rows(statement)
    try:
        done = push(server, homes[1])
        assert done.removed == ("survival_curve",)
        assert server.rows("select release_id from marts._release", "reader") == [("2-two",)]
        assert server.rows("select account_name from public.mine") == [("second",)]
        assert server.rows("select to_regclass('marts.my_index') is not null") == [(True,)]
        columns = "select column_name, data_type from information_schema.columns where table_schema = 'marts'"
        months = dict(server.rows(f"{columns} and table_name = 'dim_months'"))
        assert "quarter" not in months
        assert months["extra"] == "date"
        accounts = dict(server.rows(f"{columns} and table_name = 'dim_accounts'"))
        assert accounts["tenure_months"] == "numeric"
        assert "tags" not in accounts
        assert server.rows("select to_regclass('marts.survival_curve')") == [(None,)]
        assert (
            len(server.rows("select 1 from marts._pushed_marts where release_id = '2-two'"))
            == published() - 1
        )
        assert push(server, homes[0]).is_new, "an older release can come back"
    finally:
        server.rows("drop view if exists public.mine")


def test_the_roles_of_the_readers_page_suffice(server: Server, homes: list[Settings]) -> None:
    page = (PROJECT_DIR / "docs" / "readers.md").read_text(encoding="utf-8")
    for statement in page.partition("```sql\n")[2].partition("```")[0].strip().split(";\n"):
        server.rows(statement.replace("'…'", f"'{PASSWORD}'"))
    for settings, release in zip(homes, ("1-one", "2-two"), strict=True):
        push_release(settings, server.url("csw_loader"))
        assert server.rows("select release_id from marts._release", "bi_reader") == [(release,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        server.rows("delete from marts._release", "bi_reader")
    with pytest.raises(SharingError, match="permission denied for database"):
        push_release(homes[0], server.url("csw_loader"), schema="other")


def test_a_view_on_a_removed_column_keeps_the_old_release(server: Server, homes: list[Settings]) -> None:
    push(server, homes[0])
    before = _content(server)
    server.rows("create view public.mine as select quarter from marts.dim_months")
    try:
        with pytest.raises(SharingError, match=r"view mine depends on column quarter.*Change or drop"):
            push(server, homes[1])
        assert _content(server) == before
    finally:
        server.rows("drop view public.mine")
    assert push(server, homes[1]).is_new


def test_a_schema_holds_one_release(server: Server, homes: list[Settings]) -> None:
    done = push(server, homes[0], marts=["mrr_monthly"])
    assert set(done.rows) == {"mrr_monthly", "_release"}
    assert not push(server, homes[0], marts=["mrr_monthly"]).is_new
    with pytest.raises(SharingError, match="also has mrr_monthly, and a schema has one release"):
        push(server, homes[1], marts=["dim_months"])
    push(server, homes[1])
    assert pushed_release(server) == ["2-two"]


def test_no_push_touches_a_table_that_is_not_its_own(server: Server, homes: list[Settings]) -> None:
    server.rows("create schema marts")
    server.rows("create table marts.mrr_monthly as select 1 as mine")
    with pytest.raises(SharingError, match="has mrr_monthly already, and no push made it"):
        push(server, homes[0])
    assert server.rows("select * from marts.mrr_monthly") == [(1,)]
    assert server.rows("select count(*) from pg_class where relnamespace = 'marts'::regnamespace") == [(1,)]
    push(server, homes[0], schema='other "Schema"')
    assert server.rows('select count(*) from "other ""Schema""".mrr_monthly') == [(2,)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("update marts.dim_accounts set account_name = 'a' || chr(0)", ("dim_accounts.account_name", "NUL")),
        (
            "alter table marts.dim_accounts add column t struct(a int)",
            ("dim_accounts.t", "STRUCT", "no counterpart"),
        ),
        (f"alter table marts.dim_accounts add column {'é' * 32} int", ("more than 63 bytes", "dim_accounts")),
    ],
)
def test_what_postgres_cannot_hold_is_named(
    server: Server, tmp_path: Path, change: str, words: tuple[str, ...]
) -> None:
    settings = load_settings(tmp_path, as_of="2025-01-01", environment={})
    make_release(settings, "1-one", change=change)
    with pytest.raises(SharingError) as caught:
        push(server, settings)
    assert all(word in str(caught.value) for word in words)
    assert server.rows("select 1 from pg_namespace where nspname = 'marts'") == []


def test_mistakes_are_explained_and_no_password_is_shown(server: Server, homes: list[Settings]) -> None:
    home = ("--home", str(homes[0].home))
    port, encoded = server.port, "s3cret%2Fp%40ss"
    cases: list[tuple[str, tuple[str, ...]]] = [
        (f"mysql://{USER}:{encoded}@127.0.0.1/postgres", ("'mysql'", "postgresql://user@host")),
        (f"postgresql+psycopg://{USER}:{encoded}@127.0.0.1/postgres", ("'postgresql+psycopg'",)),
        (f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres", ("cannot be read", "%40")),
        (
            f"postgresql://{USER}:{encoded}x@127.0.0.1:{port}/postgres",
            ("password authentication failed", "~/.pgpass"),
        ),
        (f"postgresql://{USER}:{encoded}@127.0.0.1:{port}/nowhere", ('"nowhere" does not exist',)),
        (f"postgresql://{USER}:{encoded}@127.0.0.1:1/postgres", ("Connection refused", "port")),
        (
            f"postgresql://loader:{encoded}@127.0.0.1:{port}/postgres",
            ("permission denied", "Grant the rights"),
        ),
    ]
    for url, words in cases:
        with pytest.raises(SharingError) as caught:
            push_release(homes[0], url)
        for word in words:
            assert word in str(caught.value)
        for secret in (PASSWORD, encoded, "s3cret", "p@ss"):
            assert secret not in str(caught.value)
    process = csw("push", f"postgresql://{USER}:{encoded}x@127.0.0.1:{port}/postgres", "--json", *home)
    assert_mistake(process, "password authentication failed")
    assert "s3cret" not in process.stderr + process.stdout
    process = csw("push", f"postgresql://{USER}:{encoded}@127.0.0.1:{port}/postgres", *home)
    assert process.returncode == 0, process.stderr
    assert re.search(rf"pushed release 1-one \({published()} marts\), \d+ rows", process.stdout)
    assert "s3cret" not in process.stderr + process.stdout
    logs = homes[0].home / "logs"
    assert not [path for path in logs.rglob("*") if path.is_file() and "s3cret" in path.read_text()]


class _held_back:
    """Keep writers, but no readers, away from the mart that a push writes last among the unchanged ones."""

    def __init__(self, blocker: psycopg.Connection) -> None:
        self.blocker = blocker

    def __enter__(self) -> None:
        self.blocker.execute("begin")
        self.blocker.execute("lock table marts.unit_economics_monthly in share mode")

    def __exit__(self, *_: object) -> None:
        self.blocker.execute("rollback")


def _wait_until_it_waits(server: Server) -> None:
    waiting = (
        "select 1 from pg_stat_activity where application_name = 'csw push' and wait_event_type = 'Lock'"
    )
    _wait(lambda: bool(server.rows(waiting)))


def _wait(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _content(server: Server) -> dict[str, list[str]]:
    """Everything in the schema, by table."""
    tables = [name for (name,) in server.rows("select tablename from pg_tables where schemaname = 'marts'")]
    return {name: sorted(map(repr, server.rows(f"select * from marts.{name}"))) for name in tables}
