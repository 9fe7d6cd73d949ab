-- one row per contact of Freshdesk, in its latest version
{{ config(enabled='freshdesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('freshdesk', 'contacts'), ['id'], 'updated_at', is_vendor=true) }}
)

select
    id as contact_id,
    nullif(trim(email), '') as email,
    nullif(trim(company_id), '') as organization_id,
    _batch_id,
    _loaded_at
from latest_versions
