-- one row per call
select
    source_system,
    call_id,
    account_id,
    held_at,
    minutes,
    call_kind,
    _batch_id,
    _loaded_at
from {{ ref('unified_call_accounts') }}
where not is_repeated
