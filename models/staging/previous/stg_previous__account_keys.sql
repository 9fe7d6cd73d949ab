-- one row per key of an account in the previous release
select
    account_id,
    {{ expand_list('source_keys') }} as system_key
from {{ source('previous', 'accounts') }}
where source_keys is not null
