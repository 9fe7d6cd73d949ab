"""Read the project's YAML and write JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

# The C parser is ten times as fast, but it is optional.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(path: Path) -> Any:
    """Parse a YAML file. Raises yaml.YAMLError for invalid YAML, OSError for an unreadable file."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)


def json_text(value: Any) -> str:
    """Return a JSON value. Decimals keep every digit, NaN and infinity become null, dates and paths text."""
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "null"
    if is_dataclass(value) and not isinstance(value, type):
        return json_text(asdict(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_text(item) for item in value) + "]"
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(str(key))}: {json_text(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value, default=str)


def script_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """Return JSON that cannot end the script element around it. `default` converts what JSON lacks."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
