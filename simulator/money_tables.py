"""Landing tables with money: invoices, contracts and acquisition costs."""

from __future__ import annotations

import duckdb
import numpy as np

from simulator import catalog as c
from simulator.billing import INVOICE_STATUSES, Invoices
from simulator.clock import Calendar
from simulator.contracts import Contracts
from simulator.costs import Costs
from simulator.expressions import ORDER, account_id, code, create, date_of, instant, money, subscription_id
from simulator.periods import ITEM_SUFFIXES

BILLED_ITEMS = "billed_items"
"""Table with the item of each invoice."""


def make_money_tables(
    connection: duckdb.DuckDBPyConnection,
    invoices: Invoices,
    contracts: Contracts,
    costs: Costs,
    calendar: Calendar,
) -> None:
    """Create one table per landing object."""
    _invoices(connection, invoices)
    _contracts(connection, contracts)
    _acquisition_costs(connection, costs, calendar)


def _invoices(connection: duckdb.DuckDBPyConnection, invoices: Invoices) -> None:
    names = ("account", "number", "currency", "issued", "due", "paid", "amount", "refund", "refunded")
    select = f"""
        select
            {ORDER},
            printf('I-%08d', {ORDER}) as invoice_id,
            {account_id("account")} as account_id,
            {subscription_id("number")} as subscription_id,
            {instant("issued")} as issued_at,
            {instant("due")} as due_at,
            {instant("paid")} as paid_at,
            {code(c.CURRENCIES, "currency")} as currency,
            {money("amount")} as amount,
            case when refund > 0 then {money("refund")} end as amount_refunded,
            {instant("refunded")} as refunded_at,
            {code(INVOICE_STATUSES, "status")} as status,
            {instant("updated")} as updated_at
        from numbers
        order by {ORDER}
    """
    columns = {name: invoices[name] for name in (*names, "status", "updated", "slot")}
    create(connection, "invoices", columns, select)
    # Plain exports do not say what an invoice bills.
    item = f"""
        select {ORDER}, {subscription_id("number")} || {code(ITEM_SUFFIXES, "slot")} as item_id
        from numbers order by {ORDER}
    """
    create(connection, BILLED_ITEMS, columns, item)


def _contracts(connection: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    size = len(contracts.account)
    columns = {name: values for name, values in vars(contracts).items() if name != "follower"}
    # The terms of an account are numbered. An extra contract has the number of its term.
    number = np.arange(size) - np.searchsorted(contracts.account, contracts.account)
    signed = np.where(contracts.link >= 0, contracts.starts[contracts.link], contracts.starts)
    columns |= {
        "main": contracts.amount - contracts.extra,
        "number": number,
        "signed": np.maximum(signed, contracts.starts),
    }
    columns |= {
        f"{name}_number": np.where(links >= 0, number[links], -1)
        for name, links in (("link", contracts.link), ("extra_link", contracts.extra_link))
    }

    def rows(part: str, suffix: str, amount: str, link: str, stated: str) -> str:
        return f"""
            select
                {ORDER} * 2 + {part} as part,
                {contract_id("number")} || '{suffix}' as contract_id,
                {account_id("account")} as account_id,
                {date_of("starts")} as starts_on,
                {date_of("ends")} as ends_on,
                {money(amount)} as amount,
                {code(c.CURRENCIES, "currency")} as currency,
                auto_renew = 1 as auto_renew,
                case when {link} >= 0 then {contract_id(link)} end as renewed_by_contract_id,
                case when {stated} >= 0 then {money(stated)} end as renewed_amount,
                {instant("signed * 86400 + 43200")} as updated_at
            from numbers
        """

    select = f"""
        select row_number() over (order by part) - 1 as {ORDER}, * exclude (part)
        from (
            {rows("0", "", "main", "link_number", "stated")}
            union all
            {rows("1", "-extra", "extra", "extra_link_number", "-1")} where extra > 0
        )
        order by {ORDER}
    """
    create(connection, "contracts", columns, select)


def _acquisition_costs(connection: duckdb.DuckDBPyConnection, costs: Costs, calendar: Calendar) -> None:
    select = f"""
        select
            {ORDER},
            {date_of("month")} as month,
            {code(c.CHANNELS, "channel")} as channel,
            {money("amount")} as amount,
            {code(c.CURRENCIES, "currency")} as currency
        from numbers
        order by {ORDER}
    """
    columns = {**costs, "month": calendar.month_starts[costs["month"]]}
    create(connection, "acquisition_costs", columns, select)


def contract_id(number: str) -> str:
    """Return the id of a term of the row's account, by its number."""
    return f"printf('K-%06d-%02d', account, {number} + 1)"
