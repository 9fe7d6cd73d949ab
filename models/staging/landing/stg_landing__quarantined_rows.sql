-- one row per batch, broken rule, currency and billing interval
select
    batch_id,
    source as source_system,
    object as object_name,
    column_name,
    reason,
    upper(currency) as currency,
    interval_unit,
    interval_count,
    row_count,
    amount
from {{ source('landing', 'quarantined_rows') }}
