"""Read and write JSON without changing a number: no digit is lost, and none is added."""

from __future__ import annotations

import json
from typing import Any

_LARGEST = (1 << 63) - 1
_SAFE_DIGITS = 18
"""A whole number with at most this many digits always fits into 64 bits."""


class Number:
    """A number with a fraction or an exponent, as the system wrote it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def parse(body: bytes) -> Any:
    """Parse a JSON document. Raises ValueError for anything else.

    A whole number beyond 64 bits becomes a text, because many readers cannot hold it.
    """
    return json.loads(body, parse_float=Number, parse_int=_whole, parse_constant=str)


def line(value: Any) -> str:
    """Return a parsed value as JSON in one line, with every number as `parse` read it."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key, ensure_ascii=False)}:{line(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(line, value)) + "]"
    if isinstance(value, Number):
        return value.text
    return json.dumps(value, ensure_ascii=False)


def _whole(text: str) -> int | str:
    if len(text) <= _SAFE_DIGITS:
        return int(text)
    # Python does not parse a number with thousands of digits.
    number = int(text) if len(text) <= 2 * _SAFE_DIGITS else _LARGEST + 1
    return number if -_LARGEST - 1 <= number <= _LARGEST else text
