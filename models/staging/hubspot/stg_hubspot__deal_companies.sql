-- one row per link between a deal and a company of HubSpot
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('hubspot', 'deal_companies'), ['deal_id', 'company_id', 'type', 'type_id'], none, is_vendor=true
    ) }}
)

select
    deal_id,
    company_id,
    type as link_type,
    type_id as link_type_id,
    coalesce(type = 'deal_to_company', false) or coalesce(type_id = '5', false) as is_primary,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
