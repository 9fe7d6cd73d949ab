"""The budgets of CONTRIBUTING.md. If one is used up, simplify before you add."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path

from orchestration.core.settings import PROJECT_DIR
from tests.compiled import parsed_nodes

MAX_MODEL_LINES = 150
MAX_MODULE_LINES = 350
MAX_DEPTH = 21
"""Steps on the longest path from the unified layer to a mart."""
MAX_TEST_SHARE = 2
"""Lines of tests per line of product."""


def files(suffix: str, *folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((PROJECT_DIR / folder).rglob(f"*{suffix}"))


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def unit_test_lines(path: Path) -> list[str]:
    """The block `unit_tests` of a model's YAML, up to the next top-level key."""
    text = lines(path)
    start = text.index("unit_tests:") + 1 if "unit_tests:" in text else len(text)
    return list(takewhile(lambda line: not line[:1].isalpha(), text[start:]))


def too_long(paths: Iterator[Path], limit: int) -> dict[str, int]:
    lengths = {str(path.relative_to(PROJECT_DIR)): len(lines(path)) for path in paths}
    assert lengths
    return {name: length for name, length in lengths.items() if length > limit}


def test_no_model_is_longer_than_its_budget() -> None:
    assert too_long(files(".sql", "models"), MAX_MODEL_LINES) == {}


def test_no_python_module_is_longer_than_its_budget() -> None:
    modules = files(".py", "orchestration", "simulator", "tests", "tools")
    assert too_long(modules, MAX_MODULE_LINES) == {}


def test_the_graph_is_no_deeper_than_its_budget() -> None:
    parents = {
        name: [parent for parent in needs["nodes"] if parent.startswith("model.")]
        for name, (needs, _) in parsed_nodes().items()
        if name.startswith("model.") and not name.startswith("model.csw.stg_")
    }

    @cache
    def longest(name: str) -> tuple[str, ...]:
        above = (longest(parent) for parent in parents[name] if parent in parents)
        return *max(above, key=len, default=()), name

    path = max((longest(name) for name in parents), key=len)
    steps = len(path) - 1
    assert steps <= MAX_DEPTH, f"{steps} steps: " + " > ".join(path).replace("model.csw.", "")


def test_contributing_states_the_budgets() -> None:
    page = (PROJECT_DIR / "CONTRIBUTING.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| [^|]+ \| (\d+) \|$", page, flags=re.MULTILINE)
    assert [int(limit) for limit in stated] == [
        MAX_MODEL_LINES,
        MAX_MODULE_LINES,
        MAX_DEPTH,
        MAX_TEST_SHARE,
        0,
    ]


def test_tests_do_not_outgrow_the_product() -> None:
    product = [*files(".py", "orchestration", "simulator", "tools"), *files(".sql", "models", "macros")]
    tests = [*files(".py", "tests"), *files(".yml", "tests"), *files(".sql", "data_tests")]
    tested = sum(len(lines(path)) for path in tests)
    tested += sum(len(unit_test_lines(path)) for path in files(".yml", "models"))
    share = tested / sum(len(lines(path)) for path in product)
    assert share <= MAX_TEST_SHARE
