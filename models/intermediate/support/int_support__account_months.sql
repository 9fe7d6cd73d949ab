-- one row per account and month in which a ticket of the account was opened or solved
select
    account_id,
    month_number,
    count({{ in_role('opened', '1') }}) as tickets_opened,
    {{ median(in_role('opened', 'first_reply_minutes')) }} as median_first_reply_minutes,
    {{ median(in_role('solved', 'full_resolution_minutes')) }} as median_full_resolution_minutes
from {{ ref('int_support__ticket_months') }}
where
    account_id is not null
    and ticket_role in ('opened', 'solved')
group by account_id, month_number
