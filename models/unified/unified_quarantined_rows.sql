-- one row per object, broken rule, currency and billing interval
with quarantined as (
    select * from {{ ref('stg_landing__quarantined_rows') }}
)

select
    source_system,
    object_name,
    column_name,
    reason,
    currency,
    interval_unit,
    interval_count,
    cast(sum(row_count) as bigint) as row_count,
    cast(sum(amount) as decimal(38, 14)) as amount
from quarantined
group by source_system, object_name, column_name, reason, currency, interval_unit, interval_count
