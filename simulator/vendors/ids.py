"""Ids in the form of each vendor, made from the ids of the plain exports."""

from __future__ import annotations

from dataclasses import dataclass

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True)
class Company:
    """What the files of all systems have in common."""

    until: str
    """First day after the history, as ISO date."""
    has_salesforce: bool
    is_messy: bool = False
    """Whether records name their account and their persons as badly as real ones do."""

    def one_in(self, number: int, text: str) -> str:
        """Return SQL that holds for one in `number` records of a messy company, chosen by an id."""
        return f"{str(self.is_messy).lower()} and md5_number({text}) % {number} = 0"

    def has_duplicate(self, account: str) -> str:
        """Return SQL that holds for an account of a messy company into which a duplicate was merged."""
        return self.one_in(25, account)

    def account_key(self, account: str) -> str:
        """Return SQL of the id of an account in the CRM."""
        return account_key(account) if self.has_salesforce else account


def salesforce_id(kind: str, text: str) -> str:
    """Return SQL of an id of 18 characters: a kind of three, twelve digits and letters, and a suffix.

    Each character of the suffix says which of five characters are capitals. The first has the lowest bit.
    """
    short = f"('{kind}Sim' || lpad(regexp_replace({text}, '[^0-9]', '', 'g'), 9, '0'))"
    suffix = ""
    # Only the S is a capital, the fourth of the first five characters.
    for bits in (8, 0, 0):
        suffix += _LETTERS[bits]
    return f"{short} || '{suffix}'"


def account_key(account: str) -> str:
    """Return SQL of the Salesforce id of an account."""
    return salesforce_id("001", account)


def merged_key(account: str) -> str:
    """Return SQL of the Salesforce id of a duplicate that was merged into an account."""
    return salesforce_id("001", f"('7' || regexp_replace({account}, '[^0-9]', '', 'g'))")


def contact_key(contact: str) -> str:
    return salesforce_id("003", contact)


def stripe_id(kind: str, text: str) -> str:
    return f"('{kind}_' || replace(replace({text}, '-', ''), ' ', ''))"


def price_id(row: str) -> str:
    """Return SQL of the id of a price. A price is immutable, so each amount has its own."""
    names = ("plan_id", "currency", "unit_amount", '"interval"', "interval_count", "price_kind")
    listed = ", ".join(f"{row}.{name}" for name in names)
    return f"'price_' || substr(md5(concat_ws('/', {listed})), 1, 20)"


def epoch(moment: str) -> str:
    """Return SQL of an instant in seconds."""
    return f"cast(epoch({moment}) as bigint)"


def utc(moment: str, form: str) -> str:
    return f"strftime({moment}, '{form}')"
