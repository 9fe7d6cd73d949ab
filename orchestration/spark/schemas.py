"""The schemas of one build on Spark. Each build has its own, so nothing that is published ever changes."""

from __future__ import annotations

import re

LAYERS = ("raw", "previous", "seeds", "staging", "unified", "intermediate", "marts")
"""The schemas of a build, by their names on DuckDB."""

_PREFIX = "csw_"


class BuildSchemas:
    """The schemas of the build of one run: `csw_<part of the run's id>_<layer>`."""

    def __init__(self, run_id: str) -> None:
        self.prefix = f"{_PREFIX}{re.sub('[^0-9a-z]', '', run_id.lower())[:12]}_"

    def name(self, layer: str) -> str:
        """Return the schema of a layer."""
        return f"{self.prefix}{layer}"

    @property
    def names(self) -> dict[str, str]:
        """Return the schemas by layer."""
        return {layer: self.name(layer) for layer in LAYERS}
