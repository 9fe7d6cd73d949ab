"""The alerts about customers in a release: which are open, which are new, and the message about new ones."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.database import attach_release, connect
from orchestration.core.errors import CswError, PublishError, SharingError
from orchestration.core.settings import Settings, require_duckdb
from orchestration.core.webhooks import post_json
from orchestration.core.wording import count
from orchestration.releases.answers import QueryResult, as_text
from orchestration.releases.duckdb_store import marts_file
from orchestration.releases.manifest import read_manifest

WEBHOOK_VARIABLE = "CSW_CUSTOMER_WEBHOOK"
"""Environment variable with the address of the web hook that gets new alerts about customers."""

MART = "cs_alerts"
MESSAGE_ALERTS = 20
"""Alerts that one message shows."""

log = logging.getLogger("csw")

_POLICIES = "select policy, value_in_force from release.marts._policies"

_ALERTS = """
select
    coalesce(case when {shows_names} then accounts.account_name end, alerts.account_id) as account,
    alerts.account_id,
    alerts.signal,
    alerts.kind,
    alerts.severity,
    alerts.since,
    alerts.evidence,
    alerts.mrr_at_stake,
    alerts.suggested_play,
    {is_new} as is_new
from release.marts.cs_alerts as alerts
left join release.marts.dim_accounts as accounts on alerts.account_id = accounts.account_id
{earlier}
where {condition}
order by alerts.mrr_at_stake desc, alerts.account_id, alerts.signal
"""

_EARLIER = """
left join earlier.marts.cs_alerts as earlier
    on alerts.account_id = earlier.account_id and alerts.signal = earlier.signal
"""


@dataclass(frozen=True)
class CustomerAlerts:
    """The alerts of a release, those with most MRR at stake first."""

    release_id: str
    since: str | None
    """The earlier release that `is_new` compares with; None if there is none with alerts."""
    currency: str
    result: QueryResult

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        return [dict(zip(self.result.columns, row, strict=True)) for row in self.result.rows]


def customer_alerts(
    settings: Settings, release_id: str = "current", *, since: str | None = None, only_new: bool = False
) -> CustomerAlerts:
    """Return the alerts of a release. `is_new` says which were not open in the release `since`.

    The default of `since` is the release before. Accounts have their names only if the policy
    `report_show_names` of the release allows it. Raises SharingError if one of the named releases has no
    alerts, and PublishError if it cannot be read.
    """
    require_duckdb(settings, "csw alerts", f"`csw query` reads the alerts in the mart {MART}.")
    path = marts_file(settings, release_id)
    earlier = _earlier(settings, path.parent, since)
    with connect() as connection:
        attach_release(connection, path)
        if not _has_alerts(connection, "release"):
            raise SharingError(f"The release {path.parent.name} has no mart {MART}. Make a new one: csw run")
        if earlier is not None:
            attach_release(connection, earlier, "earlier")
            if not _has_alerts(connection, "earlier"):
                if since is not None:
                    raise SharingError(
                        f"The release {earlier.parent.name} has no mart {MART}, so nothing can be compared "
                        "with it. Give a later release: csw releases"
                    )
                earlier = None
        policies = dict(connection.execute(_POLICIES).fetchall())
        is_new = "true" if earlier is None else "earlier.account_id is null"
        connection.execute(
            _ALERTS.format(
                shows_names=policies.get("report_show_names") == "true",
                is_new=is_new,
                earlier="" if earlier is None else _EARLIER,
                condition=is_new if only_new else "true",
            )
        )
        columns = tuple(column[0] for column in connection.description or ())
        result = QueryResult(columns, connection.fetchall(), False)
    return CustomerAlerts(
        path.parent.name,
        earlier.parent.name if earlier else None,
        policies.get("reporting_currency") or "",
        result,
    )


def as_markdown(result: QueryResult) -> str:
    """Return a result as a table in Markdown."""
    lines = [result.columns, ["---"] * len(result.columns)]
    lines += [["" if value is None else _in_cell(as_text(value)) for value in row] for row in result.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def announce(settings: Settings, release_id: str) -> bool:
    """Post the new alerts of a release to CSW_CUSTOMER_WEBHOOK, once per release; return whether it did.

    The record in `<home>/alerts/announced/` comes first, so that a killed process never causes a second
    message. If the hook fails, the record goes away again, and the next call tries once more. A problem is
    a warning, because the release is published already.
    """
    url = os.environ.get(WEBHOOK_VARIABLE)
    if not url:
        return False
    record = settings.alerts / "announced" / release_id
    if record.exists():
        return False
    try:
        found = customer_alerts(settings, release_id, only_new=True)
        record.parent.mkdir(parents=True, exist_ok=True)
        record.touch(exist_ok=False)
    except FileExistsError:
        return False
    except (CswError, OSError) as error:
        log.warning("The alerts about customers were not posted: %s", error)
        return False
    if not found.result.rows or post_json(url, message(found), WEBHOOK_VARIABLE):
        return bool(found.result.rows)
    record.unlink(missing_ok=True)
    return False


def message(alerts: CustomerAlerts) -> dict[str, str]:
    """Return the message about alerts in the form that Slack and similar services take."""
    rows = alerts.rows
    at_stake = sum({row["account_id"]: row["mrr_at_stake"] for row in rows if row["kind"] == "risk"}.values())
    lines = [
        f"*{count(len(rows), 'new customer alert')}* in release {alerts.release_id}, "
        f"{at_stake:,.2f} {alerts.currency} MRR at risk"
    ]
    for row in rows[:MESSAGE_ALERTS]:
        lines.append(
            f"• *{_for_slack(row['account'])}* {row['mrr_at_stake']:,.2f} {alerts.currency}: "
            f"{row['signal']} ({row['severity']}), {_for_slack(row['evidence'])}. "
            f"{_for_slack(row['suggested_play'])}"
        )
    if len(rows) > MESSAGE_ALERTS:
        command = f"csw alerts --since {alerts.since}" if alerts.since else "csw alerts"
        lines.append(f"and {len(rows) - MESSAGE_ALERTS:,} more: {command}")
    return {"text": "\n".join(lines)}


def _earlier(settings: Settings, folder: Path, since: str | None) -> Path | None:
    """Return the marts of the release `since`, or of the release before; None if that does not exist."""
    if since is not None:
        return marts_file(settings, since)
    parent = read_manifest(folder).get("parent")
    try:
        return marts_file(settings, parent) if parent else None
    except PublishError:
        return None


def _has_alerts(connection: Any, name: str) -> bool:
    query = "select 1 from duckdb_tables() where database_name = ? and table_name = ?"
    return connection.execute(query, [name, MART]).fetchone() is not None


def _in_cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\r", " ").replace("\n", " ")


def _for_slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
