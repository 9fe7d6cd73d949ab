-- one row per link between a deal and a line item of HubSpot
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'deal_line_items'), ['deal_id', 'line_item_id'], none, is_vendor=true) }}
)

select
    deal_id,
    line_item_id,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
