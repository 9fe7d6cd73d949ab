-- one row per ticket
{%- set columns = [
    'channel', 'priority', 'category', 'status', 'created_at', 'first_replied_at', 'first_solved_at', 'solved_at',
    'reopens', 'agent_replies', 'handle_minutes', 'requester_wait_minutes', 'agent_wait_minutes', 'is_escalated',
    'is_spam', 'merged_into_ticket_id', 'updated_at', 'is_deleted', '_batch_id', '_loaded_at',
] %}
{%- set unknown = ['requester_wait_minutes', 'agent_wait_minutes'] %}
with generic_tickets as (
    {{ with_linked_account(ref('stg_generic__tickets')) }}
),

respondents as (
    select * from {{ ref('unified_respondents') }}
),
{%- if has_branch('tickets') %}

branch_tickets as (
    {{- union_branches('tickets', ['ticket_id', 'account_reference', 'requester_id', 'email_hash'] + columns) }}
),

account_keys as (
    select * from {{ ref('unified_account_keys') }}
),
{%- endif %}

unified as (
    select
        'generic' as source_system,
        ticket_id,
        linked_account_id as account_id,
        {{ hash_person('requester_email') }} as requester_id,
        {{ hash_person('requester_email') }} as email_hash
        {%- for column in columns %},
        {{ 'cast(null as decimal(18, 4)) as ' ~ column if column in unknown else column }}
        {%- endfor %}
    from generic_tickets
    {%- if has_branch('tickets') %}
    union all
    select
        branch_tickets.source_system,
        {{ vendor_id('branch_tickets.source_system', 'branch_tickets.ticket_id') }} as ticket_id,
        account_keys.account_id,
        coalesce(
            branch_tickets.email_hash,
            {{ vendor_id('branch_tickets.source_system', 'branch_tickets.requester_id') }}
        ) as requester_id,
        branch_tickets.email_hash
        {%- for column in columns %},
        {% if column == 'merged_into_ticket_id' -%}
        {{ vendor_id('branch_tickets.source_system', 'branch_tickets.' ~ column) }} as {{ column }}
        {%- else -%}
        branch_tickets.{{ column }}
        {%- endif %}
        {%- endfor %}
    from branch_tickets
    -- Systems number their records alike, so the reference counts only as a key of the help desk itself.
    left join account_keys
        on
            branch_tickets.source_system = account_keys.source_system
            and branch_tickets.account_reference = account_keys.source_key
    {%- endif %}
)

-- The address identifies the account only if the ticket does not name one.
select
    unified.source_system,
    unified.ticket_id,
    coalesce(unified.account_id, by_address.account_id) as account_id,
    unified.requester_id,
    unified.{{ columns | join(',\n    unified.') }}
from unified
left join respondents as by_address on unified.email_hash = by_address.respondent_id
