-- one row per discount of a subscription
{{ config(enabled='chargebee' in var('connectors')) }}
with discounts as (
    select * from {{ ref('stg_chargebee__subscription_discounts') }}
),

-- A coupon that the list of discounts holds too counts once.
listed as (
    select
        subscription_id,
        discount_id,
        discount_type,
        percent_off,
        amount_off,
        currency,
        duration_type,
        period,
        period_unit,
        case when apply_on = 'specific_item_price' then item_price_id end as item_id,
        created_at,
        apply_till,
        subscription_updated_at,
        _batch_id,
        _loaded_at
    from discounts
    union all
    select
        redeemed.subscription_id,
        redeemed.coupon_id as discount_id,
        coupons.discount_type,
        coupons.percent_off,
        coupons.amount_off,
        coupons.currency,
        coupons.duration_type,
        coalesce(coupons.period, coupons.duration_month) as period,
        coalesce(coupons.period_unit, 'month') as period_unit,
        cast(null as {{ dbt.type_string() }}) as item_id,
        cast(null as timestamp) as created_at,
        redeemed.apply_till,
        redeemed.subscription_updated_at,
        redeemed._batch_id,
        redeemed._loaded_at
    from {{ ref('stg_chargebee__subscription_coupons') }} as redeemed
    inner join {{ ref('stg_chargebee__coupons') }} as coupons on redeemed.coupon_id = coupons.coupon_id
    left join discounts
        on
            redeemed.subscription_id = discounts.subscription_id
            and redeemed.coupon_id = discounts.coupon_id
    where discounts.discount_id is null
),

versions as (
    select
        subscription_id,
        version_at,
        lead(version_at) over (partition by subscription_id order by version_at) as next_version_at
    from {{ ref('stg_chargebee__subscription_versions') }}
),

-- A discount that the next version of the subscription lacks was removed.
dated as (
    select
        listed.*,
        coalesce(listed.currency, subscriptions.currency) as amount_currency,
        {{ major_units(
            'listed.amount_off', 'coalesce(listed.currency, subscriptions.currency)', 'chargebee'
        ) }} as major_amount_off,
        subscriptions.billing_period,
        subscriptions.billing_period_unit,
        versions.next_version_at as removed_at,
        coalesce(
            listed.created_at, subscriptions.started_at, subscriptions.created_at, listed.subscription_updated_at
        ) as valid_from
    from listed
    inner join {{ ref('stg_chargebee__subscriptions') }} as subscriptions
        on listed.subscription_id = subscriptions.subscription_id
    left join versions
        on
            listed.subscription_id = versions.subscription_id
            and listed.subscription_updated_at = versions.version_at
),

planned as (
    select
        *,
        case duration_type
            when 'limited_period'
                then coalesce(apply_till, {{ add_intervals('valid_from', 'period_unit', 'period') }})
            -- The one invoice of a discount is that of its first interval.
            when 'one_time' then {{ add_intervals('valid_from', 'billing_period_unit', 'billing_period') }}
        end as planned_to
    from dated
),

ended as (
    select
        *,
        {{ earliest('removed_at', 'planned_to') }} as valid_to
    from planned
)

select
    discount_id,
    subscription_id,
    item_id,
    case duration_type when 'one_time' then 'once' when 'limited_period' then 'repeating' else 'forever' end
        as discount_kind,
    percent_off,
    case when percent_off is null then major_amount_off end as amount_off,
    case when percent_off is null then amount_currency end as currency,
    cast(case when item_id is not null then 1 else 2 end as {{ dbt.type_bigint() }}) as precedence_rank,
    valid_from,
    valid_to,
    _batch_id,
    _loaded_at
from ended
where
    (percent_off is not null or amount_off is not null)
    and coalesce(discount_type, '') <> 'offer_quantity'
    and valid_from is not null
    and (valid_to is null or valid_from < valid_to)
