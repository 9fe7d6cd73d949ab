"""A simulated company with files of Zendesk gives the marts of its plain exports, but for known losses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from simulator import simulate
from simulator.vendors.zendesk_ids import CHANNELS, TYPES, ticket_number, word_of
from simulator.vendors.zendesk_surveys import is_newer, rating_number, response_key
from tests.connectors.company import AS_OF
from tests.connectors.losses import instant, undocumented, without
from tests.connectors.test_simulated_company import delivered
from tests.connectors.warehouses import built, differences, shown

pytestmark = pytest.mark.integration

TABLES = ("tickets", "ticket_events", "survey_responses")
RATED = "SurveyType = 'csat' and TicketId is not null"


def whole_minutes(column: str) -> str:
    minutes = f"datesub('minute', {instant('CreatedAt')}, {instant(column)})"
    return f"({instant('CreatedAt')} + to_minutes({minutes}))::varchar"


IS_NEWER = is_newer(AS_OF, instant("SentAt"))
ANSWERED = (
    "ResponseId in (select ResponseId from survey_responses where try_cast(Score as decimal) is not null)"
)

LOSSES = {
    "Zendesk does not escalate tickets.": "update tickets set IsEscalated = null",
    "Zendesk does not track the time that agents work.": "update tickets set HandleMinutes = null",
    "Zendesk has four types of tickets.": f"update tickets set Category = {word_of(TYPES, 'Category')}",
    "Its figures of a ticket without a history are whole minutes.": f"""
        update tickets set
            FirstRepliedAt = {whole_minutes("FirstRepliedAt")},
            FirstSolvedAt = {whole_minutes("FirstSolvedAt")}
        where TicketId like 'UNKNOWN-%'
    """,
    "The older survey knows good and bad.": f"""
        update survey_responses set Score = case when Score::bigint >= 4 then '5' else '1' end
        where {RATED} and not {IS_NEWER} and try_cast(Score as bigint) is not null
    """,
    "The older survey does not know what did not arrive.": f"""
        update survey_responses set Delivered = 'true'
        where {RATED} and not {IS_NEWER} and Delivered = 'false'
    """,
    "The newer survey lists only answers.": f"""
        delete from survey_responses where {RATED} and {IS_NEWER} and not {ANSWERED}
    """,
    "The newer survey has no time of the offer.": f"""
        update survey_responses set SentAt = null where {RATED} and {IS_NEWER}
    """,
}
"""By sentence of what Zendesk does not know: the plain exports without it."""

NUMBER = f"'zendesk:' || {ticket_number('TicketId')}"
IDS = f"""
    update tickets set
        Channel = {word_of(CHANNELS, "Channel")},
        MergedIntoTicketId = case when MergedIntoTicketId is not null then 'zendesk:merged' end,
        TicketId = {NUMBER};
    update ticket_events set TicketId = {NUMBER};
    update survey_responses set
        RespondentId = null,
        ResponseId = 'zendesk:' || case
            when SentAt is null then {response_key("ResponseId")}
            else {rating_number("ResponseId")}::varchar
        end
    where {RATED};
    update survey_responses set TicketId = {NUMBER} where TicketId is not null;
"""
"""The ids and words of Zendesk."""


def test_the_documentation_has_every_loss() -> None:
    assert undocumented(LOSSES) == []


def test_the_files_of_zendesk_give_the_marts_of_plain_exports(tmp_path: Path) -> None:
    until = date.fromisoformat(AS_OF)
    for name, systems in (("plain", ()), ("zendesk", ("zendesk",))):
        simulate(150, 24, 7, tmp_path / name, until=until, messy=True, systems=systems, usage_months=1)
    known = without(delivered(tmp_path / "plain"), TABLES, LOSSES, IDS, tmp_path)
    plain = built(tmp_path / "one", known)
    connected = built(tmp_path / "other", delivered(tmp_path / "zendesk"), systems="zendesk")
    found = differences(plain, connected)
    assert found == {}, shown(found)
