"""Who is who: the models decide every messy record as plain Python does, and join no two companies."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pytest

from orchestration.dbt_runner.pseudonyms import KEY_VARIABLE
from tests.connectors import identity_reference
from tests.connectors.identity_reference import CRMS, Record, Resolver, World
from tests.connectors.identity_world import messy_world
from tests.spark.project import Project

pytestmark = pytest.mark.integration

BRANCHES = {
    **{system: ["accounts", "account_references", "contacts"] for system in CRMS[1:]},
    **{system: ["customers", "account_references"] for system in ("stripe", "chargebee")},
    "zendesk": ["organizations", "account_references"],
}
FROM = "_batch_id, _loaded_at from raw.{table} where source_system = '{system}'"
STUBS = {
    "accounts": "source_key, domain, parent_key, merged_into_key, is_deleted, "
    + FROM.replace("{table}", "records"),
    "customers": "source_key, split_part(email, '@', 2) as email_domain, parent_key, is_deleted, "
    "{{ hash_person('email') }} as email_hash, " + FROM.replace("{table}", "records"),
    "organizations": "source_key, domain, false as is_deleted, " + FROM.replace("{table}", "domains"),
    "account_references": "source_key, reference, field, " + FROM.replace("{table}", "held"),
    "contacts": "contact_id, account_key, {{ hash_person('email') }} as email_hash, is_deleted, "
    + FROM.replace("{table}", "contacts"),
}
GENERIC = {
    "accounts": "source_key as account_id, domain, parent_key as parent_account_id, is_deleted, "
    + FROM.format(table="records", system="generic"),
    "contacts": "contact_id, account_key as account_id, email, is_deleted, "
    + FROM.format(table="contacts", system="generic"),
    "account_keys": "source_system, source_key, account_id, _batch_id, _loaded_at from raw.keys",
    "subscription_periods": "account_id, _batch_id, _loaded_at from raw.periods",
}
FIELDS = {name: "crm" if name == "crm_id" else found[0] for name, found in identity_reference.FIELDS.items()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project with branches that read the tables of a world."""
    folder = tmp_path_factory.mktemp("identity")
    copy = Project.copy(
        folder / "project",
        folder,
        {"free_mail_domains": "domain\ngmail.com\nweb.de\n"},
        connectors=list(BRANCHES),
        connector_branches=BRANCHES,
        account_reference_fields=FIELDS,
    )
    models = folder / "project" / "models"
    for system, branches in BRANCHES.items():
        for layer in ("staging", "unified"):
            shutil.rmtree(models / layer / system, ignore_errors=True)
        (models / "unified" / system).mkdir()
        for branch in branches:
            name = f"unified_{system}__{branch}"
            text = "{{ config(contract={'enforced': false}) }}\nselect " + STUBS[branch].replace(
                "{system}", system
            )
            (models / "unified" / system / f"{name}.sql").write_text(text + "\n", encoding="utf-8")
    for name, text in GENERIC.items():
        (models / "staging" / "generic" / f"stg_generic__{name}.sql").write_text(
            f"select {text}\n", encoding="utf-8"
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, "a key of thirty-two bytes or more")
        yield copy


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_models_decide_every_record_as_plain_python_does(project: Project, seed: int) -> None:
    world = messy_world(seed)
    expected = Resolver(world).accounts()
    found = _built(project, world)
    assert {key: found[key] for key in expected} == expected
    homeless = world.records.keys() - expected.keys()
    assert {world.records[key].system for key in homeless} == {"zendesk"}
    assert homeless.isdisjoint(found)
    rules = Counter(rule for _, rule in expected.values())
    assert set(rules) == {"key", "reference", "merge", "domain", "email", "parent", "own"}, rules
    assert _mixed(world, found) == {}
    joined = sum(rule != "own" for one, (_, rule) in found.items() if one in expected)
    assert joined > len(expected) / 4


def test_an_id_stays_when_a_system_or_record_arrives_later(project: Project) -> None:
    """The account of a company in the first CRM keeps its id, whatever other systems deliver later."""
    world = messy_world(4)
    first = World(records={key: one for key, one in world.records.items() if one.system == "generic"})
    before, after = _built(project, first), _built(project, world)
    assert before
    assert {key: after[key] for key in before} == before


def _built(project: Project, world: World) -> dict[tuple[str, str], tuple[str, str]]:
    project.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(project.warehouse)) as connection:
        _store(connection, world)
    names = ["free_mail_domains", "unified_account_keys", "unified_account_links"]
    ways = [f"unified.{name}" for name in ("identity", *BRANCHES)]
    generic = [f"stg_generic__{name}" for name in GENERIC]
    project.dbt(
        "duckdb",
        [
            "build",
            "--exclude-resource-type",
            "unit_test",
            "-s",
            *names,
            *ways,
            *generic,
            "--exclude",
            "staging,test_type:data",
        ],
        "2024-01-01",
        {},
    )
    with duckdb.connect(str(project.warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select source_system, source_key, account_id, match_rule from unified.unified_account_keys"
        ).fetchall()
    return {(system, key): (account, rule) for system, key, account, rule in rows}


def _store(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Store a world in the tables that the branches read."""
    tables: dict[str, tuple[str, Sequence[Sequence[Any]]]] = {
        "records": (
            "source_system, source_key, domain, email, parent_key, merged_into_key, is_deleted::boolean",
            [_row(one) for one in world.records.values()],
        ),
        "keys": ("source_system, source_key, account_id", [(*key, name) for key, name in world.keys.items()]),
        "held": (
            "source_system, source_key, reference, field",
            sorted({(*key, reference, name) for key, reference, name in world.references}),
        ),
        "domains": (
            "source_system, source_key, domain",
            [
                (*one.id, domain)
                for one in world.records.values()
                if not one.is_account
                for domain in one.domains or (None,)
            ],
        ),
        "contacts": (
            "source_system, contact_id, account_key, email, is_deleted::boolean",
            [(one.system, one.id, one.account, one.email, str(one.is_deleted)) for one in world.contacts],
        ),
        "periods": ("account_id", []),
    }
    connection.execute("create schema raw")
    for name, (columns, rows) in tables.items():
        bare = [column.partition("::")[0] for column in columns.split(", ")]
        connection.execute(f"create temp table given ({', '.join(f'{one} varchar' for one in bare)})")
        if rows:
            connection.executemany(f"insert into given values ({', '.join('?' * len(bare))})", rows)
        typed = ", ".join(
            f"{one.partition('::')[0]}::boolean as {one.partition('::')[0]}" if "::" in one else one
            for one in columns.split(", ")
        )
        connection.execute(
            f"create table raw.{name} as"
            f" select {typed}, 'b' as _batch_id, timestamp '2024-01-01' as _loaded_at from given"
        )
        connection.execute("drop table given")


def _row(one: Record) -> tuple[str | None, ...]:
    return (one.system, one.key, one.domain, one.email, one.parent, one.merged_into, str(one.is_deleted))


def _mixed(world: World, found: dict[tuple[str, str], tuple[str, str]]) -> dict[str, set[int]]:
    """Return the accounts with records of several companies."""
    companies: dict[str, set[int]] = defaultdict(set)
    for key, record in world.records.items():
        if key in found:
            companies[found[key][0]].add(record.company)
    return {account: members for account, members in companies.items() if len(members) > 1}
