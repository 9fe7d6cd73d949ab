-- one row per subscription item, kind of evidence and stretch of time with the same price and quantity
{{ config(enabled='stripe' in var('connectors')) }}
with observed as (
    select
        *,
        lead(changed_at) over (partition by item_id order by changed_at) as next_changed_at
    from {{ ref('unified_stripe__observed_terms') }}
),

lines as (
    select * from {{ ref('unified_stripe__line_terms') }}
),

subscriptions as (
    select * from {{ ref('unified_stripe__subscriptions') }}
),

prices as (
    select * from {{ ref('unified_stripe__prices') }}
),

-- The latest invoice tells the amount of a price that no list has: of tiers, or in another currency.
billed as (
    select
        item_id,
        price_id,
        {{ last_by('unit_amount', 'valid_from') }} as unit_amount,
        {{ last_by('currency', 'valid_from') }} as currency
    from lines
    group by item_id, price_id
),

stretches as (
    select
        subscription_id,
        item_id,
        price_id,
        quantity,
        changed_at as valid_from,
        next_changed_at as valid_to,
        history_source,
        _batch_id,
        _loaded_at
    from observed
    where price_id is not null
    union all
    -- What came before the first version is only inferred from it.
    select
        subscription_id,
        item_id,
        price_id,
        quantity,
        starts_at as valid_from,
        changed_at as valid_to,
        'snapshot' as history_source,
        _batch_id,
        _loaded_at
    from observed
    where is_first and price_id is not null
),

observed_terms as (
    select
        stretches.subscription_id,
        stretches.item_id,
        stretches.price_id,
        coalesce(subscriptions.currency, billed.currency, prices.price_currency) as currency,
        stretches.quantity,
        case
            when prices.price_currency <> coalesce(subscriptions.currency, billed.currency) then billed.unit_amount
            else coalesce(prices.unit_amount, billed.unit_amount)
        end as unit_amount,
        cast(null as decimal(24, 8)) as discount_amount,
        cast(null as string) as discount_id,
        stretches.valid_from,
        stretches.valid_to,
        stretches.history_source,
        stretches._batch_id,
        stretches._loaded_at
    from stretches
    inner join subscriptions on stretches.subscription_id = subscriptions.subscription_id
    left join prices on stretches.price_id = prices.price_id
    left join billed
        on
            stretches.item_id = billed.item_id
            and stretches.price_id = billed.price_id
    where coalesce(stretches.valid_to > stretches.valid_from, true)
),

all_terms as (
    select * from observed_terms
    union all
    select
        subscription_id,
        item_id,
        price_id,
        currency,
        quantity,
        unit_amount,
        discount_amount,
        discount_id,
        valid_from,
        valid_to,
        history_source,
        _batch_id,
        _loaded_at
    from lines
)

select
    all_terms.subscription_id,
    all_terms.item_id,
    prices.plan_id,
    all_terms.currency,
    {{ billed_units('all_terms.quantity', 'prices.package_size', 'prices.package_rounding') }} as quantity,
    all_terms.unit_amount,
    prices.interval_unit,
    prices.interval_count,
    all_terms.discount_amount,
    all_terms.discount_id,
    all_terms.valid_from,
    all_terms.valid_to,
    all_terms.history_source,
    all_terms._batch_id,
    all_terms._loaded_at
from all_terms
inner join prices on all_terms.price_id = prices.price_id
where prices.interval_unit is not null and not prices.is_usage and all_terms.currency is not null
