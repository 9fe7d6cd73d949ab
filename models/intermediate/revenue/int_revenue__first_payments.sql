-- one row per account that paid before the loaded history opens, with the instant at which that was first booked
{{ config(materialized='view') }}
{#- Nothing is published of that time, but who comes back is no new customer. -#}
with changes as (
    select * from {{ ref('int_revenue__item_changes') }}
    {%- if first_month_number() is none %}
    where false
    {%- else %}
    where occurred_at <= {{ history_opens_at() }}
    {%- endif %}
),

booked as (
    select
        changes.account_id,
        changes.mrr_change,
        case when changes.is_merge then changes.occurred_at else movement_groups.booked_at end as booked_at,
        case when changes.is_merge then 2 else 3 end as booking_order
    from changes
    left join {{ ref('int_revenue__movement_groups') }} as movement_groups
        on
            changes.account_id = movement_groups.account_id
            and changes.occurred_at = movement_groups.occurred_at
),

bookings as (
    select
        account_id,
        booked_at,
        booking_order,
        sum(mrr_change) as mrr_change
    from booked
    group by account_id, booked_at, booking_order
),

-- Whether there is any money; how much it is would need one currency.
balances as (
    select
        account_id,
        booked_at,
        sum(mrr_change) over (
            partition by account_id
            order by booked_at, booking_order
            rows between unbounded preceding and current row
        ) as mrr_after
    from bookings
)

select
    account_id,
    min(booked_at) as first_paid_at
from balances
where mrr_after > 0
group by account_id
