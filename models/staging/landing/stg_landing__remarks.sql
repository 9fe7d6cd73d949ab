-- one row per batch and remark
select
    batch_id,
    source as source_system,
    object as object_name,
    kind,
    remark,
    row_count
from {{ source('landing', 'remarks') }}
