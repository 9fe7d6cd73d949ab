"""docs/analyst-guide.md, followed to the letter on a copy of the project: it ends with a published mart."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from tests.conftest import copy_home
from tests.shared import copy_project

pytestmark = pytest.mark.integration

GUIDE = (PROJECT_DIR / "docs" / "analyst-guide.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """Does what the guide says, in a copy of the project whose home already has a release."""

    project: Path
    environment: Mapping[str, str]

    def follow(self) -> dict[str, str]:
        """Return the output of each command."""
        outputs = {}
        for block in BLOCK.finditer(GUIDE):
            path = (re.findall(r"`([\w./-]+)`:$", block["before"]) or [""])[0]
            match block["kind"]:
                case "sh":
                    for command in block["text"].splitlines():
                        outputs[command] = self.run(command)
                case "diff":
                    self.change(self.project / path, block["text"].splitlines())
                case _:
                    assert path, block["before"]
                    (self.project / path).parent.mkdir(exist_ok=True)
                    (self.project / path).write_text(block["text"], encoding="utf-8")
        return outputs

    def run(self, command: str) -> str:
        # The environment of the tests is set up already.
        command = re.sub(r"^make run$", ".venv/bin/csw run", command)
        command = re.sub(r"^\.venv/bin/csw ", f"{sys.executable} -m orchestration ", command)
        ended = subprocess.run(
            command,
            shell=True,
            cwd=self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    @staticmethod
    def change(path: Path, lines: list[str]) -> None:
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(scope="module")
def outputs(small_company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The output of each command of the guide."""
    folder = tmp_path_factory.mktemp("guide")
    project = copy_project(folder)
    home = copy_home(small_company, project / "data").home
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CSW_")},
        "CSW_AS_OF": small_company.as_of_text,
    }
    yield Reader(project, environment).follow()
    shutil.rmtree(home)


def test_the_new_mart_is_published_at_the_first_attempt(outputs: dict[str, str]) -> None:
    built = outputs[".venv/bin/csw dev mrr_by_region --unit-tests"]
    assert "mrr_by_region: " in built
    assert "EMEA" in built
    assert "does not have this model" in built
    assert "published release" in outputs[".venv/bin/csw run"]
    rows = outputs['.venv/bin/csw query "from mrr_by_region order by mrr desc"']
    assert "EMEA" in rows
    assert "Americas" in rows


def test_the_new_attribute_is_a_slice(outputs: dict[str, str]) -> None:
    (slices,) = (text for command, text in outputs.items() if "dimension = 'region'" in command)
    assert "EMEA" in slices
    doctor = outputs[".venv/bin/csw doctor"]
    assert "region" in doctor
