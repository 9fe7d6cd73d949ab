-- No ticket is replied to or solved before it exists, business time is part of calendar time, and the parts of a
-- solved history add up. Each month counts every ticket once, and slices add up to all.
with sliced as (
    select
        month,
        dimension,
        sum(tickets_opened) as opened,
        sum(tickets_solved) as solved,
        sum(backlog_at_close) as backlog
    from {{ ref('support_monthly') }}
    group by month, dimension
)

select
    'fct_tickets' as mart,
    ticket_id as record_key
from {{ ref('fct_tickets') }}
where
    least(first_reply_minutes, first_resolution_minutes, full_resolution_minutes) < 0
    or first_resolution_minutes > full_resolution_minutes
    or first_reply_business_minutes not between 0 and first_reply_minutes
    or full_resolution_business_minutes not between 0 and full_resolution_minutes
    -- Without a reopening, a solved ticket waited for one side or the other until its solve.
    or (
        reopens = 0
        and on_hold_minutes is not null
        and abs(requester_wait_minutes + agent_wait_minutes - full_resolution_minutes) > 0.001
    )
    or is_open <> (open_days is not null)
    or (is_one_touch and reopens > 0)
union all
select
    'support_monthly' as mart,
    slices.dimension as record_key
from sliced as slices
inner join sliced as total
    on
        slices.month = total.month
        and total.dimension = 'all'
where
    slices.opened <> total.opened
    or slices.solved <> total.solved
    or slices.backlog <> total.backlog
union all
select
    'support_monthly' as mart,
    dimension_value as record_key
from {{ ref('support_monthly') }}
where
    resolution_rate not between 0 and 1
    or reopen_rate not between 0 and 1
    or one_touch_rate not between 0 and 1
    or escalation_rate not between 0 and 1
    or p90_first_reply_minutes < median_first_reply_minutes
    or p90_full_resolution_minutes < median_full_resolution_minutes
