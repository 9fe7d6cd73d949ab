-- one row per opportunity
with opportunities as (
    {{ with_linked_account(ref('stg_generic__opportunities')) }}
),

unified as (
    select
        'generic' as source_system,
        opportunity_id,
        linked_account_id as account_id,
        opportunity_type,
        {{ round_money('amount') }} as amount,
        currency,
        stage,
        is_won,
        is_closed,
        created_at,
        closed_at,
        _batch_id,
        _loaded_at
    from opportunities
    where not is_deleted
)

select * from unified
