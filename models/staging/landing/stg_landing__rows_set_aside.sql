-- one row per batch, kind, broken rule, currency and billing interval
select
    batch_id,
    source as source_system,
    object as object_name,
    kind,
    column_name,
    reason,
    upper(currency) as currency,
    interval_unit,
    interval_count,
    row_count,
    amount
from {{ source('landing', 'rows_set_aside') }}
