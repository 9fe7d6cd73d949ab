-- one row per event of a ticket, in its latest version
with latest_versions as (
    {{ latest_version(source('generic', 'ticket_events'), ['event_id']) }}
),

renamed as (
    select
        event_id,
        ticket_id,
        occurred_at,
        event_type,
        case when event_type = 'status' then status end as status,
        author_kind,
        author_id,
        _batch_id,
        _loaded_at
    from latest_versions
)

select * from renamed
