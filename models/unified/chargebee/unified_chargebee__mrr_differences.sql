-- one row per subscription whose MRR in Chargebee no discount explains
{{ config(enabled='chargebee' in var('connectors')) }}
with subscriptions as (
    select
        listed.*,
        {{ major_units('listed.mrr', 'listed.currency', 'chargebee') }} as vendor_mrr
    from {{ ref('stg_chargebee__subscriptions') }} as listed
    where listed.mrr is not null and listed.status in ('active', 'non_renewing') and not listed.is_deleted
),

latest_terms as (
    select
        *,
        max(valid_from) over (partition by subscription_id) as last_valid_from
    from {{ ref('unified_chargebee__version_terms') }}
    where is_latest
),

terms as (
    select
        subscription_id,
        sum({{ monthly_amount('quantity * unit_amount', 'interval_unit', 'interval_count') }}) as mrr,
        count(*) as items
    from latest_terms
    where
        valid_from = last_valid_from
        and price_kind = 'recurring'
        and is_in_vendor_mrr
        and interval_unit in ('day', 'week', 'month', 'year')
    group by subscription_id
),

-- Chargebee's MRR leaves out some discounts. So it lies between the list price and the price after every discount.
discounts as (
    select
        discounts.subscription_id,
        sum(coalesce(discounts.percent_off, 0)) as percent_off,
        sum(coalesce({{ monthly_amount(
            'discounts.amount_off', 'subscriptions.billing_period_unit', 'subscriptions.billing_period'
        ) }}, 0)) as amount_off
    from {{ ref('unified_chargebee__billing_discounts') }} as discounts
    inner join subscriptions on discounts.subscription_id = subscriptions.subscription_id
    where discounts.valid_to is null or discounts.valid_to > subscriptions.updated_at
    group by discounts.subscription_id
)

select
    subscriptions.subscription_id,
    cast(subscriptions.vendor_mrr as decimal(18, 4)) as vendor_mrr,
    cast(coalesce(terms.mrr, 0) as decimal(18, 4)) as mrr,
    subscriptions._batch_id,
    subscriptions._loaded_at
from subscriptions
left join terms on subscriptions.subscription_id = terms.subscription_id
left join discounts on subscriptions.subscription_id = discounts.subscription_id
where
    -- Chargebee rounds each item to the smallest unit of the currency, two cents or more apart is no rounding.
    subscriptions.vendor_mrr > coalesce(terms.mrr, 0) + 0.02 * coalesce(terms.items, 0)
    or subscriptions.vendor_mrr
    < coalesce(terms.mrr, 0) * (1 - coalesce(discounts.percent_off, 0) / 100) - coalesce(discounts.amount_off, 0)
    - 0.02 * coalesce(terms.items, 0)
