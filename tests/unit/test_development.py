"""The record of a development database: the policies that its tables follow."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from orchestration.core.files import write_json
from orchestration.development import database


def test_a_recorded_date_of_a_policy_is_not_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = {"fixed_on": date(2024, 1, 31), "slices": ["region"], "share": 0.8, "none": None}
    monkeypatch.setattr(database, "project_policies", lambda: policies)
    write_json(tmp_path / "record.json", policies)
    assert json.loads((tmp_path / "record.json").read_text(encoding="utf-8")) == database.policies_now()
