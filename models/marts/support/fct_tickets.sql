-- one row per ticket that counts
{{ config(materialized='view') }}
with tickets as (
    select * from {{ ref('int_support__ticket_times') }}
)

select
    ticket_id,
    account_id,
    channel,
    priority,
    category,
    status,
    is_open,
    created_at,
    {{ month_start('created_month_number') }} as created_month,
    first_replied_at,
    first_solved_at,
    solved_at,
    {%- for wait in ['first_reply', 'first_resolution', 'full_resolution', 'requester_wait', 'agent_wait'] %}
    {{ wait }}_minutes,
    {{ wait }}_business_minutes,
    {%- endfor %}
    on_hold_minutes,
    handle_minutes,
    cast(reopens as bigint) as reopens,
    cast(agent_replies as bigint) as agent_replies,
    is_one_touch,
    is_escalated,
    cast(open_days as bigint) as open_days,
    csat_score
from tickets
