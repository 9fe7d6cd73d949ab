"""The flaws of each object in messy exports, as SQL on its columns. None changes what the data mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.expressions import ORDER


def spread(every: int) -> str:
    """Return a condition for about every n-th row, at irregular distances."""
    return f"({ORDER} * 2654435761 % 4294967296) // 7 % {every} = 0"


@dataclass(frozen=True)
class Blemishes:
    """The flaws of one object."""

    older: Mapping[str, str]
    """Columns in which an older version of a row differs."""
    has_older: str
    """Condition for rows with an older version, which has an earlier `updated_at`."""
    broken: tuple[tuple[str, str], ...]
    """Columns and invalid texts that reject a row; used in turn."""
    changes: Mapping[str, str] = field(default_factory=dict)
    """Columns that say the same in another way."""
    copies: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """Conditions for rows with a copy at the end, and the columns in which the copy differs. The models must
    find each copy and leave it out."""


NOTHING_OLDER: dict[str, str] = {}
FUTURE = "{end} + interval 400 day"
"""No history of these lengths is built as of a later time."""
BEFORE_EXPORT = "occurred_at between {earlier} - interval 7 day and {earlier}"
SOLVED = "created_at + interval 10 minute"

BLEMISHES = {
    "accounts": Blemishes(
        {"owner_name": "'Robin Interim'", "industry": "null", "updated_at": "created_at"},
        "updated_at > created_at",
        (("account_id", ""), ("created_at", "soon"), ("is_internal", "perhaps")),
    ),
    "contacts": Blemishes(
        {"role": "'Intern'", "updated_at": "created_at - interval 1 hour"},
        "true",
        (("account_id", ""), ("seniority", "senior"), ("created_at", "00/00/0000")),
    ),
    "account_keys": Blemishes(NOTHING_OLDER, "false", (("account_id", ""), ("source_key", ""))),
    "plans": Blemishes(NOTHING_OLDER, "false", ()),
    "subscription_periods": Blemishes(
        {
            "period_end": "null",
            "cancel_requested_at": "null",
            "cancel_kind": "null",
            "cancel_reason": "null",
            "is_deleted": "false",
            "updated_at": "period_start",
        },
        "updated_at > period_start",
        (
            ("unit_amount", "n/a"),
            ("currency", ""),
            ("quantity", "-3"),
            ("interval", "fortnight"),
            ("period_start", "tbd"),
        ),
    ),
    "invoices": Blemishes(
        {
            "status": "'open'",
            "paid_at": "null",
            "amount_refunded": "null",
            "refunded_at": "null",
            "updated_at": "issued_at",
        },
        "updated_at > issued_at",
        (("amount", "1.2.3"), ("currency", ""), ("issued_at", "tbd"), ("status", "lost")),
    ),
    "contracts": Blemishes(
        {
            "renewed_by_contract_id": "null",
            "renewed_amount": "null",
            "updated_at": "starts_on + interval 1 hour",
        },
        "updated_at > starts_on + interval 1 day",
        (("ends_on", "evergreen"), ("account_id", ""), ("starts_on", "31.31.2024")),
    ),
    "acquisition_costs": Blemishes(NOTHING_OLDER, "false", (("amount", "#N/A"), ("channel", ""))),
    "survey_responses": Blemishes(
        {"score": "null", "comment": "null", "responded_at": "null", "updated_at": "sent_at"},
        "updated_at > sent_at",
        (("score", "ten"), ("survey_type", ""), ("sent_at", "yesterday")),
    ),
    "fx_rates": Blemishes(NOTHING_OLDER, "false", (("rate", "#REF!"), ("currency", ""))),
    "tickets": Blemishes(
        {
            "status": "'open'",
            "first_solved_at": "null",
            "solved_at": "null",
            "reopens": "0",
            "updated_at": "created_at",
        },
        "updated_at > created_at",
        (("created_at", "tbd"), ("ticket_id", ""), ("status", "fixed")),
        # The address of the requester still tells the account, and the events tell the first reply.
        changes={
            "first_replied_at": f"case when {spread(200)} and first_replied_at is not null "
            "then created_at - interval 1 hour else first_replied_at end",
            "account_id": f"case when not ({spread(25)}) then account_id end",
            "requester_email": f"case when {spread(6)} then upper(requester_email) else requester_email end",
        },
        copies=(
            (spread(60), {"ticket_id": "'SPAM-' || ticket_id", "account_id": "null", "is_spam": "true",
                          "requester_email": "'offers@bulk.example'", "subject": "'You won a prize'"}),
            (spread(50), {"ticket_id": "'DUP-' || ticket_id", "merged_into_ticket_id": "ticket_id",
                          "status": "'closed'", "first_replied_at": "null", "first_solved_at": SOLVED,
                          "solved_at": SOLVED, "agent_replies": "0", "reopens": "0",
                          "updated_at": SOLVED}),
            (spread(90), {"ticket_id": "'UNKNOWN-' || ticket_id", "account_id": "null",
                          "requester_email": "'somebody@nowhere.example'"}),
            (spread(80), {"ticket_id": "'DEL-' || ticket_id", "is_deleted": "true", "subject": "null",
                          "requester_email": "null"}),
        ),
    ),
    "ticket_events": Blemishes(
        NOTHING_OLDER,
        "false",
        (("occurred_at", "later"), ("event_type", "shout"), ("ticket_id", "")),
        copies=(
            (spread(40), {}),
            (f"status = 'new' and {spread(30)}",
             {"event_id": "'EARLY-' || event_id", "event_type": "'public_comment'", "status": "null",
              "author_kind": "'agent'", "author_id": "'agent-01'",
              "occurred_at": "occurred_at - interval 2 hour"}),
            (f"status = 'new' and {spread(90)}",
             {"event_id": "'FUTURE-' || event_id", "status": "'solved'", "occurred_at": FUTURE}),
            (spread(900), {"event_id": "'STRAY-' || event_id", "ticket_id": "'GONE-' || ticket_id"}),
        ),
    ),
    "usage_events": Blemishes(
        NOTHING_OLDER,
        "false",
        (("occurred_at", "now"), ("account_id", ""), ("event_name", "")),
        changes={
            "user_id": f"case when {spread(6)} then upper(user_id) else user_id end",
            # Some events of a week arrive after it, with the next export.
            ORDER: f"case when {BEFORE_EXPORT} and {spread(20)} then {ORDER} + 100000000 else {ORDER} end",
        },
        copies=(
            (spread(60), {}),
            (spread(1500), {"event_id": "'FUTURE-' || event_id", "occurred_at": FUTURE}),
            (spread(1500), {"event_id": "'STRAY-' || event_id", "account_id": "'GONE-' || account_id"}),
            (spread(500), {"event_id": "'ANON-' || event_id", "user_id": "null"}),
            (spread(300), {"event_id": "'BOT-' || event_id", "user_id": "'uptime-bot'"}),
            (spread(700), {"event_id": "'STAFF-' || event_id", "user_id": "'staff-' || ({order} % 5)"}),
        ),
    ),
    "seats": Blemishes(
        NOTHING_OLDER,
        "false",
        (("seats_paid", "many"), ("effective_on", "Q3")),
        changes={"seats_paid": f"case when seats_paid = 0 and {spread(5)} then -1 else seats_paid end"},
    ),
    "milestones": Blemishes(
        NOTHING_OLDER,
        "false",
        (("target_on", "soon"), ("milestone", "")),
        changes={"milestone": f"case when {spread(4)} then upper(milestone) else milestone end"},
    ),
    "opportunities": Blemishes(
        {"stage": "'qualification'", "is_won": "false", "is_closed": "false", "updated_at": "created_at"},
        "is_closed and closed_at > created_at",
        (("amount", "TBD"), ("account_id", "")),
        copies=((spread(40), {"opportunity_id": "'DEL-' || opportunity_id", "is_deleted": "true"}),),
    ),
    "calls": Blemishes(
        NOTHING_OLDER,
        "false",
        (("held_at", "tomorrow"), ("minutes", "half an hour")),
        copies=((spread(50), {}),),
    ),
}  # fmt: skip
