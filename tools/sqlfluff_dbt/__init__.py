"""What sqlfluff's jinja templater needs to render the models without starting dbt.

sqlfluff offers every name of this module to a template. The macros of the project and the portable ones of
dbt are read from their files and called as dbt calls them: `return` can give any value. sqlfluff reports a
model that asks for anything else as not rendered; only the dbt templater checks it.
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
    """One macro, called with values and in the context of all others."""

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
        except Exception as error:  # sqlfluff can say of Jinja's errors only that a model was not rendered
            raise TemplateRuntimeError(f"{self._name}: {error}") from error


def load_macros(folder: Path) -> None:
    """Put all macros of the files below `folder` into the context."""
    for path in sorted(folder.rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        # Without the text between them, all blocks have a name.
        blocks: list[Any] = extract_toplevel_blocks(text, allowed_blocks={"macro"}, collect_raw_data=False)
        for block in blocks:
            context[block.block_name] = Macro(block.block_name, block.full_block)


def macros_of(package: str) -> Path:
    """The portable macros that a package of dbt brings."""
    spec = find_spec(f"dbt.include.{package}")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "macros" / "utils"


def dispatch(name: str, _: str | None = None) -> Callable[..., Any]:
    """The macro that DuckDB gets, whatever package the name is looked up in."""
    names = (f"{adapter}__{name}" for adapter in ADAPTERS)
    found: Callable[..., Any] = next(context[name] for name in names if name in context)
    return found


def relation(*names: str) -> str:
    """A relation as dbt writes it; where it is makes no difference to its style."""
    return f'"csw"."schema"."{names[-1]}"'


def give_back(value: Any) -> NoReturn:
    """What `return` does in dbt: end the macro with this value."""
    raise MacroReturn(value)


def complain(message: str) -> NoReturn:
    """What stops dbt's compilation stops the rendering."""
    raise TemplateRuntimeError(message)


# Names that mean something to dbt only while it runs. Any other unknown name is a mistake, here as in dbt.
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
    # Any instant does, as nothing is run.
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
