-- one row per record of Pipedrive that counts nowhere, or only in part
{{ config(enabled='pipedrive' in var('connectors')) }}
with contacts as (
    select * from {{ ref('unified_pipedrive__contacts') }}
)

select
    'persons' as object_name,
    contact_id as record_key,
    'no_account' as reason,
    _batch_id,
    _loaded_at
from contacts
where account_key is null and not is_deleted
