"""Personal data stays out of the marts, and the key of the pseudonyms stays out of all files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import Settings
from orchestration.dbt_runner.pseudonyms import KEY_FILE, load_hash_key, pseudonym
from orchestration.landing import accepted_batches
from orchestration.quality.personal import tagged_columns
from orchestration.releases.origins import compare_with_origins, open_origins
from tests.integration.conftest import ByHand
from tests.shared import declared_contracts

pytestmark = pytest.mark.integration


def test_no_value_of_a_tagged_column_reaches_a_mart(company: Settings) -> None:
    """The test searches for each value itself, without the scan of the gate."""
    with duckdb.connect() as connection:
        folder = company.current.resolve()
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as build (read_only)")
        connection.execute(f"attach '{folder / 'csw.duckdb'}' as release (read_only)")
        persons = set()
        for (source, table, column), kind in tagged_columns().items():
            if source != "generic":
                continue  # the company has no other system
            found = connection.execute(
                f"select distinct {column} from build.raw.{source}__{table}"
            ).fetchall()
            if kind in ("email", "name") and column != "owner_name":
                persons |= {value.strip().lower() for (value,) in found if value}
        assert len(persons) > 1000
        texts = connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'release'"
            " and schema_name = 'marts' and data_type = 'VARCHAR'"
        ).fetchall()
        assert len(texts) > 40
        for table, column in texts:
            values = connection.execute(f'select distinct lower(trim("{column}")) from release.marts.{table}')
            assert not {value for (value,) in values.fetchall()} & persons, f"{table}.{column}"


def test_respondents_are_pseudonyms_under_the_key_of_the_home(company: Settings) -> None:
    key = load_hash_key(company.home)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{company.current.resolve() / 'warehouse.duckdb'}' as build (read_only)")
        emails = dict(
            connection.execute("select contact_id, email from build.raw.generic__contacts").fetchall()
        )
        hashes = connection.execute(
            "select contact_id, email_hash from build.unified.unified_contacts"
        ).fetchall()
    assert len(hashes) > 1000
    for contact_id, found in hashes:
        email = emails[contact_id]
        assert found == (pseudonym(email, key) if email else None)


def test_only_the_key_file_contains_the_key(by_hand: ByHand) -> None:
    home = by_hand.settings.home
    key = (home / KEY_FILE).read_bytes().strip()
    assert len(key) == 64
    inner = bytes(byte ^ 0x36 for byte in key)
    forms = (key, inner, inner.hex().encode(), key.hex().encode())
    holding = [
        path.relative_to(home).as_posix()
        for path in home.rglob("*")
        if path.is_file() and not path.is_symlink() and any(form in path.read_bytes() for form in forms)
    ]
    assert holding == [KEY_FILE]
    assert b"unified_contacts" in by_hand.output
    assert not any(form in by_hand.output for form in forms)
    assert any((home / "dbtlogs").iterdir())


def test_the_scan_finds_a_person_in_an_untagged_column(company: Settings, tmp_path: Path) -> None:
    folder = company.current.resolve()
    batches = accepted_batches(company)

    def named(marts: Path) -> list[str]:
        build = folder / "warehouse.duckdb"
        origins = open_origins(company, build, marts, batches)
        found = compare_with_origins(company, origins, batches, declared_contracts()).findings
        return [one.name for one in found if one.family == "personal" and one.is_blocking]

    assert named(folder / "csw.duckdb") == []
    path = tmp_path / "csw.duckdb"
    path.write_bytes((folder / "csw.duckdb").read_bytes())
    path.chmod(0o600)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"attach '{folder / 'warehouse.duckdb'}' as build (read_only)")
        name = "select max(upper(full_name)) from build.raw.generic__contacts where full_name like '% %'"
        first = "select min(account_id) from csw.marts.dim_accounts"
        connection.execute(
            f"update csw.marts.dim_accounts set industry = ({name}) where account_id = ({first})"
        )
        # The author of a correction may be a customer success manager, but the reason must have no name.
        connection.execute(
            "insert into csw.marts._overrides (override_id, override_kind, sets, author, reason, status)"
            " select 'account:a', 'account', 'is_internal = true', owner_name, owner_name, 'applied'"
            " from build.raw.generic__accounts where owner_name like '% %' limit 1"
        )
    assert named(path) == ["personal._overrides.reason", "personal.dim_accounts.industry"]
