"""The warehouse replaces persons by pseudonyms, with a key that only it knows."""

from __future__ import annotations

import hashlib
import hmac
import stat
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import SettingsError
from orchestration.core.serialization import read_yaml
from orchestration.core.settings import PROJECT_DIR, load_settings
from orchestration.dbt_runner.pseudonyms import (
    KEY_FILE,
    TEST_KEY,
    find_hash_key,
    find_key_of_database,
    hand_over_key,
    key_id,
    load_hash_key,
    pseudonym,
)
from orchestration.releases.fingerprint import run_fingerprint

PERSONAL = ("email", "full_name", "first_name", "last_name", "owner_name", "phone", "comment", "summary")
WRITTEN_BY_ANALYSTS = {"author": "name", "reason": "text"}
MACRO = (PROJECT_DIR / "macros" / "hash_person.sql").read_text(encoding="utf-8")


def hash_in_sql(connection: duckdb.DuckDBPyConnection, text: str | None) -> str | None:
    """The macro's SQL for DuckDB, without dbt."""
    body = MACRO.split("macro duckdb__hash_person(expression) -%}")[1].split("{%- endmacro %}")[0]
    block = MACRO.split("macro hash_block(variable) -%}")[1].split("{%- endmacro %}")[0]
    sql = body.split("-%}", 1)[1].replace("{{ expression }}", "$1::varchar")
    for part in ("outer", "inner"):
        sql = sql.replace(
            f"{{{{ hash_block(name ~ '_{part}') }}}}", block.replace("{{ variable }}", f"csw_hash_{part}")
        )
    [(pseudonym,)] = connection.execute(f"select {sql}", [text]).fetchall()
    assert pseudonym is None or isinstance(pseudonym, str)
    return pseudonym


@pytest.mark.parametrize("key", [b"k" * 32, b"0123456789abcdef" * 4, b"longer than a block " * 5])
def test_the_macro_is_hmac_sha256(key: bytes) -> None:
    with duckdb.connect() as connection:
        hand_over_key(connection, key)
        for text in ("ann@acme.example", "  Ann@ACME.example ", "zoë@exämple.org", "x" * 200):
            expected = hmac.new(key, text.strip().lower().encode(), hashlib.sha256).hexdigest()
            assert hash_in_sql(connection, text) == pseudonym(text, key) == expected
        assert hash_in_sql(connection, None) is None


def test_a_pseudonym_without_a_key_is_an_error() -> None:
    with duckdb.connect() as connection:
        hand_over_key(connection, None)
        with pytest.raises(duckdb.Error, match="no key for the pseudonyms"):
            hash_in_sql(connection, "ann@acme.example")


def test_a_home_gets_one_random_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    assert find_hash_key(tmp_path / "a", {}) is None
    key = load_hash_key(tmp_path / "a", {})
    assert len(key) == 64
    assert load_hash_key(tmp_path / "a", {}) == key
    assert load_hash_key(tmp_path / "b", {}) != key
    path = tmp_path / "a" / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == [KEY_FILE]


def test_a_key_from_the_environment_has_priority_and_writes_no_file(tmp_path: Path) -> None:
    environment = {"CSW_HASH_KEY": "e" * 32}
    assert load_hash_key(tmp_path / "a", environment) == b"e" * 32
    assert not (tmp_path / "a").exists()
    with pytest.raises(SettingsError, match="CSW_HASH_KEY contains a key of 5 characters") as caught:
        load_hash_key(tmp_path, {"CSW_HASH_KEY": "short"})
    assert "short" not in str(caught.value)


def test_a_database_finds_the_key_of_its_home(tmp_path: Path) -> None:
    key = load_hash_key(tmp_path / "home", {})
    other = load_hash_key(tmp_path / "other", {})
    environment = {"CSW_HOME": str(tmp_path / "other")}
    assert find_key_of_database(tmp_path / "home" / "dev" / "warehouse.duckdb", environment) == key
    assert find_key_of_database(tmp_path / "home" / "dbt" / "candidate" / "warehouse.duckdb", {}) == key
    assert find_key_of_database(tmp_path / "else" / "w.duckdb", environment) == other


def test_another_key_makes_another_release(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, as_of="2025-01-01", environment={})
    key = load_hash_key(tmp_path, {})
    first = run_fingerprint(settings, "code", [])
    (tmp_path / KEY_FILE).unlink()
    assert load_hash_key(tmp_path, {}) != key
    assert run_fingerprint(settings, "code", []) != first
    assert key_id(key) != key_id(TEST_KEY)
    assert str(key_id(key)) not in key.decode()


def test_every_personal_column_of_a_source_is_tagged() -> None:
    untagged = []
    for path in (PROJECT_DIR / "models" / "staging").glob("*/_*__sources.yml"):
        for source in read_yaml(path)["sources"]:
            for table in source["tables"]:
                # Tables of a source with the contracts of another one have no columns of their own.
                for column in table.get("columns", ()):
                    pii = column.get("config", {}).get("meta", {}).get("pii")
                    assert pii in (None, "name", "email", "text")
                    is_named_so = any(word in column["name"] for word in PERSONAL)
                    if pii is None and is_named_so and column["data_type"] != "boolean":
                        untagged.append(f"{source['name']}.{table['name']}.{column['name']}")
    assert untagged == []


def test_override_authors_are_tagged_from_seed_to_mart() -> None:
    found = {}
    for path in (PROJECT_DIR / "seeds" / "_seeds.yml", *(PROJECT_DIR / "models").rglob("*overrides.yml")):
        content = read_yaml(path)
        for table in (*content.get("seeds", ()), *content.get("models", ())):
            for column in table["columns"] if "overrides" in table["name"] else ():
                if column["name"] in ("author", "reason"):
                    found[table["name"], column["name"]] = column.get("config", {}).get("meta", {}).get("pii")
    tables = {table for table, _ in found}
    seeds = {path.stem for path in (PROJECT_DIR / "seeds").glob("overrides_*.csv")}
    assert tables == seeds | {"unified_overrides", "_overrides"}
    assert found == {(table, name): pii for table in tables for name, pii in WRITTEN_BY_ANALYSTS.items()}
