-- one row per invoice line, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with invoice_line_items as (
    {{ latest_version(
        source('chargebee', 'invoice_line_items'),
        ['invoice_id', 'id'],
        'invoice_updated_at',
        is_vendor=true
    ) }}
)

select
    id as line_id,
    invoice_id,
    invoice_updated_at,
    subscription_id,
    date_from as service_from,
    date_to as service_to,
    unit_amount,
    unit_amount_in_decimal,
    quantity,
    quantity_in_decimal,
    amount,
    amount_in_decimal,
    discount_amount,
    lower(pricing_model) as pricing_model,
    lower(entity_type) as entity_type,
    entity_id,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from invoice_line_items
