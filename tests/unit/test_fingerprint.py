"""Two runs are the same if files, code, policies and `as_of` are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestration.core.settings import Settings
from orchestration.dbt_runner.version import dbt_version
from orchestration.releases.fingerprint import code_version, run_fingerprint


def test_the_fingerprint_depends_on_all_inputs_and_nothing_else(settings: Settings) -> None:
    base = run_fingerprint(settings, "code", ["a", "b"])
    assert base == run_fingerprint(settings, "code", ["b", "a"])
    others = [
        run_fingerprint(settings, "other", ["a", "b"]),
        run_fingerprint(settings, "code", ["a"]),
        run_fingerprint(replace(settings, policies={"fx_max_age_days": 3}), "code", ["a", "b"]),
        run_fingerprint(replace(settings, as_of=settings.as_of.replace(second=1)), "code", ["a", "b"]),
        run_fingerprint(replace(settings, known_at=settings.as_of), "code", ["a", "b"]),
    ]
    assert len({base, *others}) == 6
    morning = replace(settings, as_of_is_given=False)
    evening = replace(morning, as_of=settings.as_of.replace(hour=20))
    tomorrow = replace(morning, as_of=settings.as_of.replace(day=2))
    assert run_fingerprint(morning, "code", []) == run_fingerprint(evening, "code", [])
    assert run_fingerprint(morning, "code", []) != run_fingerprint(tomorrow, "code", [])


def test_the_code_version_follows_content_not_caches(tmp_path: Path) -> None:
    for name in ("models/a.sql", "orchestration/b.py", "dbt_project.yml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    first, first_dbt = code_version(tmp_path), dbt_version(tmp_path)
    (tmp_path / "orchestration" / "__pycache__").mkdir()
    (tmp_path / "orchestration" / "__pycache__" / "b.py").write_text("2")
    (tmp_path / "README.md").write_text("2")
    assert code_version(tmp_path) == first
    (tmp_path / "orchestration" / "b.py").write_text("2")
    assert code_version(tmp_path) != first
    assert dbt_version(tmp_path) == first_dbt
    (tmp_path / "models" / "a.sql").write_text("2")
    assert dbt_version(tmp_path) != first_dbt
