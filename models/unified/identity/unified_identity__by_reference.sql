-- one row per record that holds the key of a record in an earlier system, or is named by one
{{ config(enabled=has_identity()) }}
with pairs as (
    select pairs.*
    from {{ ref('unified_identity__references') }} as pairs
    left join {{ ref('unified_identity__by_key') }} as by_key
        on pairs.source_system = by_key.source_system and pairs.source_key = by_key.source_key
    where by_key.source_key is null
),

-- The first system of the order decides. If two of its accounts claim the record, it stays alone until a person links
-- it by account_keys.
ranked as (
    select
        *,
        row_number() over (partition by source_system, source_key order by account_rank, account_key) as choice,
        count(*) over (partition by source_system, source_key, account_system) as claims
    from pairs
)

select
    source_system,
    source_key,
    case when claims > 1 then source_system else account_system end as account_system,
    case when claims > 1 then source_key else account_key end as account_key,
    case when claims > 1 then 'keys of several accounts' else evidence end as evidence
from ranked
where choice = 1
