-- one row per subscription, item, price kind, evidence and start of terms
{{ config(enabled='chargebee' in var('connectors')) }}
with discounts as (
    select
        subscription_id,
        case when min(discount_kind) = max(discount_kind) then min(discount_kind) end as discount_kind
    from {{ ref('unified_chargebee__billing_discounts') }}
    group by subscription_id
),

terms as (
    -- The amount of usage is known only from invoices.
    select
        subscription_id,
        item_id,
        price_kind,
        plan_id,
        currency,
        quantity,
        unit_amount,
        interval_unit,
        interval_count,
        cast(null as decimal(24, 8)) as discount_amount,
        valid_from,
        valid_to,
        history_source,
        _batch_id,
        _loaded_at
    from {{ ref('unified_chargebee__version_terms') }}
    where price_kind <> 'usage'
    union all
    select
        subscription_id,
        item_id,
        price_kind,
        plan_id,
        currency,
        quantity,
        unit_amount,
        interval_unit,
        interval_count,
        discount_amount,
        valid_from,
        valid_to,
        'invoice_lines' as history_source,
        _batch_id,
        _loaded_at
    from {{ ref('unified_chargebee__line_terms') }}
)

select
    terms.subscription_id,
    terms.item_id,
    terms.price_kind,
    terms.plan_id,
    terms.currency,
    terms.quantity,
    terms.unit_amount,
    -- A one-off charge has no interval.
    coalesce(terms.interval_unit, 'month') as interval_unit,
    coalesce(terms.interval_count, 1) as interval_count,
    terms.discount_amount,
    case when terms.discount_amount > 0 then discounts.discount_kind end as discount_kind,
    terms.valid_from,
    terms.valid_to,
    terms.history_source,
    terms._batch_id,
    terms._loaded_at
from terms
left join discounts on terms.subscription_id = discounts.subscription_id
where
    terms.price_kind = 'one_off'
    or terms.interval_unit in ('day', 'week', 'month', 'year')
