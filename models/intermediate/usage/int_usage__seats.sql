-- one row per account and day from which a number of paid seats applies, up to as_of
with seats as (
    select * from {{ ref('unified_seats') }}
    where effective_on <= {{ as_of_day() }}
),

changes as (
    select
        account_id,
        effective_on,
        seats_paid - lag(seats_paid, 1, 0) over (partition by source_key order by effective_on) as seat_change
    from seats
),

-- The seats of all keys of an account add up.
totals as (
    select
        account_id,
        effective_on,
        sum(seat_change) as seat_change
    from changes
    group by account_id, effective_on
)

select
    account_id,
    effective_on,
    lead(effective_on) over (partition by account_id order by effective_on) as next_on,
    cast(sum(seat_change) over (
        partition by account_id
        order by effective_on
        rows between unbounded preceding and current row
    ) as bigint) as seats_paid
from totals
