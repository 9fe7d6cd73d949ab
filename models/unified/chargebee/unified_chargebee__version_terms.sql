-- one row per subscription, item, price kind, evidence and start of terms that a version of the subscription states
{{ config(enabled='chargebee' in var('connectors')) }}
with items as (
    select
        stretches.subscription_id,
        stretches.currency,
        stretches.valid_from,
        stretches.valid_to,
        -- What is known only now is a guess about earlier versions.
        case when items.is_dated or stretches.is_latest then stretches.history_source else 'snapshot' end
            as history_source,
        stretches.is_latest and stretches.origin = 'subscriptions' as is_latest,
        items.item_id,
        coalesce(prices.plan_id, items.item_id) as plan_id,
        case when items.item_type = 'charge' then 'one_off' else coalesce(prices.price_kind, 'recurring') end
            as price_kind,
        prices.pricing,
        coalesce(prices.is_in_vendor_mrr, true) as is_in_vendor_mrr,
        coalesce(items.quantity, 1) as quantity,
        items.free_quantity,
        coalesce(
            items.unit_price_in_decimal, {{ major_units('items.unit_price', 'stretches.currency', 'chargebee') }}
        ) as unit_price,
        coalesce(
            items.amount_in_decimal, {{ major_units('items.amount', 'stretches.currency', 'chargebee') }}
        ) as amount,
        -- Unit and number of an interval come from one place.
        case
            when items.interval_unit is not null then items.interval_unit
            when stretches.interval_unit is not null then stretches.interval_unit
            else prices.interval_unit
        end as interval_unit,
        case
            when items.interval_unit is not null then items.interval_count
            when stretches.interval_unit is not null then stretches.interval_count
            else prices.interval_count
        end as interval_count,
        items._batch_id,
        items._loaded_at
    from {{ ref('unified_chargebee__subscription_stretches') }} as stretches
    inner join {{ ref('unified_chargebee__item_versions') }} as items
        on
            stretches.subscription_id = items.subscription_id
            and stretches.origin = items.origin
            and stretches.version_at = items.version_at
    left join {{ ref('unified_chargebee__prices') }} as prices
        on
            items.item_id = prices.price_id
            and items.item_type = prices.item_type
),

-- Without a price list, an item has a flat fee if its amount is the price of one unit.
priced as (
    select
        *,
        case
            when pricing is not null then pricing
            when unit_price is null then 'by_amount'
            when unit_price = amount and quantity <> 1 and free_quantity = 0 then 'flat'
            else 'per_unit'
        end as applied_pricing
    from items
),

counted as (
    select
        *,
        case
            when applied_pricing = 'flat' then 1
            when applied_pricing = 'per_unit' then greatest(quantity - free_quantity, 0)
            when quantity >= 1 and quantity = floor(quantity) then quantity
            else 1
        end as billed_quantity
    from priced
)

select
    subscription_id,
    item_id,
    price_kind,
    plan_id,
    currency,
    cast(billed_quantity as decimal(18, 6)) as quantity,
    cast(
        case
            when applied_pricing in ('flat', 'per_unit') and unit_price is not null then unit_price
            else {{ amount_per_unit('amount', 'billed_quantity') }}
        end as decimal(24, 8)
    ) as unit_amount,
    interval_unit,
    interval_count,
    valid_from,
    valid_to,
    history_source,
    is_latest,
    is_in_vendor_mrr,
    _batch_id,
    _loaded_at
from counted
