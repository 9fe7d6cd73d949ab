"""Links from a row to the page of its account."""

from __future__ import annotations

import hashlib

from orchestration.report.parts.blocks import Cell
from orchestration.report.parts.marts import Marts


def account_label(marts: Marts, account_id: str, name: str | None) -> str:
    """Return what a page calls the account: its name if the policy allows it, else its id."""
    return name if marts.facts.shows_names and name else account_id


def account_cell(marts: Marts, account_id: str, name: str | None) -> Cell | str:
    """Return the account as a page shows it, with a link if the site has a page of it."""
    text = account_label(marts, account_id, name)
    if account_id not in marts.accounts:
        return text
    return Cell(text, f"accounts/{account_file(account_id)}.html")


def account_file(account_id: str) -> str:
    """Return the name of an account's page. Ids can contain any character, so it is a hash."""
    return hashlib.sha256(account_id.encode()).hexdigest()[:12]
