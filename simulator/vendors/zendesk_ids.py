"""Ids and words of Zendesk, made from those of the plain exports."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.expressions import array

TIME = "%Y-%m-%dT%H:%M:%SZ"
_TICKETS = ("T", "SPAM", "DUP", "UNKNOWN", "DEL", "GONE")
_EVENTS = ("EARLY", "V", "STRAY", "FUTURE")
"""How the ids of the plain exports begin. Zendesk numbers its records."""
CHANNELS = {"phone": "voice"}
TYPES = {
    "how_to": "question",
    "bug": "incident",
    "billing": "question",
    "access": "problem",
    "feature_request": "task",
}
STATUSES = {"on_hold": "hold"}
AUTOMATION = -1


def ticket_number(text: str) -> str:
    """Return SQL of the number of a ticket. All have ten digits."""
    return f"({_kind(_TICKETS, text)} * 1000000000 + {digits(text)})"


def event_number(text: str) -> str:
    """Return SQL of the number of an event. All have eleven digits, so that their texts keep the order."""
    return f"({_kind(_EVENTS, text)} * 10000000000 + {digits(text)})"


def word_of(words: Mapping[str, str], text: str) -> str:
    """Return SQL of Zendesk's word, which is the text itself if it has none of its own."""
    cases = " ".join(f"when '{ours}' then '{theirs}'" for ours, theirs in words.items())
    return f"case {text} {cases} else {text} end"


def person(contact: str) -> str:
    return f"(370000000000 + {contact})"


def organization(account: str) -> str:
    return f"(360000000000 + {digits(account)})"


def agent(number: str) -> str:
    return f"(9000000000 + {number})"


def _kind(kinds: tuple[str, ...], text: str) -> str:
    return f"list_position({array(kinds)}, split_part({text}, '-', 1))::bigint"


def digits(text: str) -> str:
    return f"regexp_extract({text}, '[0-9]+$')::bigint"
