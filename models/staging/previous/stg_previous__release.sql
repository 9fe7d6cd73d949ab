-- one row, where there is a release before
select
    release_id,
    coalesce(code_version = code_version_now, false) as is_same_code
from {{ source('previous', 'release') }}
