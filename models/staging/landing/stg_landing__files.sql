-- one row per content of a file that was accepted or refused
select
    batch_id,
    source as source_system,
    object as object_name,
    status,
    refusal,
    rows_in,
    rows_loaded,
    rows_quarantined,
    rows_refused,
    is_mended,
    loaded_at
from {{ source('landing', 'files') }}
