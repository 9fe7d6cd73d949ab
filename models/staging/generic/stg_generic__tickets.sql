-- one row per ticket, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'tickets'), ['ticket_id'], 'updated_at') }}
),

renamed as (
    select
        ticket_id,
        account_id,
        requester_email,
        channel,
        priority,
        category,
        coalesce(status, case when solved_at is not null then 'solved' else 'open' end) as status,
        created_at,
        first_replied_at,
        first_solved_at,
        solved_at,
        reopens,
        agent_replies,
        handle_minutes,
        is_escalated,
        coalesce(is_spam, false) as is_spam,
        merged_into_ticket_id,
        updated_at,
        coalesce(is_deleted, false) as is_deleted,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
