-- one row per customer, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with customers as (
    {{ latest_version(source('chargebee', 'customers'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as customer_id,
    email,
    relationship_parent_id as parent_id,
    relationship_payment_owner_id as payment_owner_id,
    meta_data,
    custom_fields,
    created_at,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from customers
