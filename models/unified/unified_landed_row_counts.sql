-- one row per object and outcome of its rows
with row_counts as (
    select * from {{ ref('stg_landing__row_counts') }}
)

select
    source_system,
    object_name,
    outcome,
    row_count
from row_counts
