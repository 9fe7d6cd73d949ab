-- one row per contact of Salesforce, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('salesforce', 'contacts'), ['id'], 'coalesce(system_modstamp, last_modified_date)', is_vendor=true
    ) }}
)

select
    id,
    {{ salesforce_id('id') }} as contact_id,
    {{ salesforce_id('account_id') }} as account_id,
    email,
    title,
    created_date as created_at,
    coalesce(system_modstamp, last_modified_date) as updated_at,
    {{ salesforce_id('master_record_id') }} as master_record_id,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
