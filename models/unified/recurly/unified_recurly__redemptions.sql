-- one row per coupon redemption
{{ config(enabled='recurly' in var('connectors')) }}
with redemptions as (
    select * from {{ ref('stg_recurly__coupon_redemptions') }}
),

coupons as (
    select * from {{ ref('stg_recurly__coupons') }}
)

-- The list of coupons takes precedence over the coupon that a redemption holds.
select
    redemptions.redemption_id,
    redemptions.account_id,
    redemptions.subscription_id,
    redemptions.coupon_id,
    coalesce(coupons.duration, redemptions.coupon_duration) as duration,
    coalesce(coupons.temporal_unit, redemptions.coupon_temporal_unit) as temporal_unit,
    coalesce(coupons.temporal_amount, redemptions.coupon_temporal_amount) as temporal_amount,
    coalesce(coupons.discount_type, redemptions.coupon_discount_type) as discount_type,
    coalesce(coupons.percent_off, redemptions.coupon_percent_off) as percent_off,
    coalesce(coupons.applies_to_all_plans, true) as applies_to_all_plans,
    redemptions.created_at,
    -- A coupon that is no longer active was removed at the latest with the update that says so.
    coalesce(redemptions.removed_at, case when redemptions.state = 'inactive' then redemptions.updated_at end)
        as removed_at,
    redemptions._batch_id,
    redemptions._loaded_at
from redemptions
left join coupons on redemptions.coupon_id = coupons.coupon_id
