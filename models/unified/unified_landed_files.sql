-- one row per content of a file that was accepted or refused
with files as (
    select * from {{ ref('stg_landing__files') }}
)

select
    batch_id,
    source_system,
    object_name,
    status,
    refusal,
    rows_in,
    rows_loaded,
    rows_quarantined,
    rows_refused,
    is_mended,
    loaded_at
from files
