-- one row per key of another system that a person linked to an account
{{ config(enabled=has_identity()) }}
with links as (
    select * from {{ ref('stg_generic__account_keys') }}
),

accounts as (
    select * from {{ ref('stg_generic__accounts') }}
),

names as (
    select * from {{ ref('unified_identity__names') }}
),

-- Reports shorten the ids of Salesforce. The link then holds for the id with 18 characters, too.
keys as (
    select
        source_system,
        source_key,
        account_id,
        'account_keys' as evidence,
        _batch_id,
        _loaded_at,
        0 as preference
    from links
    union all
    select
        source_system,
        {{ salesforce_id('source_key') }} as source_key,
        account_id,
        'account_keys: ' || source_key as evidence,
        null as _batch_id,
        null as _loaded_at,
        1 as preference
    from links
    where source_system = 'salesforce' and length(source_key) = 15
),

ranked as (
    select
        *,
        row_number() over (partition by source_system, source_key order by preference) as choice
    from keys
)

select
    ranked.source_system,
    ranked.source_key,
    coalesce(names.source_system, 'generic') as account_system,
    coalesce(names.source_key, ranked.account_id) as account_key,
    ranked.evidence,
    ranked._batch_id,
    ranked._loaded_at
from ranked
left join accounts on ranked.source_system = 'generic' and ranked.source_key = accounts.account_id
left join names on ranked.account_id = names.account_id
-- An account id always maps to itself, and a link cannot remap it.
where ranked.choice = 1 and accounts.account_id is null
