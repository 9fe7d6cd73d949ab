-- one row per subscription item and time at which it was observed
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('stripe', 'subscription_items'), ['id', 'coalesce(_version_from, _extracted_at, _loaded_at)'],
        is_vendor=true
    ) }}
)

select
    id as item_id,
    subscription as subscription_id,
    created as created_at,
    quantity,
    current_period_start,
    current_period_end,
    coalesce(price_id, plan_id) as price_id,
    coalesce({{ reference_id('price_product') }}, {{ reference_id('plan_product') }}) as product_id,
    coalesce(price_nickname, plan_nickname) as price_name,
    upper(coalesce(price_currency, plan_currency)) as price_currency,
    case when price_type is null and plan_interval is not null then 'recurring' else price_type end as price_type,
    coalesce(price_billing_scheme, plan_billing_scheme) as billing_scheme,
    coalesce(price_unit_amount_decimal, price_unit_amount, plan_amount_decimal, plan_amount) as unit_amount,
    coalesce(price_recurring_interval, plan_interval) as interval_unit,
    coalesce(price_recurring_interval_count, plan_interval_count) as interval_count,
    coalesce(price_recurring_usage_type, plan_usage_type) as usage_type,
    coalesce(price_transform_quantity_divide_by, plan_transform_usage_divide_by) as package_size,
    coalesce(price_transform_quantity_round, plan_transform_usage_round) as package_rounding,
    coalesce(_is_deleted, false) as is_deleted,
    coalesce(_version_from, coalesce(_extracted_at, _loaded_at)) as observed_at,
    _version_from as changed_at,
    _batch_id,
    _loaded_at
from latest_versions
