-- one row per change of an item, with the instant and the kind of the movement that it is booked in
{{ config(materialized='view') }}
-- Bookings of one instant follow each other by booking_order: 0 opening balance of the loaded history,
-- 1 revaluation of foreign money, 2 merge of accounts, 3 everything else.
with changes as (
    select * from {{ ref('int_revenue__item_changes') }}
),

movement_groups as (
    select * from {{ ref('int_revenue__movement_groups') }}
)

select
    changes.*,
    movement_groups.booked_at,
    3 as booking_order
from changes
inner join movement_groups
    on
        changes.account_id = movement_groups.account_id
        and changes.occurred_at = movement_groups.occurred_at
where
    not changes.is_merge
    {%- if first_month_number() is not none %}
    and changes.occurred_at > {{ history_opens_at() }}
    {%- endif %}
union all
select
    changes.*,
    changes.occurred_at as booked_at,
    2 as booking_order
from changes
where
    changes.is_merge
    {%- if first_month_number() is not none %}
    and changes.occurred_at > {{ history_opens_at() }}
union all
select
    changes.*,
    {{ history_opens_at() }} as booked_at,
    0 as booking_order
from changes
where changes.occurred_at <= {{ history_opens_at() }}
    {%- endif %}
