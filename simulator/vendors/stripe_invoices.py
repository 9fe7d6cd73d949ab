"""What the simulated company bills, as invoices of Stripe with their lines, charges and refunds."""

from __future__ import annotations

import duckdb

from simulator.expressions import ORDER
from simulator.money_tables import BILLED_ITEMS
from simulator.vendors.ids import epoch


def make_invoices(connection: duckdb.DuckDBPyConnection) -> None:
    """One row per invoice, with its line, and with its charge and refund if money went back.

    A partial amount, such as that after a payment that failed, is a proration.
    """
    cents = "(amount * 100)::bigint"
    line = f"""{{
        'id': 'il_' || replace(invoice_id, '-', ''),
        'object': 'line_item',
        'type': case price_kind when 'one_off' then 'invoiceitem' else 'subscription' end,
        'amount': (coalesce(full_amount, amount) * 100)::bigint,
        'currency': lower(currency),
        'quantity': quantity::bigint,
        'proration': full_amount is null,
        'subscription': subscription,
        'subscription_item': case when price_kind <> 'one_off' then item end,
        'price': price,
        'discount_amounts': case when discount_amount is null then [] else [{{
            'amount': (discount_amount * 100)::bigint,
            'discount': 'di_' || substr(md5(item || period_start), 1, 20)
        }}] end,
        'period': {{
            'start': {epoch("issued_at")},
            'end': {epoch(_next_bill("issued_at"))}
        }},
        'livemode': true
    }}"""
    connection.execute(
        f"""
        create or replace table stripe_invoices as
        with billed as (
            select
                invoices.*,
                'in_' || replace(invoice_id, '-', '') as id,
                customers.customer,
                items.subscription, items.item, items.price, items.price_kind, items.quantity,
                items."interval", items.interval_count, items.discount_amount, items.period_start,
                case
                    when
                        amount = items.quantity * items.unit_amount - coalesce(items.discount_amount, 0)
                        -- A discount that ends within the bill covers a part of it.
                        and (
                            items.discount_amount is null
                            or coalesce(items.ended_at >= {_next_bill("issued_at")}, true)
                        )
                        then items.quantity * items.unit_amount
                end as full_amount
            from invoices
            inner join stripe_customers as customers using (account_id)
            inner join {BILLED_ITEMS} using ({ORDER})
            left join stripe_items as items
                on
                    {BILLED_ITEMS}.item_id = items.item_id
                    and items.period_start <= invoices.issued_at
                    and coalesce(invoices.issued_at < items.ended_at, true)
        )

        select
            {ORDER} as place,
            {{
                'id': id,
                'object': 'invoice',
                'customer': customer,
                'subscription': subscription,
                'currency': lower(currency),
                'status': status,
                'created': {epoch("issued_at")},
                'due_date': {epoch("due_at")},
                'total': {cents},
                'livemode': true,
                'status_transitions': {{
                    'finalized_at': {epoch("issued_at")}, 'paid_at': {epoch("paid_at")}
                }},
                'lines': {{'object': 'list', 'has_more': false, 'data': [{line}]}}
            }} as record,
            case when amount_refunded > 0 then {{
                'id': 'ch_' || id, 'object': 'charge', 'invoice': id, 'customer': customer, 'livemode': true,
                'currency': lower(currency), 'created': {epoch("paid_at")}
            }} end as charge,
            case when amount_refunded > 0 then {{
                'id': 're_' || id, 'object': 'refund', 'charge': 'ch_' || id, 'status': 'succeeded',
                'amount': (amount_refunded * 100)::bigint, 'currency': lower(currency),
                'created': {epoch("refunded_at")}
            }} end as refund
        from billed
        """
    )


def _next_bill(moment: str) -> str:
    """Return SQL of the instant of the next bill of an item."""
    cases = " ".join(
        f"when '{unit}' then {moment} + to_{unit}s(interval_count::integer)"
        for unit in ("month", "year", "week")
    )
    return f'case "interval" {cases} end'
