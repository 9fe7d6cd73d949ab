"""Files for servers: units that systemd accepts, and settings that the program knows."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR

DEPLOY = PROJECT_DIR / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("csw-*.*"))


def settings_of(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / unit).read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_all_systemd_units_exist() -> None:
    assert UNITS == ["csw-daemon.service", "csw-gc.service", "csw-gc.timer", "csw-webserver.service"]


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_unit(unit: str, tmp_path: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("systemd-analyze is not installed on this machine")
    # systemd checks that the programs exist, so replace their paths by those on this machine.
    for path in DEPLOY.glob("csw-*.*"):
        text = path.read_text(encoding="utf-8").replace(
            "/opt/csw/.venv/bin", str(Path(sys.executable).parent)
        )
        (tmp_path / path.name).write_text(text.replace("/opt/csw", str(PROJECT_DIR)), encoding="utf-8")
    told = subprocess.run(
        [systemd, "verify", "--man=no", str(tmp_path / unit)], capture_output=True, text=True, check=False
    )
    about = [line for line in told.stderr.splitlines() if unit in line]
    assert told.returncode == 0, told.stderr
    assert about == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.endswith(".service")])
def test_services_run_unprivileged_and_write_only_to_the_home(unit: str) -> None:
    settings = settings_of(unit)
    assert settings["User"] == ["csw"]
    assert settings["ProtectSystem"] == ["strict"]
    assert settings["ReadWritePaths"] == ["/var/lib/csw"]
    assert settings["EnvironmentFile"] == ["/etc/csw/csw.env"]
    assert settings["NoNewPrivileges"] == ["true"]


def test_pages_are_served_only_locally() -> None:
    (command,) = settings_of("csw-webserver.service")["ExecStart"]
    assert " -h 127.0.0.1 " in command


def test_every_program_of_the_units_is_installed() -> None:
    for unit in UNITS:
        for command in settings_of(unit).get("ExecStart", []):
            assert (Path(sys.executable).parent / Path(command.split()[0]).name).is_file(), command


def test_the_environment_file_contains_only_known_settings() -> None:
    text = (DEPLOY / "csw.env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^#?(CSW_\w+)=", text, re.MULTILINE))
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (PROJECT_DIR / "orchestration").rglob("*.py")
    )
    code += (PROJECT_DIR / "profiles.example.yml").read_text(encoding="utf-8")
    assert {"CSW_HOME", "CSW_ALERT_WEBHOOK", "CSW_HASH_KEY"} <= named
    assert {name for name in named if name not in code} == set()
    assert not re.search(r"^CSW_HASH_KEY=.", text, re.MULTILINE)
    assert re.search(r"^CSW_AUTOMATIC_RUNS=on$", text, re.MULTILINE)
