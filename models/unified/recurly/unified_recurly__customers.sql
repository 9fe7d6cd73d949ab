-- one row per account of Recurly
{{ config(enabled='recurly' in var('connectors')) }}
with accounts as (
    select * from {{ ref('stg_recurly__accounts') }}
)

select
    account_id as source_key,
    nullif(parent_account_id, account_id) as parent_key,
    {{ hash_person('email') }} as email_hash,
    nullif(lower(trim(split_part(email, '@', 2))), '') as email_domain,
    is_deleted,
    _batch_id,
    _loaded_at
from accounts
