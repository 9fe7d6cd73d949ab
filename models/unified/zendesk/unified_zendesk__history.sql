-- one row per event of a ticket of Zendesk and object that delivers it
{{ config(enabled='zendesk' in var('connectors'), materialized=inlined()) }}
with comments as (
    select * from {{ ref('stg_zendesk__ticket_comments') }}
    where not is_deleted
),

audit_events as (
    select * from {{ ref('stg_zendesk__audit_events') }}
),

child_events as (
    select * from {{ ref('stg_zendesk__child_events') }}
),

field_history as (
    select * from {{ ref('stg_zendesk__ticket_field_history') }}
),

events as (
    select
        comment_id as event_id,
        ticket_id,
        created_at as occurred_at,
        'comment' as event_kind,
        cast(null as string) as status,
        is_public,
        author_id,
        via_channel,
        1 as source_rank,
        _batch_id,
        _loaded_at
    from comments
    union all
    select
        event_id,
        ticket_id,
        occurred_at,
        event_kind,
        status,
        is_public,
        author_id,
        via_channel,
        2 as source_rank,
        _batch_id,
        _loaded_at
    from audit_events
    union all
    select
        event_id,
        ticket_id,
        occurred_at,
        event_kind,
        status,
        is_public,
        author_id,
        cast(null as string) as via_channel,
        3 as source_rank,
        _batch_id,
        _loaded_at
    from child_events
    union all
    select
        ticket_id || '-' || field_name || '-' || cast(occurred_at as string) as event_id,
        ticket_id,
        occurred_at,
        event_kind,
        status,
        cast(null as boolean) as is_public,
        author_id,
        cast(null as string) as via_channel,
        4 as source_rank,
        _batch_id,
        _loaded_at
    from field_history
)

select
    event_id,
    ticket_id,
    occurred_at,
    event_kind,
    case when status = 'hold' then 'on_hold' else status end as status,
    is_public,
    author_id,
    via_channel,
    cast(source_rank as bigint) as source_rank,
    _batch_id,
    _loaded_at
from events
where
    ticket_id is not null
    and occurred_at is not null
    and (event_kind in ('comment', 'assignment') or status in ('new', 'open', 'pending', 'hold', 'solved', 'closed'))
