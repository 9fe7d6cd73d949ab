"""Alerts about customers: what is new since a release, and one message about it per release."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import SharingError
from orchestration.core.settings import Settings, load_settings
from orchestration.sharing.customer_alerts import announce, as_markdown, customer_alerts, message
from tests.unit.release_case import make_release
from tests.unit.webhook import Hook

FIRST, SECOND = "20250101T000000Z-aaaaaaaa", "20250102T000000Z-bbbbbbbb"
ALERTS = (
    ("a", "no_login", "risk", "medium", "12 days | without a login", "50.0000"),
    ("b", "promoter", "expansion", "opportunity", "mean NPS answer 10", "900.5000"),
)
NEW = ("a", "past_due", "risk", "high", "1 invoice", "50.0000")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "home", as_of="2025-01-03", environment={})


def publish(
    settings: Settings, release_id: str, alerts: Sequence[tuple[str, ...]], *, names: bool = False
) -> str:
    values = ", ".join(
        f"('{account}', '{signal}', '{kind}', '{severity}', date '2024-12-30', '{evidence}', {mrr}, 'Call')"
        for account, signal, kind, severity, evidence, mrr in alerts
    )
    change = (
        "delete from marts.cs_alerts; delete from marts.dim_accounts; delete from marts._policies;"
        "insert into marts.dim_accounts (account_id, account_name) values ('a', '=A & <Sons>'), ('b', 'B');"
        "insert into marts._policies (policy, value_in_force) values"
        f" ('report_show_names', '{str(names).lower()}'), ('reporting_currency', 'EUR');"
    )
    if alerts:
        change += (
            "insert into marts.cs_alerts (account_id, signal, kind, severity, since, evidence, mrr_at_stake,"
            f" suggested_play) values {values}"
        )
    return make_release(settings, release_id, change=change)


def signals(found: Any) -> list[tuple[str, str, bool]]:
    return [(row["account"], row["signal"], row["is_new"]) for row in found.rows]


def test_an_alert_is_new_if_the_release_before_did_not_have_it(settings: Settings) -> None:
    publish(settings, FIRST, ALERTS)
    assert signals(customer_alerts(settings)) == [("b", "promoter", True), ("a", "no_login", True)]
    publish(settings, SECOND, (*ALERTS[:1], NEW))
    found = customer_alerts(settings)
    assert (found.release_id, found.since) == (SECOND, FIRST)
    assert signals(found) == [("a", "no_login", False), ("a", "past_due", True)]
    assert signals(customer_alerts(settings, since=FIRST, only_new=True)) == [("a", "past_due", True)]
    assert signals(customer_alerts(settings, FIRST, since=SECOND, only_new=True)) == [("b", "promoter", True)]


def test_names_appear_only_if_the_policy_allows_them(settings: Settings) -> None:
    publish(settings, FIRST, ALERTS)
    assert {row["account"] for row in customer_alerts(settings).rows} == {"a", "b"}
    publish(settings, SECOND, ALERTS, names=True)
    assert {row["account"] for row in customer_alerts(settings).rows} == {"=A & <Sons>", "B"}


def test_a_release_without_the_mart_is_named(settings: Settings) -> None:
    make_release(settings, FIRST, change="drop table marts.cs_alerts")
    with pytest.raises(SharingError, match=f"{FIRST} has no mart cs_alerts"):
        customer_alerts(settings)
    publish(settings, SECOND, ALERTS)
    assert all(row["is_new"] for row in customer_alerts(settings).rows)
    with pytest.raises(SharingError, match="nothing can be compared"):
        customer_alerts(settings, since=FIRST)


def test_the_formats_keep_hostile_texts_apart(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.cli.main import app

    publish(settings, FIRST, ALERTS, names=True)
    monkeypatch.setenv("CSW_HOME", str(settings.home))

    def printed(*arguments: str) -> str:
        app(["alerts", *arguments], standalone_mode=False)
        return capsys.readouterr().out

    rows = list(csv.DictReader(io.StringIO(printed("--format", "csv"))))
    assert [row["account"] for row in rows] == ["B", "'=A & <Sons>"]
    assert json.loads(printed("--format", "json"))[0]["mrr_at_stake"] == 900.5
    lines = printed("--format", "markdown").splitlines()
    assert lines[0].startswith("| account | account_id | signal |")
    assert "12 days \\| without a login" in lines[3]
    assert "no_login" in printed()
    assert as_markdown(customer_alerts(settings).result) == "\n".join(lines) + "\n"


def test_new_alerts_are_posted_once_per_release(
    settings: Settings, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSW_CUSTOMER_WEBHOOK", hook.url)
    publish(settings, FIRST, ALERTS, names=True)
    [told] = hook.received
    assert told["text"].splitlines() == [
        f"*2 new customer alerts* in release {FIRST}, 50.00 EUR MRR at risk",
        "• *B* 900.50 EUR: promoter (opportunity), mean NPS answer 10. Call",
        "• *=A &amp; &lt;Sons&gt;* 50.00 EUR: no_login (medium), 12 days | without a login. Call",
    ]
    assert not announce(settings, FIRST)
    # Nothing is new in the second release.
    publish(settings, SECOND, ALERTS)
    assert not announce(settings, SECOND)
    assert len(hook.received) == 1


def test_a_failed_post_is_tried_again_and_stops_nothing(
    settings: Settings, hook: Hook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CSW_CUSTOMER_WEBHOOK", hook.url)
    hook.status = 500
    publish(settings, FIRST, ALERTS)
    assert "could not be posted to CSW_CUSTOMER_WEBHOOK: HTTPError" in caplog.text
    assert hook.url not in caplog.text
    hook.status = 200
    assert announce(settings, FIRST)
    assert not announce(settings, FIRST)


def test_a_long_message_names_the_command_for_the_rest(settings: Settings) -> None:
    many = [("a", f"signal_{number:02}", "risk", "high", "evidence", "50") for number in range(23)]
    publish(settings, FIRST, many)
    lines = message(customer_alerts(settings, only_new=True))["text"].splitlines()
    assert len(lines) == 22
    assert lines[0] == f"*23 new customer alerts* in release {FIRST}, 50.00 EUR MRR at risk"
    assert lines[-1] == "and 3 more: csw alerts"
