-- one row per key that a system uses for an account
with accounts as (
    select * from {{ ref('unified_accounts') }}
),

links as (
    select * from {{ ref('stg_generic__account_keys') }}
),

unified as (
    select
        'generic' as source_system,
        account_id as source_key,
        account_id,
        _batch_id,
        _loaded_at
    from accounts
    union all
    select
        source_system,
        source_key,
        account_id,
        _batch_id,
        _loaded_at
    from links
    -- An account id always maps to itself, and a link cannot remap it.
    where source_system <> 'generic'
)

select * from unified
