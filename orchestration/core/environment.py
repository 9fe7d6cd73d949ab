"""The environment of this process, without settings that the shell holds for other tools."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestration.core.errors import SettingsError

_OWN_FOLDER = str(Path(__file__).resolve().parents[2])

_HARMLESS = frozenset(
    {
        "PYTHONCOERCECLOCALE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHASHSEED",
        "PYTHONHOME",
        "PYTHONIOENCODING",
        "PYTHONNOUSERSITE",
        "PYTHONPYCACHEPREFIX",
        "PYTHONSAFEPATH",
        "PYTHONUNBUFFERED",
        "PYTHONUSERBASE",
        "PYTHONUTF8",
    }
)
"""Python variables that do not change how a program behaves, only Python's location and output."""


@contextmanager
def environment(values: Mapping[str, str], *, without: tuple[str, ...]) -> Iterator[None]:
    """Set `values` within the block and remove all other variables that start with one of `without`.

    So a tool's settings for another project have no effect here.
    """
    before = {name: value for name, value in os.environ.items() if name in values or name.startswith(without)}
    for name in before:
        del os.environ[name]
    os.environ.update(values)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name in values or name.startswith(without)]:
            del os.environ[name]
        os.environ.update(before)


def restart_without_settings_of_python() -> None:
    """Restart the command in this process without variables that change Python's behaviour.

    For instance, PYTHONWARNINGS=error would turn every library warning into an error. Returns if no such
    variable is set.
    """
    wanted = python_environment(os.environ)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)


def python_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without Python settings. PYTHONPATH keeps only this project's folder."""
    kept = {
        name: value for name, value in given.items() if not name.startswith("PYTHON") or name in _HARMLESS
    }
    folders = [os.path.realpath(folder) for folder in given.get("PYTHONPATH", "").split(os.pathsep) if folder]
    if _OWN_FOLDER in folders:
        kept["PYTHONPATH"] = given["PYTHONPATH"] if folders == [_OWN_FOLDER] else _OWN_FOLDER
    return kept


def check_interpreter() -> None:
    """Raise SettingsError if Python drops docstrings, because Great Expectations needs them."""
    if sys.flags.optimize > 1:
        raise SettingsError(
            "Python runs with -OO or PYTHONOPTIMIZE=2. Great Expectations does not work with this setting. "
            "Start Python without it."
        )
