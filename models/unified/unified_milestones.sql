-- one row per delivered account key and milestone
with milestones as (
    {{ with_linked_account(ref('stg_generic__milestones')) }}
),

unified as (
    select
        account_id as source_key,
        linked_account_id as account_id,
        milestone,
        target_on,
        reached_at,
        _batch_id,
        _loaded_at
    from milestones
)

select * from unified
