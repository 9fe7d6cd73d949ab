"""Small fixtures that several unit tests share; each process makes them once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import Settings, load_settings
from orchestration.dbt_runner.contract_files import generic_contracts
from orchestration.dbt_runner.pseudonyms import load_hash_key
from simulator import SimulationReport, simulate
from tests.shared import spare_parsing
from tests.unit.simulated import ACCOUNTS, MONTHS, SEED
from tests.unit.webhook import Hook, listening


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty warehouse."""
    return load_settings(tmp_path / "home", as_of="2025-01-01", environment={})


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A web hook on this machine."""
    with listening() as hook:
        yield hook


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with only the parsed dbt project and the key of its pseudonyms."""
    home = tmp_path_factory.mktemp("warehouse")
    spare_parsing(load_settings(home, environment={}))
    load_hash_key(home, environment={})
    return home


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    """A simulated company."""
    return simulate(ACCOUNTS, MONTHS, SEED, tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    """The same company with messy exports."""
    return simulate(ACCOUNTS, MONTHS, SEED, tmp_path_factory.mktemp("messy"), messy=True)


@pytest.fixture(scope="session")
def database(clean: SimulationReport) -> duckdb.DuckDBPyConnection:
    """The clean exports with the types of the contract, and the truth, as tables."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for (source, name), contract in generic_contracts().items():
        folder = clean.out / source / name
        if not folder.is_dir():
            continue
        types = {column.name: column.data_type for column in contract.columns}
        if next(folder.iterdir()).suffix == ".parquet":
            connection.execute(f"create table {name} as from '{folder}/*.parquet'")
            continue
        present = _present(folder, types)
        connection.execute(f"create table {name} as from read_csv('{folder}/*.csv', types = {present})")
    for name in ("movements", "monthly", "renewals", "voices"):
        connection.execute(f"create table {name} as from '{clean.out}/_truth/{name}.parquet'")
    return connection


def _present(folder: Path, types: dict[str, str]) -> dict[str, str]:
    header = next(folder.glob("*.csv")).read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    return {name: types[name] for name in header}
