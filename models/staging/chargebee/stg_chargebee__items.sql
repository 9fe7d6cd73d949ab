-- one row per item, in its latest version
{{ config(enabled='chargebee' in var('connectors')) }}
with items as (
    {{ latest_version(source('chargebee', 'items'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as item_id,
    name,
    external_name,
    lower(type) as item_type,
    item_family_id,
    metered,
    included_in_mrr,
    updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from items
