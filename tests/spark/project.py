"""A copy of the dbt project with rows in its seeds, which dbt builds in this process on either engine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from orchestration.core.settings import PROJECT_DIR
from orchestration.dbt_runner.invocation import invoke_dbt
from orchestration.dbt_runner.parsing import PARSED_FILE

# dbt lists exposures in what it built, as `no-op`.
_GREEN = {"success", "pass", "no-op"}


@dataclass
class Project:
    """The copy in `folder`; `variables` apply to every run."""

    folder: Path
    home: Path
    """Folder of the warehouse; dbt for DuckDB builds in its `warehouse.duckdb`."""
    variables: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def copy(cls, folder: Path, home: Path, seeds: Mapping[str, str], **variables: Any) -> Project:
        """Copy the project, and replace its seeds by `seeds`, CSV text by name."""
        for name in ("models", "macros", "seeds", "data_tests"):
            shutil.copytree(PROJECT_DIR / name, folder / name)
        shutil.copyfile(PROJECT_DIR / "dbt_project.yml", folder / "dbt_project.yml")
        shutil.copyfile(PROJECT_DIR / "profiles.example.yml", folder / "profiles.yml")
        for name, text in seeds.items():
            (folder / "seeds" / f"{name}.csv").write_text(text, encoding="utf-8")
        return cls(folder, home, variables)

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    def written(self, target: str) -> Path:
        """The folder of dbt's files for an engine: compiled SQL, manifest and logs."""
        return self.folder / "target" / target

    def dbt(self, target: str, command: Sequence[str], as_of: str, policies: Mapping[str, Any]) -> list[Any]:
        """Run dbt; returns the results of all seeds, models and tests.

        Raises AssertionError with the messages if any of them fails.
        """
        self.parse(target, as_of)
        variables = {**self.variables, **policies}
        outcome = self._invoke(target, command, as_of, variables, self.manifest(target))
        results = list(outcome.result.results)
        bad = [
            f"{result.node.unique_id}: {result.status}: {result.message}"
            for result in results
            if str(result.status) not in _GREEN
        ]
        assert not bad, "\n".join(bad[:10])
        return results

    def parse(self, target: str, as_of: str) -> None:
        """Parse the project for an engine, unless it is parsed. It is the same under all policies."""
        if not self._parsed(target).exists():
            self._invoke(target, ["parse"], as_of, self.variables)

    def manifest(self, target: str) -> Any:
        """The manifest of dbt for an engine, after a first run there."""
        from dbt.contracts.graph.manifest import Manifest

        manifest = Manifest.from_msgpack(self._parsed(target).read_bytes())
        manifest.build_flat_graph()
        return manifest

    def _parsed(self, target: str) -> Path:
        return self.written(target) / PARSED_FILE

    def _invoke(
        self,
        target: str,
        command: Sequence[str],
        as_of: str,
        variables: Mapping[str, Any],
        manifest: Any = None,
    ) -> Any:
        arguments = [
            *command,
            *("--target", target),
            *("--project-dir", str(self.folder)),
            *("--profiles-dir", str(self.folder)),
            *("--target-path", str(self.written(target))),
            *("--log-path", str(self.written(target))),
            *("--log-level", "none"),
            *("--vars", json.dumps(variables)),
        ]
        environment = {
            "CSW_HOME": str(self.home),
            "CSW_WAREHOUSE": str(self.warehouse),
            "CSW_AS_OF": as_of,
            "DO_NOT_TRACK": "1",
        }
        with patch.dict(os.environ, environment):
            outcome = invoke_dbt(arguments, manifest=manifest)
        if outcome.exception is not None:
            raise outcome.exception
        return outcome
