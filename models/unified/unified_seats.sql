-- one row per delivered account key and day from which a number of seats applies
with seats as (
    {{ with_linked_account(ref('stg_generic__seats')) }}
),

unified as (
    select
        account_id as source_key,
        linked_account_id as account_id,
        effective_on,
        greatest(seats_paid, 0) as seats_paid,
        seats_paid < 0 as is_below_zero,
        _batch_id,
        _loaded_at
    from seats
)

select * from unified
