"""docs/connectors/extract.md names every object and variable, and its script for Singer taps works."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

from orchestration.core.settings import PROJECT_DIR
from orchestration.extract.systems import load_system, system_names

PAGE = (PROJECT_DIR / "docs" / "connectors" / "extract.md").read_text(encoding="utf-8")


def test_every_object_and_variable_is_described() -> None:
    assert system_names() == ["hubspot", "stripe", "typeform"]
    for system in map(load_system, system_names()):
        for name in (system.key_variable, system.url_variable, *system.objects):
            assert f"`{name}`" in PAGE, name
        assert all(plan.records and plan.paginator for plan in system.objects.values())


def test_every_key_of_a_description_is_explained() -> None:
    for name in system_names():
        text = (PROJECT_DIR / "orchestration" / "extract" / f"{name}.yml").read_text(encoding="utf-8")
        for key in re.findall(r"^(?:    )?([a-z_]+):", text, flags=re.MULTILINE):
            assert f"`{key}`" in PAGE or key in ("title", "url", "headers", "error", "objects", "path"), key


def test_the_script_for_singer_taps_lands_records_and_keeps_the_state(tmp_path: Path) -> None:
    script = next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "Singer" in block)
    messages = [
        '{"type": "SCHEMA", "stream": "tickets", "schema": {}, "key_properties": ["id"]}',
        '{"type": "RECORD", "stream": "tickets", "time_extracted": "2026", "record": {"id": 1, "n": 0.10}}',
        '{"type": "STATE", "value": {"tickets": 1}}',
        '{"type": "RECORD", "stream": "users", "record": {"id": 2}}',
    ]
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "zendesk"), str(tmp_path / "state.json")],
        input="\n".join(messages),
        text=True,
        check=True,
    )
    [tickets] = (tmp_path / "zendesk" / "tickets").iterdir()
    assert json.loads(gzip.decompress(tickets.read_bytes())) == {
        "id": 1,
        "n": "0.10",
        "_sdc_batched_at": "2026",
    }
    assert len(list((tmp_path / "zendesk" / "users").iterdir())) == 1
    assert json.loads((tmp_path / "state.json").read_text()) == {"tickets": 1}
