-- one row per object, kind, broken rule, currency and billing interval
with set_aside as (
    select * from {{ ref('stg_landing__rows_set_aside') }}
)

select
    source_system,
    object_name,
    kind,
    column_name,
    reason,
    currency,
    interval_unit,
    interval_count,
    cast(sum(row_count) as bigint) as row_count,
    cast(sum(amount) as decimal(38, 14)) as amount
from set_aside
group by source_system, object_name, kind, column_name, reason, currency, interval_unit, interval_count
