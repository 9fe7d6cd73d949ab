"""The environment of this process, as the libraries find it that read settings from it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


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
