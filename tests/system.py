"""Programs of the system that some tests need: `make setup-system` installs them from Debian's packages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REQUIRED = "CSW_REQUIRE_SYSTEM"
"""With this variable, a test fails if its program is missing. CI sets it."""

IS_REQUIRED = bool(os.environ.get(REQUIRED))
"""Read at import, because a fixture removes the CSW_ variables."""


def needed(path: str | Path | None, program: str, package: str) -> str:
    """Return the path of a program. Without one, skip the test, or fail if CI requires it."""
    if path is not None:
        return str(path)
    told = f"{program} is not installed. `make setup-system` installs Debian's package {package}."
    if IS_REQUIRED:
        pytest.fail(told)
    pytest.skip(told)
