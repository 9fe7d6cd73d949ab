-- one row per link between a contact and a company of HubSpot
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('hubspot', 'contact_companies'), ['contact_id', 'company_id', 'type', 'type_id'], none, is_vendor=true
    ) }}
)

select
    contact_id,
    company_id,
    type as link_type,
    type_id as link_type_id,
    coalesce(type = 'contact_to_company', false) or coalesce(type_id = '1', false) as is_primary,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
