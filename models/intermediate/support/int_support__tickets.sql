-- one row per ticket that counts, as known at as_of
with tickets as (
    select * from {{ ref('unified_tickets') }}
    where
        created_at <= {{ as_of() }}
        and not is_spam
        and not is_deleted
        and merged_into_ticket_id is null
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

histories as (
    select
        ticket_id,
        min(case when is_solve then started_at end) as first_solved_at,
        max(case when is_solve then started_at end) as solved_at,
        max(case when is_last then status end) as status,
        sum(case when is_reopen then 1 else 0 end) as reopens
    from {{ ref('int_support__status_spans') }}
    group by ticket_id
),

commented_tickets as (
    select distinct ticket_id from {{ ref('unified_ticket_events') }}
    where event_type in ('public_comment', 'private_comment')
),

-- An event may be delivered twice under different ids.
agent_comments as (
    select distinct
        ticket_id,
        occurred_at,
        author_id
    from {{ ref('unified_ticket_events') }}
    where
        event_type = 'public_comment'
        and author_kind = 'agent'
        and occurred_at <= {{ as_of() }}
),

-- A comment at the creation opens the ticket and is no reply.
replies as (
    select
        agent_comments.ticket_id,
        min(agent_comments.occurred_at) as first_replied_at,
        count(*) as agent_replies
    from agent_comments
    inner join tickets on agent_comments.ticket_id = tickets.ticket_id
    where agent_comments.occurred_at > tickets.created_at
    group by agent_comments.ticket_id
),

handling as (
    select * from {{ ref('int_support__handling') }}
),

answers as (
    select
        ticket_id,
        directed_score * 5 / scale_max as csat_score,
        row_number() over (partition by ticket_id order by responded_at desc, response_id desc) as answer_rank
    from {{ ref('int_sentiment__invitations') }}
    where
        survey_type = 'csat'
        and is_valid_score
        and ticket_id is not null
),

-- A time before the creation or after as_of is unknown. Counts are unknown if the version that has them is later.
delivered as (
    select
        tickets.*,
        coalesce(tickets.updated_at, tickets.created_at) <= {{ as_of() }} as is_known_version
        {%- for column in ['first_replied_at', 'first_solved_at', 'solved_at'] %},
        case when tickets.{{ column }} between tickets.created_at and {{ as_of() }} then tickets.{{ column }} end
            as known_{{ column }}
        {%- endfor %}
    from tickets
    left join accounts on tickets.account_id = accounts.account_id
    where not coalesce(accounts.is_internal, false)
),

known as (
    select
        delivered.*,
        histories.ticket_id is not null as has_history,
        commented_tickets.ticket_id is not null as has_comments,
        case
            when histories.ticket_id is not null then histories.status
            when delivered.solved_at > {{ as_of() }} then 'open'
            when delivered.is_known_version then delivered.status
            when delivered.known_solved_at is not null then 'solved'
            else 'open'
        end as known_status,
        histories.first_solved_at as history_first_solved_at,
        histories.solved_at as history_solved_at,
        histories.reopens as history_reopens,
        replies.first_replied_at as comment_replied_at,
        coalesce(replies.agent_replies, 0) as comment_replies,
        answers.csat_score,
        handling.handle_seconds
    from delivered
    left join histories on delivered.ticket_id = histories.ticket_id
    left join commented_tickets on delivered.ticket_id = commented_tickets.ticket_id
    left join replies on delivered.ticket_id = replies.ticket_id
    left join handling on delivered.ticket_id = handling.ticket_id
    left join answers
        on
            delivered.ticket_id = answers.ticket_id
            and answers.answer_rank = 1
)

select
    ticket_id,
    account_id,
    channel,
    priority,
    category,
    known_status as status,
    known_status not in ('solved', 'closed') as is_open,
    has_history,
    created_at,
    updated_at,
    {{ local_month('created_at') }} as created_month_number,
    case when has_comments then comment_replied_at else known_first_replied_at end as first_replied_at,
    case
        when has_history then history_first_solved_at
        when known_first_solved_at is not null then {{ earliest('known_first_solved_at', 'known_solved_at') }}
        when reopens = 0 then known_solved_at
    end as first_solved_at,
    case
        when known_status not in ('solved', 'closed') then null
        when has_history then history_solved_at
        when known_solved_at is not null then {{ latest('known_solved_at', 'known_first_solved_at') }}
        when reopens = 0 then known_first_solved_at
    end as solved_at,
    case when has_history then history_reopens when is_known_version then reopens end as reopens,
    case when has_comments then comment_replies when is_known_version then agent_replies end as agent_replies,
    -- Tracked time is better than an estimate from events.
    cast(coalesce(case when is_known_version then handle_minutes end, handle_seconds / 60.0) as decimal(18, 4))
        as handle_minutes,
    case when is_known_version then requester_wait_minutes end as requester_wait_minutes,
    case when is_known_version then agent_wait_minutes end as agent_wait_minutes,
    case when is_known_version then is_escalated end as is_escalated,
    cast(csat_score as decimal(9, 4)) as csat_score
from known
