"""The environment of this process: settings of other tools in the shell must change nothing here."""

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
"""Variables of Python that say where it is installed and how it writes, not what a program does."""


@contextmanager
def environment(values: Mapping[str, str], *, without: tuple[str, ...]) -> Iterator[None]:
    """Within the block, `values` are set, and no other variable whose name begins with one of `without`.

    So settings of the same tool that are meant for another project change nothing here.
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
    """Run the same command again in this process, without the variables that would change how Python runs it.

    PYTHONWARNINGS=error, for instance, would make an error of any library's hint. Returns where there is no
    such variable.
    """
    wanted = python_environment(os.environ)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)


def python_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings of Python; of PYTHONPATH stays what leads to this project."""
    kept = {
        name: value for name, value in given.items() if not name.startswith("PYTHON") or name in _HARMLESS
    }
    folders = [os.path.realpath(folder) for folder in given.get("PYTHONPATH", "").split(os.pathsep) if folder]
    if _OWN_FOLDER in folders:
        kept["PYTHONPATH"] = given["PYTHONPATH"] if folders == [_OWN_FOLDER] else _OWN_FOLDER
    return kept


def check_interpreter() -> None:
    """Raise SettingsError where Python drops docstrings, from which Great Expectations makes its classes."""
    if sys.flags.optimize > 1:
        raise SettingsError(
            "Python was started with -OO or PYTHONOPTIMIZE=2, under which Great Expectations does not work. "
            "Start it without."
        )
