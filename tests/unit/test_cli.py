"""The command line is quick, explains mistakes and never shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path

import duckdb
import pytest
import typer

from orchestration.cli.common import guarded
from orchestration.cli.doctor import examine
from orchestration.core.errors import SettingsError
from orchestration.core.lock import hold_lock
from orchestration.core.settings import PROJECT_DIR, SIMULATION, load_settings
from orchestration.releases.fingerprint import code_version
from simulator import simulate

HEAVY = ("dagster", "dbt", "great_expectations", "numpy", "duckdb", "sqlalchemy")


def csw(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CSW_")}
    return subprocess.run(
        [sys.executable, "-m", "orchestration", *arguments],
        cwd=PROJECT_DIR,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def assert_mistake(process: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> None:
    """Check the exit code, one message on standard error with these words, and no traceback."""
    assert process.returncode == code, process.stderr
    assert process.stderr.startswith("error: ")
    assert "Traceback" not in process.stderr
    for word in words:
        assert word in process.stderr


def test_help_lists_the_commands_and_exit_codes() -> None:
    process = csw("--help")
    assert process.returncode == 0
    for command in (
        "simulate",
        "run",
        "prepare",
        "releases",
        "rollback",
        "query",
        "export",
        "push",
        "doctor",
        "landing",
        "extract",
        "gc",
    ):
        assert command in process.stdout
    assert "Exit codes: 0 success" in process.stdout


def test_help_of_run_names_options_and_variables() -> None:
    process = csw("run", "--help")
    for name in ("--home", "--landing", "--as-of", "--policy", "--force"):
        assert name in process.stdout
    for name in ("CSW_HOME", "CSW_LANDING", "CSW_AS_OF", "CSW_POLICIES"):
        assert name in process.stdout


def test_the_version_names_the_code_and_the_engines() -> None:
    code = (
        "import sys; from orchestration.cli.main import app; app(['--version'], standalone_mode=False);"
        " print(sorted({'dagster', 'dbt', 'great_expectations'} & set(sys.modules)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    *lines, heavy = process.stdout.splitlines()
    assert dict(line.split() for line in lines) == {
        "csw": version("customer-success-warehouse"),
        "code": code_version(),
        "duckdb": duckdb.__version__,
        "dbt-core": version("dbt-core"),
        "dagster": version("dagster"),
    }
    assert heavy == "[]"


def test_the_command_line_loads_no_heavy_package() -> None:
    code = f"import sys, orchestration.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("run", "--policy", "churn_recogniton=service_end"),
            ("no policy 'churn_recogniton'", "Did you mean 'churn_recognition'?", "fx_policy"),
        ),
        (("run", "--policy", "fx_policy"), ("name=value",)),
        (
            ("run", "--policy", "fx_policy=fixd_rate"),
            ("fx_policy cannot be 'fixd_rate'", '"service_start_rate"', "Did you mean 'fixed_rate'?"),
        ),
        (("run", "--accept", "foo"), ("'foo' does not have the form",)),
        (("run", "--accept", "row: fewer"), ("there is no finding 'row'", "Did you mean 'rows'?")),
        (("run", "--as-of", "yesterday"), ("'yesterday' is not a date", "2025-01-01")),
        (("run", "--home", "data[1]"), ("--home", "Choose a folder")),
        (("simulate", "--until", "soon"), ("--until 'soon'",)),
        (("landing", "withdraw", "a.csv", "--reason", " "), ("--reason is empty",)),
        (("query", "select 1", "--json", "--format", "csv"), ("one of --json and --format csv",)),
    ],
)
def test_a_wrong_option_causes_a_readable_error(
    tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_mistake(csw(*arguments, CSW_HOME=str(tmp_path)), *words)
    assert not list(tmp_path.iterdir()), "before anything is done, and without an alert"


def test_a_wrong_variable_causes_the_same_error_as_an_option(tmp_path: Path) -> None:
    assert_mistake(csw("run", CSW_HOME=str(tmp_path), CSW_AS_OF="13/13/2024"), "13/13/2024", "CSW_AS_OF")
    assert_mistake(csw("run", CSW_HOME=str(tmp_path), CSW_POLICIES="a=1 b=2"), "no policy 'a'")


def test_unknown_commands_and_options_exit_with_2() -> None:
    assert csw("refresh").returncode == 2
    process = csw("run", "--polcy", "fx_policy=fixed_rate")
    assert process.returncode == 2
    assert "No such option: --polcy" in process.stderr
    assert "--policy" in process.stderr


def test_an_empty_given_landing_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    process = csw("run", "--home", str(tmp_path / "home"), "--landing", str(tmp_path / "files"))
    assert_mistake(process, "There is no file in", "generic/accounts")
    assert not list((tmp_path / "files").iterdir())


def test_refusals_are_reported_before_dagster_loads(tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "generic"
    for name, text in (
        ("accounts", "account_id\na1\n"),
        ("subscription_periods", "subscription_id,price\ns,1\n"),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "file.csv").write_text(text)
    process = csw("run", "--home", str(tmp_path))
    assert process.returncode == 1
    lines = process.stderr.splitlines()
    refusal = next(number for number, line in enumerate(lines) if "refused generic/subscription_per" in line)
    mistake = next(number for number, line in enumerate(lines) if line.startswith("error: generic/"))
    assert refusal < mistake
    assert "loading Dagster" not in process.stderr
    assert not list((tmp_path / "runs").iterdir())
    [alert] = (tmp_path / "alerts").glob("*.json")
    assert '"step": "landing"' in alert.read_text()
    withdrawn = csw("landing", "withdraw", "file.csv", "--reason", "test data", "--home", str(tmp_path))
    assert "generic/accounts/file.csv is withdrawn" in withdrawn.stdout
    again = csw("run", "--home", str(tmp_path))
    assert again.returncode == 1
    assert "These files are withdrawn and do not count: generic/accounts/file.csv." in again.stderr


def test_a_home_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert_mistake(csw("run", "--home", str(tmp_path / "home")), "is not writable", "--home")


def test_a_second_run_names_the_first(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environment={})
    with hold_lock(settings.lock_file, "csw run"):
        process = csw("run", "--home", str(tmp_path))
    assert_mistake(process, f"csw run (process {os.getpid()}, since ", code=4)


def test_before_the_first_release(tmp_path: Path) -> None:
    home = ("--home", str(tmp_path))
    assert_mistake(csw("query", "select 1", *home), "no release", "csw run")
    assert_mistake(csw("rollback", *home), "no previous release")
    assert_mistake(csw("rollback", "20250101T000000Z-abc", *home), "csw releases")
    listed = csw("releases", *home)
    assert listed.returncode == 0
    assert "no release yet" in listed.stdout


def test_the_doctor_finds_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "generic"
    for name in ("accounts", "acounts"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file.csv").write_text("account_id\na1\n")
    process = csw("doctor", "--home", str(tmp_path))
    assert process.returncode == 1
    lines = process.stdout.splitlines()
    assert any(line.startswith("FAIL") and "generic/subscription_periods" in line for line in lines)
    assert any(line.startswith("warn") and "acounts" in line for line in lines)
    assert any(line.startswith("ok") and "accounts/file.csv: 1 of 1 row" in line for line in lines)


def test_the_doctor_finds_no_problem_in_a_simulated_company(tmp_path: Path) -> None:
    made = csw("simulate", "--accounts", "20", "--months", "6", "--home", str(tmp_path))
    assert made.returncode == 0, made.stderr
    process = csw("doctor", "--home", str(tmp_path))
    assert process.returncode == 0, process.stdout
    assert "FAIL" not in process.stdout
    assert "generic/subscription_periods/export" in process.stdout


def test_an_unexpected_error_leaves_its_traceback_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, guarded(load_settings(tmp_path, environment={})):
        raise ZeroDivisionError("by hand")
    assert caught.value.exit_code == 2
    [log] = (tmp_path / "logs").iterdir()
    assert "Traceback" in log.read_text()
    said = capsys.readouterr().err
    assert f"unexpected ZeroDivisionError: by hand\nThe details are in {log}" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-01", datetime(2025, 1, 1, tzinfo=UTC)),
        ("2025-01-01T12:30:00", datetime(2025, 1, 1, 12, 30, tzinfo=UTC)),
        ("2025-01-01T12:30:00+02:00", datetime(2025, 1, 1, 10, 30, tzinfo=UTC)),
        ("2024-12-31T23:30:00-01:00", datetime(2025, 1, 1, 0, 30, tzinfo=UTC)),
    ],
)
def test_as_of_is_an_instant_in_utc(text: str, expected: datetime) -> None:
    settings = load_settings(as_of=text, environment={})
    assert (settings.as_of, settings.as_of_is_given) == (expected, True)


def test_a_date_without_a_time_is_a_day_in_the_reporting_time_zone() -> None:
    load = partial(load_settings, environment={"CSW_POLICIES": "reporting_timezone=America/Los_Angeles"})
    assert load(as_of="2025-01-01").as_of == datetime(2025, 1, 1, 8, tzinfo=UTC)
    assert load(as_of="2025-07-01").as_of == datetime(2025, 7, 1, 7, tzinfo=UTC)
    assert load(as_of="2025-01-01T00:00:00").as_of == datetime(2025, 1, 1, tzinfo=UTC)


def test_known_at_is_the_default_of_as_of() -> None:
    settings = load_settings(known_at="2025-03-01T12:00:00.000250", environment={})
    assert settings.known_at == datetime(2025, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
    assert (settings.as_of, settings.as_of_is_given) == (datetime(2025, 3, 1, 12, tzinfo=UTC), True)
    both = load_settings(as_of="2025-01-01", environment={"CSW_KNOWN_AT": "2025-03-01"})
    assert (both.known_at, both.as_of) == (
        datetime(2025, 3, 1, tzinfo=UTC),
        datetime(2025, 1, 1, tzinfo=UTC),
    )
    assert load_settings(environment={}).known_at is None
    with pytest.raises(SettingsError, match=r"--known-at 'March' is not a date.*CSW_KNOWN_AT"):
        load_settings(known_at="March", environment={})


def test_an_option_overrides_its_variable(tmp_path: Path) -> None:
    environment = {
        "CSW_HOME": str(tmp_path / "a"),
        "CSW_AS_OF": "2024-01-01",
        "CSW_POLICIES": "fx_max_age_days=3",
    }
    chosen = load_settings(
        tmp_path / "b", as_of="2025-01-01", policies=["fx_max_age_days=5"], environment=environment
    )
    assert (chosen.home, chosen.as_of.year, chosen.policies) == (tmp_path / "b", 2025, {"fx_max_age_days": 5})
    assert chosen.landing == tmp_path / "b" / "landing"
    assert chosen.asked_policies == ("fx_max_age_days",)
    given = load_settings(environment=environment)
    assert (given.home, given.as_of.year, given.policies) == (tmp_path / "a", 2024, {"fx_max_age_days": 3})
    assert given.asked_policies == ()
    # A policy of the command line adds to those of the environment, which stay in force.
    both = load_settings(policies=["pause_policy=keep"], environment=environment)
    assert (both.policies, both.asked_policies) == (
        {"fx_max_age_days": 3, "pause_policy": "keep"},
        ("pause_policy",),
    )


def test_doctor_finds_what_a_run_would_refuse_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "landing" / "generic"
    for name, text in {
        "accounts": "account_id\n" + "".join(f"A{number}\n" for number in range(200)),
        "subscription_periods": "subscription_id,account_id,price\nS1,A1,10\n",
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "export.csv").write_text(text, encoding="utf-8")
    findings = [str(finding) for finding in examine(load_settings(home=tmp_path))]
    refused = [line for line in findings if line.startswith("FAIL")]
    assert len(refused) == 2
    assert "subscription_periods/export.csv is refused" in refused[0]
    assert "'price' may be unit_amount" in refused[0]
    assert "generic/subscription_periods: no file has been accepted" in refused[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["landing"]


def test_a_simulated_company_is_seen_at_the_end_of_its_history(tmp_path: Path) -> None:
    before = load_settings(tmp_path, environment={})
    assert datetime.now(UTC) - before.as_of < timedelta(minutes=1)
    simulate(5, 3, 1, tmp_path / "landing", until=date(2025, 4, 1))
    assert load_settings(tmp_path, environment={}).as_of == datetime(2025, 4, 1, tzinfo=UTC)
    given = load_settings(tmp_path, as_of="2025-03-01", environment={})
    assert given.as_of == datetime(2025, 3, 1, tzinfo=UTC)
    (tmp_path / "landing" / SIMULATION).write_text("[]", encoding="utf-8")
    assert load_settings(tmp_path, environment={}).as_of >= before.as_of
