-- one row per record of Salesforce that counts nowhere, or only in part
{{ config(enabled='salesforce' in var('connectors')) }}
with contracts as (
    select * from {{ ref('unified_salesforce__contract_terms') }}
),

amounts as (
    select * from {{ ref('unified_salesforce__contracts') }}
),

contacts as (
    select * from {{ ref('unified_salesforce__contacts') }}
)

select
    'contacts' as object_name,
    contact_id as record_key,
    'no_account' as reason,
    _batch_id,
    _loaded_at
from contacts
where account_key is null and not is_deleted
union all
select
    'contracts' as object_name,
    contract_id as record_key,
    exception_reason as reason,
    _batch_id,
    _loaded_at
from contracts
where exception_reason is not null
union all
select
    'contracts' as object_name,
    contract_id as record_key,
    'amount_unknown' as reason,
    _batch_id,
    _loaded_at
from amounts
where amount is null
