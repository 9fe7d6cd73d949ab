-- one row per line of an invoice
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'invoice_line_items'), ['id'], is_vendor=true) }}
)

select
    id as line_id,
    invoice as invoice_id,
    coalesce(
        invoice_item,
        parent_subscription_item_details_invoice_item,
        parent_invoice_item_details_invoice_item
    ) as invoice_item_id,
    coalesce(
        {{ reference_id('subscription') }},
        parent_subscription_item_details_subscription,
        parent_invoice_item_details_subscription
    ) as subscription_id,
    coalesce(subscription_item, parent_subscription_item_details_subscription_item) as item_id,
    coalesce(
        proration,
        parent_subscription_item_details_proration,
        parent_invoice_item_details_proration,
        false
    ) as is_proration,
    upper(currency) as currency,
    amount,
    coalesce(quantity_decimal, quantity) as quantity,
    period_start as starts_at,
    period_end as ends_at,
    {{ json_list_sum('discount_amounts', 'amount') }} as discount_amount,
    {{ json_list_first('discount_amounts', 'discount') }} as discount_id,
    coalesce(price_id, pricing_price_details_price, plan_id) as price_id,
    coalesce(
        {{ reference_id('price_product') }},
        pricing_price_details_product,
        {{ reference_id('plan_product') }}
    ) as product_id,
    coalesce(price_nickname, plan_nickname) as price_name,
    upper(coalesce(price_currency, plan_currency)) as price_currency,
    case when price_type is null and plan_interval is not null then 'recurring' else price_type end as price_type,
    coalesce(price_billing_scheme, plan_billing_scheme) as billing_scheme,
    coalesce(price_recurring_interval, plan_interval) as interval_unit,
    coalesce(price_recurring_interval_count, plan_interval_count) as interval_count,
    coalesce(price_recurring_usage_type, plan_usage_type) as usage_type,
    coalesce(price_transform_quantity_divide_by, plan_transform_usage_divide_by) as package_size,
    coalesce(price_transform_quantity_round, plan_transform_usage_round) as package_rounding,
    coalesce(
        price_unit_amount_decimal,
        price_unit_amount,
        plan_amount_decimal,
        plan_amount,
        pricing_unit_amount_decimal
    ) as unit_amount,
    coalesce(not livemode, false) as is_test,
    _batch_id,
    _loaded_at
from latest_versions
where substring(id, 1, 4) <> 'sub_'
