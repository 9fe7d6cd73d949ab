"""Reading YAML files of the project, with the parser in C where it is installed: ten times as fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """The content of a file. Raises yaml.YAMLError where it is no YAML, OSError where it cannot be read."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
