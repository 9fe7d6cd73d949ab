-- one row per invoice line, in its latest version
{{ config(enabled='recurly' in var('connectors')) }}
with line_items as (
    {{ latest_version(source('recurly', 'line_items'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as line_id,
    invoice_id,
    subscription_id,
    lower(type) as type,
    lower(origin) as origin,
    plan_id,
    plan_code,
    add_on_code,
    start_date as service_from,
    end_date as service_to,
    quantity,
    quantity_decimal,
    unit_amount,
    amount,
    discount,
    proration_rate,
    refund,
    original_line_item_invoice_id,
    created_at,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from line_items
