"""The tags of a run in Dagster's pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.dagster_defs.tags import run_tags
from orchestration.releases.candidate import Candidate

AS_OF = "2025-03-01T00:00:00+00:00"


def tags_of(tmp_path: Path, known: dict[str, str] | None = None, **facts: Any) -> dict[str, str]:
    candidate = Candidate("one", tmp_path / "one")
    candidate.begin()
    candidate.note(**{"as_of": AS_OF, "known_at": None, "experiment": None, "policies": {}, **facts})
    return run_tags(candidate, known or {})


@pytest.mark.parametrize(
    ("facts", "purpose"),
    [
        ({}, "run"),
        ({"experiment": "command-line policies: pause_policy = keep"}, "experiment"),
        ({"experiment": "only files known at a time", "known_at": AS_OF}, "replay"),
    ],
)
def test_the_purpose_is_what_the_run_makes(tmp_path: Path, facts: dict[str, Any], purpose: str) -> None:
    assert tags_of(tmp_path, **facts) == {"csw/purpose": purpose, "csw/as_of": AS_OF}


def test_policies_that_differ_from_the_project_are_named(tmp_path: Path) -> None:
    policies = {"pause_policy": "keep", "grouping_window": 0, "slice_dimensions": ["plan"]}
    tags = tags_of(tmp_path, policies=policies)
    assert tags["csw/policies"] == 'grouping_window=0 pause_policy=keep slice_dimensions=["plan"]'


def test_a_repeated_run_does_not_keep_the_policies_of_the_first_run(tmp_path: Path) -> None:
    known = {"csw/policies": "pause_policy=keep"}
    assert tags_of(tmp_path, known)["csw/policies"] == "defaults"
