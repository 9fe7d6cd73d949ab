"""The context for sqlfluff's jinja templater, which renders the models without starting dbt.

sqlfluff offers every name of this module to a template. This module reads the macros of the project and the
portable macros of dbt from their files. It calls them like dbt: `return` can give any value. If a model needs
anything else, sqlfluff reports that it was not rendered. Only the dbt templater checks that model.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytz
import yaml
from dbt_common.clients.jinja import BaseMacroGenerator, extract_toplevel_blocks, get_template
from dbt_common.exceptions.macros import MacroReturn
from jinja2 import StrictUndefined, Template, TemplateError, TemplateRuntimeError

PROJECT_DIR = Path(__file__).resolve().parents[2]
ADAPTERS = ("duckdb", "default")


class Macro(BaseMacroGenerator):
    """One macro, which is called with values and in the context of all other macros."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(context)
        self._name = name
        self._template = cache(lambda: get_template(text, ctx={}))

    def get_name(self) -> str:
        return self._name

    def get_template(self) -> Template:
        return self._template()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.call_macro(*args, **kwargs)
        except TemplateError:
            raise
        except Exception as error:  # of Jinja's errors, sqlfluff reports only that it did not render a model
            raise TemplateRuntimeError(f"{self._name}: {error}") from error


def load_macros(folder: Path) -> None:
    """Put all macros of the files below `folder` into the context."""
    for path in sorted(folder.rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        # Without the text between the blocks, every block has a name.
        blocks: list[Any] = extract_toplevel_blocks(text, allowed_blocks={"macro"}, collect_raw_data=False)
        for block in blocks:
            context[block.block_name] = Macro(block.block_name, block.full_block)


def macros_of(package: str) -> Path:
    """The portable macros of a dbt package."""
    spec = find_spec(f"dbt.include.{package}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "macros" / "utils"


def dispatch(name: str, _: str | None = None) -> Callable[..., Any]:
    """The macro for DuckDB; the package of the name does not matter."""
    names = (f"{adapter}__{name}" for adapter in ADAPTERS)
    found: Callable[..., Any] = next(context[name] for name in names if name in context)
    return found


def relation(*names: str) -> str:
    """A relation in dbt's form. Its schema does not affect the style of the SQL."""
    return f'"csw"."schema"."{names[-1]}"'


def give_back(value: Any) -> NoReturn:
    """End the macro with this value, like `return` in dbt."""
    raise MacroReturn(value)


def complain(message: str) -> NoReturn:
    """Stop the rendering, like an error that stops dbt's compilation."""
    raise TemplateRuntimeError(message)


# Names that have a value only while dbt runs. Any other unknown name is a mistake, as in dbt.
NEED_DBT = (
    *("builtins", "database", "doc", "flags", "fromjson", "fromyaml", "graph", "invocation_id"),
    *(
        "load_result",
        "local_md5",
        "log",
        "model",
        "print",
        "run_query",
        "schema",
        "selected_resources",
        "set",
    ),
    *("statement", "target", "this", "tojson", "toyaml", "zip"),
)

variables = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]["csw"]
context: dict[str, Any] = {
    "adapter": SimpleNamespace(dispatch=dispatch),
    "api": SimpleNamespace(Column=SimpleNamespace(translate_type=str)),
    "config": lambda **_: "",
    "env_var": lambda _, default="": default,
    "exceptions": SimpleNamespace(raise_compiler_error=complain),
    "execute": True,
    "modules": SimpleNamespace(datetime=datetime, pytz=pytz, re=re),
    "ref": relation,
    "return": give_back,
    # Any instant works, because nothing is run.
    "run_started_at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "source": relation,
    "var": lambda name, default=None: variables.get(name, default),
}
context |= {name: StrictUndefined(f"{name} needs dbt, so `make lint` checks this file") for name in NEED_DBT}
load_macros(macros_of("global_project"))
load_macros(macros_of("duckdb"))
context["dbt"] = SimpleNamespace(**context)
load_macros(PROJECT_DIR / "macros")

globals().update(context)
