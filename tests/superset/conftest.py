"""A published warehouse, and a Superset that has imported the bundle for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.core.settings import Settings
from tests.conftest import publish_company
from tests.superset.server import Superset, running_superset
from tools.superset_bundle import write_zip


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A company with enough history for a twelve-month window; the tests publish a second release in it."""
    return publish_company(tmp_path_factory.mktemp("warehouse"), accounts=80, months=24, seed=5)


@pytest.fixture(scope="session")
def bundle(warehouse: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as `make superset-bundle` zips it for that warehouse."""
    path = tmp_path_factory.mktemp("bundle") / "csw-superset.zip"
    write_zip(path, warehouse.home)
    return path


@pytest.fixture(scope="session")
def superset(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """Superset after the import of its page of dashboards, and after an update by its API for assets."""
    with running_superset(tmp_path_factory.mktemp("superset")) as started:
        for path, field in (("dashboard", "formData"), ("assets", "bundle")):
            assert started.upload(f"/api/v1/{path}/import/", field, bundle) == (200, {"message": "OK"})
        yield started
