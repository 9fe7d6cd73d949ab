"""The alert of a failed run: it names the failure and the place once, without any value of a row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.core.alerts import alert, without_values
from orchestration.core.settings import Settings, load_settings
from tests.unit.webhook import Hook

MESSAGE = """dbt: 2 of 90 models and tests failed, 3 were skipped.
  test movements_chain (data_tests/invariants/movements_chain.sql): Got 2 results, configured to fail if != 0
    account_id = A-17, mrr_before = 12.5000
  model dim_accounts (models/marts/core/dim_accounts.sql): Conversion Error: 'jane@example.com' is no date
      LINE 3: jane@example.com
The log is /home/me/data/dbt/logs/dbt.log."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path, environment={})


def test_an_alert_names_the_failure_without_values(settings: Settings) -> None:
    content = json.loads(alert(settings, "run-1", "build", MESSAGE).read_text())
    assert content["step"] == "build"
    assert "movements_chain" in content["message"]
    assert "dim_accounts" in content["message"]
    for value in ("A-17", "12.5", "jane"):
        assert value not in json.dumps(content)


def test_an_alert_keeps_the_figures_of_an_audit() -> None:
    text = "The marts did not pass.\n  marts.mrr_monthly: closing failed: 3 of 120 rows break it, expected 0"
    assert without_values(text) == text


def test_an_alert_is_posted_once_per_run(
    settings: Settings, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSW_ALERT_WEBHOOK", hook.url)
    first = alert(settings, "run-1", "build", "it failed")
    assert alert(settings, "run-1", "build", "it failed") == first
    assert [(one["run_id"], one["message"]) for one in hook.received] == [("run-1", "it failed")]
    assert "run-1" in hook.received[0]["text"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/nobody", "file:///etc/passwd", "http://[broken"])
def test_an_unreachable_webhook_does_not_fail_the_run(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CSW_ALERT_WEBHOOK", url)
    assert alert(settings, "run-1", "build", "it failed").exists()
    assert "CSW_ALERT_WEBHOOK" in caplog.text
