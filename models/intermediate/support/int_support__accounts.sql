-- one row per account with a ticket
select
    account_id,
    sum(case when is_open then 1 else 0 end) as open_tickets,
    sum(case when is_open and is_escalated then 1 else 0 end) as open_escalations,
    min(case when is_open then {{ local_day('created_at') }} end) as oldest_open_ticket_on,
    max({{ local_day('created_at') }}) as last_ticket_on
from {{ ref('int_support__tickets') }}
where account_id is not null
group by account_id
