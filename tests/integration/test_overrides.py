"""Messages for an analyst who makes mistakes in a seed: plain dbt by hand, on a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.core.settings import Settings
from orchestration.development.database import prepare_development
from tests.shared import copy_project

pytestmark = pytest.mark.integration

SEEDS = {
    "overrides_subscription_links": (
        "subscription_id,replaces_subscription_id,author,reason,expires_on\n"
        "s1,s1,Ann,moved,\ns2,s3,Ann,moved,\ns3,s2,Ann,moved,\ns4,s5,Ann,moved,\n"
        "s6,s7,Ann,moved,\ns7,s8,Ann,moved,\ns8,s9,Ann,moved,\ns9,s6,Ann,moved,\ns10,s6,Ann,moved,\n"
    ),
    "overrides_cancellations": (
        "subscription_id,item_id,cancelled_at,author,reason,expires_on\n"
        "s1,,2024-03-10,,phoned,\ns2,,,Ann,phoned,\ns3,i,2024-03-10,Ann,phoned,\ns3,i,2024-03-11,Ann,phoned,\n"
        "s3,,2024-03-10 12:00:00,Ann,phoned,2024-12-31\n"
    ),
    "overrides_accounts": (
        "account_id,is_internal,author,reason,expires_on\n"
        "a1,,Ann,test,\na2,true,ann@example.com,test,\na3,false,Ann,,\n"
    ),
    "overrides_churn_reasons": (
        "subscription_id,item_id,churn_kind,churn_reason,author,reason,expires_on\n"
        "s1,,angry,price,Ann,interview,\ns2,,,price,Ann,interview,\ns3,,Voluntary,price,Ann,interview,\n"
        ",,voluntary,price,Ann,interview,\n"
    ),
}
FOUND = {
    ("overrides_accounts", "a1", "is_internal is missing: write true or false"),
    (
        "overrides_accounts",
        "a2",
        "author and reason are published: write a name or a team, no e-mail address",
    ),
    ("overrides_accounts", "a3", "reason is missing"),
    ("overrides_cancellations", "s1", "author is missing"),
    ("overrides_cancellations", "s2", "cancelled_at is missing"),
    ("overrides_cancellations", "s3 i", "there is more than one row for it"),
    ("overrides_churn_reasons", None, "the id of what it corrects is missing"),
    (
        "overrides_churn_reasons",
        "s1",
        "churn_kind angry is none of voluntary, involuntary, dispute, planned_end, pause, internal, unknown",
    ),
    ("overrides_churn_reasons", "s2", "churn_kind is missing"),
    ("overrides_subscription_links", "s1", "a subscription cannot continue itself"),
    ("overrides_subscription_links", "s2", "it continues s3, which continues s2: a circle"),
    ("overrides_subscription_links", "s3", "it continues s2, which continues s3: a circle"),
    *(
        ("overrides_subscription_links", target, f"it continues {circle}: a circle")
        for target, circle in (
            ("s6", "s7, which continues s8, which continues s9, which continues s6"),
            ("s7", "s8, which continues s9, which continues s6, which continues s7"),
            ("s8", "s9, which continues s6, which continues s7, which continues s8"),
            ("s9", "s6, which continues s7, which continues s8, which continues s9"),
        )
    ),
}


def test_an_invalid_override_stops_the_build_with_the_reason(
    small_company: Settings, copy_of: Callable[[Settings], Settings], tmp_path: Path
) -> None:
    settings = copy_of(small_company)
    _build(settings, tmp_path)
    with duckdb.connect(str(settings.development_database), read_only=True) as connection:
        found = connection.execute("from dbt_test__audit.overrides_are_well_formed").fetchall()
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert set(found) == FOUND
    assert "unified_overrides" not in tables, "nothing may be built on wrong overrides"


def _build(settings: Settings, folder: Path) -> None:
    """Run plain dbt on a copy of the project with SEEDS, up to a failing test."""
    prepare_development(settings, landing_is_given=False)
    # The development database starts with the tables of the release.
    with duckdb.connect(str(settings.development_database)) as connection:
        connection.execute("drop table unified.unified_overrides")
    project = copy_project(folder)
    shutil.copyfile(project / "profiles.example.yml", project / "profiles.yml")
    for name, text in SEEDS.items():
        (project / "seeds" / f"{name}.csv").write_text(text, encoding="utf-8")
    built = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "build", "--store-failures", "-s", "+_overrides"],
        cwd=project,
        env={
            **os.environ,
            "CSW_HOME": str(settings.home),
            "CSW_AS_OF": "2026-01-01",
            "DBT_PROFILES_DIR": str(project),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 1, built.stdout[-3000:]
