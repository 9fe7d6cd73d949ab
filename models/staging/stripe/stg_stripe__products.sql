-- one row per product
{{ config(enabled='stripe' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('stripe', 'products'), ['id'], is_vendor=true) }}
)

select
    id as product_id,
    name as product_name,
    _batch_id,
    _loaded_at
from latest_versions
