-- one row per company of Freshdesk and internet domain
{{ config(enabled='freshdesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('freshdesk', 'company_domains'), ['company_id', 'domain'], is_vendor=true) }}
)

select
    company_id as organization_id,
    domain,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
