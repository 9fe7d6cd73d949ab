"""docs/architecture.md is correct: packages, layers, and the path from a price to closing MRR."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from orchestration.core.settings import PROJECT_DIR

MAP = (PROJECT_DIR / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = re.findall(r"^\| `([a-z_.]+)` \|", MAP.split("## Python")[1], flags=re.MULTILINE)


def test_every_module_is_in_a_room_of_the_map() -> None:
    rooms = {room_of(module) for module in modules()} - {"", "__main__"}
    assert rooms == set(ROOMS)


def test_a_room_imports_only_rooms_above_it_in_the_map() -> None:
    floors = {"": -1, **{room: floor for floor, room in enumerate(ROOMS)}, "__main__": len(ROOMS)}
    wrong = [
        f"{module} imports {imported}"
        for module, found in imports().items()
        for imported in found
        if floors[room_of(imported)] > floors[room_of(module)]
    ]
    assert wrong == []


def test_imports_form_no_circle() -> None:
    """Imports inside functions count too, so that they cannot hide a circle."""
    graph = imports()
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path[path.index(module) :], module))
        if module not in done:
            for imported in sorted(graph.get(module, ())):
                visit(imported, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


def test_the_simulator_uses_core_only() -> None:
    for path in (PROJECT_DIR / "simulator").rglob("*.py"):
        for name, *_ in imported_names(path.read_text(encoding="utf-8")):
            assert not name.startswith("orchestration.") or name.startswith("orchestration.core."), path.name


def test_every_model_of_mrr_is_on_the_way_from_a_price_to_closing_mrr() -> None:
    models = {
        path.stem
        for topic in ("subscriptions", "mrr")
        for path in (PROJECT_DIR / "models" / "intermediate" / topic).glob("*.sql")
    }
    drawn = re.findall(r"\bint_(?:subscriptions|mrr)__\w+", MAP.split("## From a price")[1].split("```")[1])
    assert sorted(drawn) == sorted(models)


def test_every_folder_of_models_is_known_by_the_layers() -> None:
    layers = re.findall(r"^\| `models/(\w+)", MAP, flags=re.MULTILINE)
    assert sorted(layers) == sorted(path.name for path in (PROJECT_DIR / "models").iterdir() if path.is_dir())


def modules() -> Mapping[str, str]:
    """Source of every module and package of `orchestration`, by its dotted name."""
    found = {}
    for path in (PROJECT_DIR / "orchestration").rglob("*.py"):
        parts = path.relative_to(PROJECT_DIR).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return found


def imports() -> Mapping[str, set[str]]:
    """Modules that each module of `orchestration` imports."""
    known = modules()
    return {
        module: {
            next(name for name in (*names, "") if not name or name in known)
            for names in imported_names(source)
        }
        - {"", module}
        for module, source in known.items()
    }


def imported_names(source: str) -> Iterator[tuple[str, ...]]:
    """All possible targets of the imports: a module of a package, else a name in the package."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((f"{node.module}.{alias.name}", node.module) for alias in node.names)


def room_of(module: str) -> str:
    """The package of a module: the longest name in the document that is its prefix, else its first part."""
    inner = module.removeprefix("orchestration").lstrip(".")
    found = [room for room in ROOMS if inner == room or inner.startswith(f"{room}.")]
    return max(found, key=len) if found else inner.split(".")[0]
