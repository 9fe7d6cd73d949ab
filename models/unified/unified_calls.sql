-- one row per call
with calls as (
    {{ with_linked_account(ref('stg_generic__calls')) }}
),

unified as (
    select
        'generic' as source_system,
        call_id,
        linked_account_id as account_id,
        held_at,
        minutes,
        call_kind,
        _batch_id,
        _loaded_at
    from calls
)

select * from unified
