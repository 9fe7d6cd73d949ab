-- one row per contact of HubSpot, in its latest version
{{ config(enabled='hubspot' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('hubspot', 'contacts'), ['id'], 'lastmodifieddate', is_vendor=true) }}
)

select
    id as contact_id,
    nullif(trim(email), '') as email,
    nullif(trim(jobtitle), '') as job_title,
    nullif(trim(hs_buying_role), '') as buying_role,
    -- Of several companies, the text does not say which is the primary one.
    case when associatedcompanyid not like '%;%' then nullif(trim(associatedcompanyid), '') end as company_id,
    createdate as created_at,
    lastmodifieddate as updated_at,
    nullif(trim(hs_merged_object_ids), '') as merged_contact_ids,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
