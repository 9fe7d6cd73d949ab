-- one row per discount, subscription, and item where the discount reduces only some
{{ config(enabled='stripe' in var('connectors')) }}
with discounts as (
    select * from {{ ref('unified_stripe__discounts') }}
),

subscriptions as (
    select * from {{ ref('unified_stripe__subscriptions') }}
),

items as (
    select
        items.subscription_id,
        items.item_id,
        prices.product_id
    from {{ ref('unified_stripe__item_versions') }} as items
    inner join {{ ref('unified_stripe__prices') }} as prices on items.price_id = prices.price_id
    group by items.subscription_id, items.item_id, prices.product_id
),

-- The discount of a customer reaches every subscription of the customer.
targets as (
    select
        discounts.*,
        subscriptions.subscription_id as target_id,
        subscriptions.starts_at as subscription_starts_at,
        subscriptions.created_at as subscription_created_at
    from discounts
    inner join subscriptions on discounts.subscription_id = subscriptions.subscription_id
    union all
    select
        discounts.*,
        subscriptions.subscription_id as target_id,
        subscriptions.starts_at as subscription_starts_at,
        subscriptions.created_at as subscription_created_at
    from discounts
    inner join subscriptions
        on
            discounts.customer_id = subscriptions.customer_id
            and discounts.subscription_id is null
),

-- A coupon for certain products reduces the items of these.
reduced as (
    select
        targets.*,
        coalesce(targets.item_id, items.item_id) as target_item_id
    from targets
    left join items
        on
            targets.target_id = items.subscription_id
            and targets.item_id is null
            and targets.products is not null
            and targets.products like '%"' || items.product_id || '"%'
    where targets.products is null or targets.item_id is not null or items.item_id is not null
)

select
    discount_id,
    target_id as subscription_id,
    target_item_id as item_id,
    discount_kind,
    percent_off,
    amount_off,
    min(currency) as currency,
    cast(discount_level as bigint) as precedence_rank,
    -- A discount that came with the subscription holds from its start, which may be backdated.
    min(
        case
            when starts_at > {{ dbt.dateadd('minute', 1, 'subscription_created_at') }} then starts_at
            else subscription_starts_at
        end
    ) as valid_from,
    max(ends_at) as valid_to,
    max(_batch_id) as _batch_id,
    max(_loaded_at) as _loaded_at
from reduced
group by discount_id, target_id, target_item_id, discount_kind, percent_off, amount_off, discount_level
