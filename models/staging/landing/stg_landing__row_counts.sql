-- one row per object and outcome of its rows
select
    source as source_system,
    object as object_name,
    outcome,
    row_count
from {{ source('landing', 'row_counts') }}
