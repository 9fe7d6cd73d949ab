-- one row per opportunity of Salesforce, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('salesforce', 'opportunities'), ['id'], 'system_modstamp', is_vendor=true) }}
)

select
    id as opportunity_id,
    {{ salesforce_id('contract_id') }} as contract_id,
    amount,
    upper(currency_iso_code) as currency,
    coalesce(is_won, false) as is_won,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
