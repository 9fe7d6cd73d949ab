"""Run an extract against a local server, and read what it landed."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestration.core.settings import load_settings
from orchestration.extract.api import Patience
from orchestration.extract.extractor import Extracted, extract
from tests.unit.vendor_api import KEY, Vendor, serving

# A proxy of the machine cannot reach the local servers.
os.environ["NO_PROXY"] = "127.0.0.1"

QUICK = Patience(attempts=3, backoff=0.001, longest=30, own_pace=False)


class Home:
    """A warehouse whose extracts talk to a local server."""

    def __init__(self, folder: Path, vendor: Vendor) -> None:
        self.folder, self.vendor = folder, vendor
        self.system = type(vendor).__name__.lower()
        self.variables: dict[str, str] = {}

    def extract(self, *objects: str, full: bool = False, patience: Patience = QUICK) -> list[Extracted]:
        with serving(self.vendor) as url:
            prefix = f"CSW_{self.system.upper()}"
            environment = {f"{prefix}_KEY": KEY, f"{prefix}_URL": url, **self.variables}
            return extract(
                load_settings(self.folder, environment={}),
                self.system,
                objects,
                full=full,
                environment=environment,
                patience=patience,
            )

    def files(self, name: str) -> list[Path]:
        return sorted((self.folder / "landing" / self.system / name).glob("*"))

    def lines(self, name: str) -> list[str]:
        """All landed lines of an object, in order."""
        texts = [gzip.decompress(path.read_bytes()).decode() for path in self.files(name)]
        return "".join(texts).splitlines()

    def records(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines(name)]

    def ids(self, name: str, key: str = "id") -> list[str]:
        return [record[key] for record in self.records(name)]


def numbered(prefix: str, numbers: Sequence[int], **fields: Any) -> list[dict[str, Any]]:
    return [{"id": f"{prefix}{number}", **fields} for number in numbers]
