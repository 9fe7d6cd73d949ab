-- one row, where there is a release before
select
    release_id,
    is_same_code,
    has_withdrawals
from {{ ref('stg_previous__release') }}
