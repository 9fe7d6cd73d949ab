-- one row per discount and the item, subscription or customer that it reduces
{{ config(enabled='stripe' in var('connectors')) }}
{%- set columns = [
    'discount_id', 'coupon_id', 'coupon_duration', 'coupon_months', 'percent_off', 'amount_off', 'coupon_currency',
    'coupon_products', 'discount_start', 'discount_end',
] %}
{%- set places = [
    (ref('stg_stripe__item_discounts'), 1, ['item_id', 'subscription_id'], true),
    (ref('stg_stripe__event_item_discounts'), 1, ['item_id', 'subscription_id'], true),
    (ref('stg_stripe__event_discounts'), 2, ['subscription_id'], true),
    (ref('stg_stripe__subscription_discounts'), 2, ['subscription_id'], true),
    ('versions', 2, ['subscription_id'], true),
    (ref('stg_stripe__customers'), 3, ['customer_id'], false),
    (ref('stg_stripe__customer_discounts'), 3, ['customer_id'], false),
] %}
with coupons as (
    select * from {{ ref('stg_stripe__coupons') }}
),

versions as (
    select * from {{ ref('unified_stripe__subscription_versions') }}
),

sightings as (
    {%- for relation, level, target, observed in places %}
    select
        {{ columns | join(', ') }},
        {{ level }} as discount_level,
        {%- for id in ['item_id', 'subscription_id', 'customer_id'] %}
        {{ id if id in target else 'cast(null as string)' }} as {{ id }},
        {%- endfor %}
        {{ 'observed_at' if observed else 'cast(null as timestamp)' }} as observed_at,
        _batch_id,
        _loaded_at
    from {{ relation }}
    where coalesce(discount_id, coupon_id) is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A later version of the subscription without the discount shows that it was removed.
followed as (
    select
        sightings.*,
        coalesce(sightings.discount_id, sightings.coupon_id) as discount_key,
        versions.next_observed_at
    from sightings
    left join versions
        on
            sightings.subscription_id = versions.subscription_id
            and sightings.observed_at = versions.observed_at
),

known as (
    select
        discount_key as discount_id,
        discount_level,
        item_id,
        subscription_id,
        customer_id,
        max(coupon_id) as coupon_id,
        max(coupon_duration) as coupon_duration,
        max(coupon_months) as coupon_months,
        max(percent_off) as percent_off,
        max(amount_off) as amount_off,
        max(coupon_currency) as coupon_currency,
        max(coupon_products) as coupon_products,
        min(discount_start) as starts_at,
        max(discount_end) as ends_at,
        max(case when observed_at is not null then coalesce(next_observed_at, {{ end_of_time() }}) end)
            as missing_since,
        min(observed_at) as first_observed_at,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from followed
    where discount_key is not null
    group by discount_key, discount_level, item_id, subscription_id, customer_id
),

described as (
    select
        known.discount_id,
        known.discount_level,
        known.item_id,
        known.subscription_id,
        known.customer_id,
        coalesce(known.coupon_duration, coupons.coupon_duration) as discount_kind,
        coalesce(known.coupon_months, coupons.coupon_months) as coupon_months,
        coalesce(known.percent_off, coupons.percent_off) as percent_off,
        coalesce(known.amount_off, coupons.amount_off) as amount_off,
        coalesce(known.coupon_currency, coupons.coupon_currency) as currency,
        coalesce(known.coupon_products, coupons.coupon_products) as products,
        coalesce(known.starts_at, known.first_observed_at) as starts_at,
        known.ends_at,
        nullif(known.missing_since, {{ end_of_time() }}) as missing_since,
        known._batch_id,
        known._loaded_at
    from known
    left join coupons on known.coupon_id = coupons.coupon_id
)

select
    discount_id,
    discount_level,
    item_id,
    subscription_id,
    customer_id,
    coalesce(discount_kind, case when ends_at is null then 'forever' else 'repeating' end) as discount_kind,
    cast(percent_off as decimal(9, 6)) as percent_off,
    case when percent_off is null then {{ major_units('amount_off', 'currency', 'stripe') }} end as amount_off,
    currency,
    products,
    starts_at,
    {{ earliest(
        "coalesce(ends_at, case when discount_kind = 'repeating' then "
        ~ dbt.dateadd('month', 'cast(coupon_months as integer)', 'starts_at') ~ ' end)',
        "case when discount_kind <> 'once' then missing_since end"
    ) }} as ends_at,
    _batch_id,
    _loaded_at
from described
where percent_off is not null or amount_off is not null
