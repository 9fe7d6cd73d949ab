-- one row per check of tickets, of their events, or of business hours
{%- set as_of = as_of() %}
{#- Relation, name, condition, whether it happens in every company, meaning. -#}
{%- set checks = [
    ('tickets', 'merged', 'merged_into_ticket_id is not null', true,
     'Tickets merged into another, which counts in their place.'),
    ('tickets', 'deleted', 'is_deleted', true, 'Tickets that the help desk deleted. They count nowhere.'),
    ('tickets', 'spam', 'is_spam', true, 'Tickets marked as spam. They count nowhere.'),
    ('tickets', 'internal_account', 'is_internal', true, 'Tickets of test and own accounts, which count nowhere.'),
    ('tickets', 'starts_after_as_of', 'created_at > ' ~ as_of, true, 'Tickets created after as_of. They count later.'),
    ('tickets', 'account_unknown', 'is_counted and has_no_account', false,
     'Tickets that belong to no known account. They count in the total and in slices as unknown.'),
    ('tickets', 'reply_before_creation', 'first_replied_at < created_at', false,
     'Tickets with a first reply before their creation. The reply does not count.'),
    ('tickets', 'solved_before_creation', 'least(first_solved_at, solved_at) < created_at', false,
     'Tickets with a solve before their creation. Its time does not count.'),
    ('tickets', 'first_solve_after_last', 'first_solved_at > solved_at', false,
     'Tickets with a first solve after the last one. The two times change places.'),
    ('tickets', 'solved_without_date', 'is_counted and is_undated', false,
     'Solved tickets without a time of the solve. They have no resolution time and count in no month as solved.'),
    ('ticket_events', 'ticket_unknown', 'created_at is null', false,
     'Events of a ticket that was not delivered. They count nowhere.'),
    ('ticket_events', 'before_creation', 'occurred_at < created_at', false,
     'Events before the creation of their ticket. A comment is no reply, and a status counts from the creation on.'),
    ('ticket_events', 'starts_after_as_of', 'occurred_at > ' ~ as_of, true, 'Events after as_of. They count later.'),
    ('ticket_events', 'delivered_twice', 'repetition > 1', false,
     'Events that were delivered again under another id. They count once.'),
    ('ticket_events', 'author_unknown', "event_type = 'public_comment' and author_kind is null", false,
     'Public comments without the kind of their author. They do not count as replies.'),
    ('support_hours', 'schedule_unknown', 'not has_schedule', false,
     'Whether the policy support_schedule names no schedule of the seed. There are no business minutes then.'),
] %}
with ticket_events as (
    select
        events.*,
        tickets.created_at,
        row_number() over (
            partition by
                events.ticket_id, events.occurred_at, events.event_type, events.status, events.author_kind,
                events.author_id
            order by events.event_id
        ) as repetition
    from {{ ref('unified_ticket_events') }} as events
    left join {{ ref('unified_tickets') }} as tickets on events.ticket_id = tickets.ticket_id
),

dated_tickets as (
    select distinct ticket_id from ticket_events
    where event_type = 'status'
),

tickets as (
    select
        tickets.*,
        accounts.account_id is null as has_no_account,
        coalesce(accounts.is_internal, false) as is_internal,
        tickets.created_at <= {{ as_of }}
        and tickets.merged_into_ticket_id is null
        and not tickets.is_deleted
        and not tickets.is_spam
        and not coalesce(accounts.is_internal, false) as is_counted,
        tickets.status in ('solved', 'closed')
        and tickets.solved_at is null
        and dated_tickets.ticket_id is null as is_undated
    from {{ ref('unified_tickets') }} as tickets
    left join {{ ref('unified_accounts') }} as accounts on tickets.account_id = accounts.account_id
    left join dated_tickets on tickets.ticket_id = dated_tickets.ticket_id
),

-- Hours begin with the first ticket.
hours as (
    select count(*) as days from {{ ref('unified_support_hours') }}
),

support_hours as (
    select count(tickets.ticket_id) = 0 or max(hours.days) > 0 as has_schedule
    from hours
    left join tickets on tickets.created_at <= {{ as_of }}
)

{%- for relation, name, condition, is_usual, meaning in checks %}

select
    '{{ name }}' as check_name,
    '{{ relation }}' as table_name,
    'all' as detail,
    count(*) as observed,
    {{ 'cast(null as bigint)' if is_usual else 'cast(0 as bigint)' }} as expected,
    'warn' as severity,
    cast(null as decimal(18, 4)) as affected_mrr,
    '{{ meaning }}' as description
from {{ relation }}
where {{ condition }}
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
