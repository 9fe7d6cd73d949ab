-- one row per restated figure in the log of the previous release
select
    month,
    measure,
    dimension,
    dimension_value,
    value_before,
    value_now,
    cause,
    first_seen_in_release
from {{ source('previous', 'restatements') }}
