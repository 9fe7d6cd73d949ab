"""The JavaScript of the charts: Vega, Vega-Lite and Vega-Embed, from the package vl-convert-python."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def script() -> str:
    """Return the script, which defines `vegaEmbed`.

    Bundling takes seconds, so this Python's environment keeps the result. `make setup` stores it.
    """
    with suppress(OSError):
        return _stored().read_text(encoding="utf-8")
    return store()


def store() -> str:
    """Bundle the script, keep it if the environment is writable, and return it."""
    import vl_convert

    # In a function of its own, so that the names of the bundle cannot meet those of the page.
    text = f"(function () {{{vl_convert.javascript_bundle('window.vegaEmbed = vegaEmbed;')}}})();\n"
    target = _stored()
    with suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{target.name}.{os.getpid()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    return text


def _stored() -> Path:
    return Path(sys.prefix) / "share" / "csw" / f"vega-{version('vl-convert-python')}.js"


if __name__ == "__main__":
    store()
