-- one row per account of Salesforce, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(
        source('salesforce', 'accounts'), ['id'], 'coalesce(system_modstamp, last_modified_date)', is_vendor=true
    ) }}
)

select
    id,
    {{ salesforce_id('id') }} as account_id,
    name as account_name,
    website,
    {{ salesforce_id('parent_id') }} as parent_id,
    industry,
    coalesce(billing_country_code, billing_country) as country,
    segment_c as segment,
    account_source,
    {{ salesforce_id('owner_id') }} as owner_id,
    coalesce(is_internal_c, false) as is_internal,
    created_date as created_at,
    coalesce(system_modstamp, last_modified_date) as updated_at,
    {{ salesforce_id('master_record_id') }} as master_record_id,
    coalesce(is_person_account, false) as is_person_account,
    {{ salesforce_id('person_contact_id') }} as person_contact_id,
    person_email,
    coalesce(_is_deleted, false) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from latest_versions
