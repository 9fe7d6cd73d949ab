{#- A comment that ties a model to the landing objects with usage events, which it reads through their aggregates. -#}
{% macro depends_on_events() -%}
    {%- set objects = {
        'segment': ['tracks', 'identifies', 'groups', 'pages'],
        'rudderstack': ['tracks', 'identifies', 'groups', 'pages'],
        'posthog': ['events', 'persons', 'person_distinct_ids', 'groups'],
    } -%}
    -- depends_on: {{ source('generic', 'usage_events') }}
    {%- for system in objects if system in var('connectors') %}
    {%- for name in objects[system] %}
    -- depends_on: {{ source(system, name) }}
    {%- endfor %}
    {%- endfor %}
{%- endmacro %}

{#- The branch `organizations` of a tracking system: groups with their domains, and the mail domains of users. -#}
{% macro group_organizations(system) -%}
    with {{ _delivered_groups(system) }},

    user_ids as (
        {{ _delivered_keys('user_id', 'user_id') }}
    ),

    found_groups as (
        select
            delivered_key as organization_id,
            false as is_deleted,
            _batch_id,
            _loaded_at
        from group_ids
    ),

    group_domains as (
        select distinct
            group_id as organization_id,
            group_domain as domain,
            false as is_deleted
        from ties
        where group_domain is not null
    ),

    addresses as (
        select
            email,
            cast(null as string) as organization_id,
            _batch_id,
            _loaded_at
        from ties
        where email is not null
        union all
        select
            delivered_key as email,
            cast(null as string) as organization_id,
            _batch_id,
            _loaded_at
        from user_ids
        where delivered_key like '%@%'
    )

    {{ organization_rows('found_groups', 'group_domains', 'addresses') }}
{%- endmacro %}

{#- The branch `account_references` of a tracking system: the id of a group may be the key of its account elsewhere. -#}
{% macro group_references(system) -%}
    with {{ _delivered_groups(system) }}

    select
        delivered_key as source_key,
        delivered_key as reference,
        'group_id' as field,
        _batch_id,
        _loaded_at
    from group_ids
{%- endmacro %}

{#- The CTEs `ties` and `events` of a tracking system, and `group_ids` with one row per group that they name. -#}
{% macro _delivered_groups(system) -%}
    ties as (
        select * from {{ ref('stg_usage__ties') }}
        where source_system = '{{ system }}'
    ),

    events as (
        select * from {{ ref('stg_usage__event_weeks') }}
        where source_system = '{{ system }}'
    ),

    group_ids as (
        {{ _delivered_keys('group_id', 'account_id') }}
    )
{%- endmacro %}

{#- One row per key in a column of the CTE `ties` or a column of the CTE `events`. -#}
{% macro _delivered_keys(of_ties, of_events) -%}
    select
        delivered_key,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from (
        select
            {{ of_ties }} as delivered_key,
            _batch_id,
            _loaded_at
        from ties
        union all
        select
            {{ of_events }} as delivered_key,
            _batch_id,
            _loaded_at
        from events
    ) as delivered
    where delivered_key is not null
    group by delivered_key
{%- endmacro %}

{#- The rows of aggregated events with their account and person: `linked_account_id`, `person_id` and `is_of_ignored`.
    Persons and groups of a tracking system are looked up. Other systems name the account and the user themselves. -#}
{% macro with_person(relation) -%}
    select
        delivered.*,
        case
            when delivered.source_system = 'generic' then coalesce(links.account_id, delivered.account_id)
            else coalesce(
                account_keys.account_id,
                users.account_id,
                {{ vendor_id('delivered.source_system', 'delivered.account_id') }}
            )
        end as linked_account_id,
        coalesce(users.person_id, delivered.user_key) as person_id,
        coalesce(users.is_ignored, false) as is_of_ignored
    from (
        select
            *,
            {{ person_key('user_id') }} as user_key,
            {{ person_key('coalesce(user_id, visitor_id)') }} as visitor_key
        from {{ relation }}
    ) as delivered
    left join {{ ref('unified_account_links') }} as links on delivered.account_id = links.source_key
    left join {{ ref('unified_account_keys') }} as account_keys
        on delivered.source_system = account_keys.source_system and delivered.account_id = account_keys.source_key
    left join {{ ref('unified_usage_visitors') }} as visitors
        on delivered.source_system = visitors.source_system and delivered.visitor_key = visitors.visitor_id
    left join {{ ref('unified_usage_users') }} as users
        on
            delivered.source_system = users.source_system
            and coalesce(visitors.user_id, delivered.user_key) = users.user_id
{%- endmacro %}

{#- A key of a person, or its pseudonym if it is an e-mail address. -#}
{% macro person_key(key) -%}
    case when {{ key }} like '%@%' then {{ hash_person(key) }} else {{ key }} end
{%- endmacro %}

{#- The value of a column of ties that counts for a key: that of the first precedence, then the one that was new last. A
    list of persons does not say since when it is true, so its files decide by their order. -#}
{% macro tie_that_counts(relation, key, value) -%}
    select
        source_system,
        {{ key }},
        {{ value }}
    from (
        select
            source_system,
            {{ key }},
            {{ value }},
            row_number() over (
                partition by source_system, {{ key }}
                order by min(precedence), min(first_at) desc, min(_loaded_at) desc, {{ value }}
            ) as choice
        from {{ relation }}
        where {{ key }} is not null and {{ value }} is not null
        group by source_system, {{ key }}, {{ value }}
    ) as choices
    where choice = 1
{%- endmacro %}
