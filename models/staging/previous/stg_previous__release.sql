-- one row, if there is a previous release
select
    release_id,
    as_of,
    coalesce(code_version = code_version_now, false) as is_same_code,
    coalesce(batches_were_withdrawn, false) as has_withdrawals
from {{ source('previous', 'release') }}
