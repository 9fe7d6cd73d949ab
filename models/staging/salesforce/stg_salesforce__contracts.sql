-- one row per contract of Salesforce, in its latest version
{{ config(enabled='salesforce' in var('connectors')) }}
with latest_versions as (
    {{ latest_version(source('salesforce', 'contracts'), ['id'], 'system_modstamp', is_vendor=true) }}
)

select
    id,
    {{ salesforce_id('id') }} as contract_id,
    {{ salesforce_id('account_id') }} as account_id,
    start_date as starts_on,
    end_date as last_day,
    contract_term as term_months,
    lower(replace(replace(coalesce(status_code, status), ' ', ''), '_', '')) as status,
    upper(currency_iso_code) as currency,
    coalesce(auto_renew_c, false) as auto_renew,
    system_modstamp as updated_at,
    coalesce(_is_deleted, false) as is_deleted,
    _batch_id,
    _loaded_at
from latest_versions
