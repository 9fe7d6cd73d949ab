-- one row per event of a ticket
{%- set columns = ['occurred_at', 'event_type', 'status', 'author_kind'] %}
with generic_events as (
    select * from {{ ref('stg_generic__ticket_events') }}
),
{%- if has_branch('ticket_events') %}

branch_events as (
    {{- union_branches(
        'ticket_events', ['event_id', 'ticket_id'] + columns + ['author_id', '_batch_id', '_loaded_at']
    ) }}
),
{%- endif %}

unified as (
    select
        'generic' as source_system,
        event_id,
        ticket_id,
        {{ columns | join(',\n        ') }},
        case when author_id like '%@%' then {{ hash_person('author_id') }} else author_id end as author_id,
        _batch_id,
        _loaded_at
    from generic_events
    {%- if has_branch('ticket_events') %}
    union all
    select
        source_system,
        {{ vendor_id('source_system', 'event_id') }} as event_id,
        {{ vendor_id('source_system', 'ticket_id') }} as ticket_id,
        {{ columns | join(',\n        ') }},
        {{ vendor_id('source_system', 'author_id') }} as author_id,
        _batch_id,
        _loaded_at
    from branch_events
    {%- endif %}
)

select * from unified
