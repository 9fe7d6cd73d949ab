-- one row per record that its CRM merged into another record
{{ config(enabled=has_identity()) }}
with recursive records as (
    select * from {{ ref('unified_identity__records') }}
),

links as (
    select
        records.source_system,
        records.source_key,
        winners.source_system as account_system,
        winners.source_key as account_key
    from records
    inner join records as winners
        on records.source_system = winners.source_system and records.merged_into_key = winners.source_key
    left join {{ ref('unified_identity__by_key') }} as by_key
        on records.source_system = by_key.source_system and records.source_key = by_key.source_key
    where by_key.source_key is null
),

-- A record may lose several times in a row. The merges of a circle are refused.
{{ identity_ends('links') }}

select
    source_system,
    source_key,
    account_system,
    account_key,
    'merged into ' || account_key as evidence
from ends
