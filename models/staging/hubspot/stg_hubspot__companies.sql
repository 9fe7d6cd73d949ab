-- one row per company of HubSpot, in its latest version
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'companies'), ['id'], 'hs_lastmodifieddate', is_vendor=true) }}
)

select
    id as company_id,
    nullif(trim(name), '') as company_name,
    nullif(trim(domain), '') as domain,
    nullif(trim(country), '') as country,
    lower(nullif(trim(industry), '')) as industry,
    nullif(trim(segment), '') as segment,
    coalesce(is_internal, false) as is_internal,
    nullif(trim(hubspot_owner_id), '') as owner_id,
    nullif(trim(company_owner), '') as owner_name,
    nullif(trim(hs_parent_company_id), '') as parent_company_id,
    nullif(trim(hs_analytics_source), '') as analytics_source,
    createdate as created_at,
    hs_lastmodifieddate as updated_at,
    nullif(trim(hs_merged_object_ids), '') as merged_company_ids,
    coalesce(_is_deleted, false) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from latest_versions
