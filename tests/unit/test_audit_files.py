"""The audit of files without marts, and the cost of the audit for commands that do not need it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import AuditError
from orchestration.core.settings import PROJECT_DIR
from orchestration.quality import audit_marts
from tests.shared import declared_suites


def test_a_file_without_marts_blocks(tmp_path: Path) -> None:
    empty = tmp_path / "marts.duckdb"
    duckdb.connect(str(empty)).close()
    report = audit_marts(empty, {})
    assert [(result.mart, result.check) for result in report.blocking] == [("*", "marts_exported")]


@pytest.mark.parametrize("content", [None, b"not a database"])
def test_an_unreadable_file_is_an_error_for_people(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "marts.duckdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AuditError, match=r"marts\.duckdb"):
        audit_marts(path, declared_suites())


def test_importing_the_package_does_not_import_great_expectations() -> None:
    code = "import sys, orchestration.quality; print('great_expectations' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
