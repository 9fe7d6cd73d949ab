-- one row, where there is a release before
select
    release_id,
    is_same_code
from {{ ref('stg_previous__release') }}
