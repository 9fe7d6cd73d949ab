-- one row per account in a report of Salesforce, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('salesforce', 'accounts_report'), ['account_id'], 'last_modified_date', is_vendor=true) }}
)

select
    account_id as short_id,
    {{ salesforce_id('account_id') }} as account_id,
    account_name,
    website,
    {{ salesforce_id('parent_account_id') }} as parent_id,
    industry,
    billing_country as country,
    segment,
    account_source,
    account_owner as owner_name,
    cast(created_date as timestamp) as created_at,
    cast(last_modified_date as timestamp) as updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _extra,
    _batch_id,
    _loaded_at
from latest_versions
