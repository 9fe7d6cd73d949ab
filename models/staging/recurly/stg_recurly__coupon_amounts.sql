-- one row per coupon and currency, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with coupon_amounts as (
    {{ latest_version(source('recurly', 'coupon_amounts'), ['coupon_id', 'currency'], none, is_vendor=true) }}
)

select
    coupon_id,
    upper(currency) as currency,
    amount as amount_off,
    _batch_id,
    _loaded_at
from coupon_amounts
