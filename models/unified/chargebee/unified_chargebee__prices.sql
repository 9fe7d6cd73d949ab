-- one row per price, plan or addon, and type of its item
{{ config(enabled='chargebee' in var('connectors')) }}
with delivered as (
    select
        item_prices.item_price_id as price_id,
        coalesce(items.item_type, item_prices.item_type, 'plan') as item_type,
        coalesce(item_prices.item_id, item_prices.item_price_id) as plan_id,
        item_prices.pricing_model,
        case
            when coalesce(items.item_type, item_prices.item_type) = 'charge' then 'one_off'
            when items.metered then 'usage'
            else 'recurring'
        end as price_kind,
        coalesce(items.included_in_mrr, true) as is_in_vendor_mrr,
        item_prices.currency,
        item_prices.price,
        item_prices.price_in_decimal,
        coalesce(item_prices.free_quantity_in_decimal, item_prices.free_quantity, 0) as free_quantity,
        item_prices.period_unit as interval_unit,
        item_prices.period as interval_count,
        2 as catalog
    from {{ ref('stg_chargebee__item_prices') }} as item_prices
    left join {{ ref('stg_chargebee__items') }} as items on item_prices.item_id = items.item_id
    union all
    select
        plan_id as price_id,
        'plan' as item_type,
        plan_id,
        pricing_model,
        'recurring' as price_kind,
        true as is_in_vendor_mrr,
        currency,
        price,
        price_in_decimal,
        coalesce(free_quantity, 0) as free_quantity,
        period_unit as interval_unit,
        period as interval_count,
        1 as catalog
    from {{ ref('stg_chargebee__plans') }}
    union all
    select
        addon_id as price_id,
        'addon' as item_type,
        addon_id as plan_id,
        pricing_model,
        case when charge_type = 'non_recurring' then 'one_off' else 'recurring' end as price_kind,
        coalesce(included_in_mrr, true) as is_in_vendor_mrr,
        currency,
        price,
        price_in_decimal,
        0 as free_quantity,
        period_unit as interval_unit,
        period as interval_count,
        1 as catalog
    from {{ ref('stg_chargebee__addons') }}
),

-- A site that moved to product catalog 2 may deliver both under one id.
ranked as (
    select
        *,
        row_number() over (partition by price_id, item_type order by catalog desc) as price_rank
    from delivered
)

select
    price_id,
    item_type,
    plan_id,
    case
        when pricing_model = 'flat_fee' then 'flat'
        when pricing_model in ('tiered', 'volume', 'stairstep', 'package') then 'by_amount'
        when pricing_model is not null then 'per_unit'
    end as pricing,
    price_kind,
    is_in_vendor_mrr,
    currency,
    cast(
        coalesce(price_in_decimal, {{ major_units('price', 'currency', 'chargebee') }}) as decimal(24, 8)
    ) as price,
    cast(free_quantity as decimal(18, 6)) as free_quantity,
    interval_unit,
    interval_count
from ranked
where price_rank = 1
