-- one row per ticket that counts, with its durations in seconds
{%- set ends = {
    'first_reply': 'first_replied_at', 'first_resolution': 'first_solved_at', 'full_resolution': 'solved_at'
} %}
{%- set waits = {
    'requester_wait': "'new', 'open', 'on_hold'", 'agent_wait': "'pending'", 'on_hold': "'on_hold'"
} %}
with tickets as (
    select * from {{ ref('int_support__tickets') }}
),

business as (
    select * from {{ ref('int_support__business_seconds') }}
),

spans as (
    select
        spans.ticket_id,
        spans.status,
        {{ seconds_between('spans.started_at', 'spans.ended_at') }} as elapsed_seconds,
        ends.business_seconds - starts.business_seconds as business_seconds
    from {{ ref('int_support__status_spans') }} as spans
    left join business as starts on spans.started_at = starts.instant
    left join business as ends on spans.ended_at = ends.instant
    where not spans.is_solved
),

waits as (
    select
        ticket_id
        {%- for wait, statuses in waits.items() %}
        {%- for kind in ['elapsed', 'business'] %},
        sum(
            case when status in ({{ statuses }}) then {{ kind }}_seconds else 0 end
        ) as {{ wait }}_{{ kind }}_seconds
        {%- endfor %}
        {%- endfor %}
    from spans
    group by ticket_id
)

select
    tickets.ticket_id,
    tickets.account_id,
    tickets.channel,
    tickets.priority,
    tickets.category,
    tickets.status,
    tickets.is_open,
    tickets.has_history,
    tickets.created_at,
    tickets.created_month_number,
    tickets.first_replied_at,
    tickets.first_solved_at,
    tickets.solved_at,
    {%- for wait, end in ends.items() %}
    {{ minutes(seconds_between('tickets.created_at', 'tickets.' ~ end)) }} as {{ wait }}_minutes,
    {{ minutes(wait ~ '.business_seconds - created.business_seconds') }} as {{ wait }}_business_minutes,
    {%- endfor %}
    {%- for wait in waits %}
    case
        when tickets.has_history then {{ minutes('waits.' ~ wait ~ '_elapsed_seconds') }}
        {%- if wait != 'on_hold' %}
        else cast(tickets.{{ wait }}_minutes as double)
        {%- endif %}
    end as {{ wait }}_minutes,
    {%- if wait != 'on_hold' %}
    case when created.instant is not null then {{ minutes('waits.' ~ wait ~ '_business_seconds') }} end
        as {{ wait }}_business_minutes,
    {%- endif %}
    {%- endfor %}
    tickets.handle_minutes,
    tickets.reopens,
    tickets.agent_replies,
    -- Whether one touch was enough is known when the ticket is solved.
    case
        when not tickets.is_open
            then
                tickets.reopens = 0
                and (
                    tickets.agent_replies = 1
                    or ({{ policy_is('support_one_touch', 'at_most_one') }} and tickets.agent_replies = 0)
                )
    end as is_one_touch,
    tickets.is_escalated,
    case
        when tickets.is_open
            then {{ days_between(local_day('tickets.created_at'), as_of_day()) }}
    end as open_days,
    tickets.csat_score
from tickets
left join waits on tickets.ticket_id = waits.ticket_id
left join business as created on tickets.created_at = created.instant
{%- for wait, end in ends.items() %}
left join business as {{ wait }} on tickets.{{ end }} = {{ wait }}.instant
{%- endfor %}
