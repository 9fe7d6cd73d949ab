-- one row per subscription item, price kind and stretch of time with the same price, quantity and discount
{{ config(enabled=has_branch('billing_terms')) }}
{%- set key = ['source_system', 'subscription_id', 'item_id', 'price_kind'] %}
{%- set terms = [
    'plan_id', 'currency', 'quantity', 'unit_amount', 'interval_unit', 'interval_count', 'discount_amount',
    'discount_kind',
] %}
with agreed as (
    select * from {{ ref('unified_billing_agreed_terms') }}
),

discounts as (
    select * from {{ ref('unified_billing_item_discounts') }}
),

-- What an invoice says of its discount takes precedence over the discounts of the subscription.
discounted as (
    select
        {{ prefixed('agreed', key) }},
        agreed.plan_id,
        agreed.currency,
        agreed.quantity,
        agreed.unit_amount,
        agreed.interval_unit,
        agreed.interval_count,
        cast(coalesce(agreed.discount_amount, discounts.discount_amount, 0) as decimal(24, 8)) as discount_amount,
        case
            when agreed.discount_amount is null then discounts.discount_kind
            when agreed.discount_amount > 0 then coalesce(agreed.discount_kind, discounts.discount_kind)
        end as discount_kind,
        coalesce(discounts.valid_from, agreed.valid_from) as valid_from,
        case when discounts.valid_from is null then agreed.valid_to else discounts.valid_to end as valid_to,
        agreed.history_source,
        agreed._batch_id,
        agreed._loaded_at
    from agreed
    left join discounts
        on
            {{ equal_keys('agreed', 'discounts', key) }}
            and agreed.valid_from = discounts.agreed_from
),

joined as (
    {{ join_neighbours('discounted', key, terms, across_evidence=false) }}
)

select
    {{ key | join(',\n    ') }},
    {{ terms | join(',\n    ') }},
    valid_from,
    valid_to,
    history_source,
    _batch_id,
    _loaded_at
from joined
