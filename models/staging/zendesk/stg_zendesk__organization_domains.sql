-- one row per organization of Zendesk and internet domain
{{ config(enabled='zendesk' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('zendesk', 'organization_domains'), ['organization_id', 'domain_name'], is_vendor=true
    ) }}
)

select
    organization_id,
    domain_name as domain,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
