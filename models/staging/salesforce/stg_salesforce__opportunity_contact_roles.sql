-- one row per role of a contact in an opportunity, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('salesforce', 'opportunity_contact_roles'), ['id'], 'system_modstamp', is_vendor=true) }}
)

select
    id as role_id,
    {{ salesforce_id('contact_id') }} as contact_id,
    role,
    coalesce(is_primary, false) as is_primary,
    system_modstamp as updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
