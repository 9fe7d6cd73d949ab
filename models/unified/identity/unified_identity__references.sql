-- one row per record and record of another system that one of the two names by its key
{{ config(enabled=has_identity()) }}
{%- set fields = var('account_reference_fields') %}
with recursive records as (
    select * from {{ ref('unified_identity__records') }}
),

-- The systems in which to look for the key of a field. Other fields hold ids that are known for sure: those of an
-- account, and those of Salesforce.
field_systems as (
    {%- for field, word in fields.items() %}
    {%- set field_loop = loop %}
    {%- for system in systems_called(word) %}
    select
        '{{ field }}' as field,
        '{{ system }}' as target_system
    union all
    {%- endfor %}
    {%- endfor %}
    select
        '' as field,
        'generic' as target_system
    union all
    select
        '' as field,
        'salesforce' as target_system
),

{% if has_branch('account_references') -%}
branch_rows as (
    {{- union_branches('account_references', ['source_key', 'reference', 'field']) }}
),

{% endif -%}
held as (
    {%- if has_branch('account_references') %}
    select
        source_system,
        source_key,
        reference,
        case when field in ('{{ fields | join("', '") }}') then field else '' end as known_field,
        field
    from branch_rows
    union all
    {%- endif %}
    -- An account of a plain export may have its id from Salesforce.
    select
        source_system,
        source_key,
        source_key as reference,
        '' as known_field,
        'account_id' as field
    from records
    where source_system = 'generic'
),

-- A record that was linked or merged speaks for the one that it became.
links as (
    {{ identity_decisions(['key', 'merge']) }}
),

{{ identity_ends('links') }},

standing as (
    select
        records.source_system,
        records.source_key,
        coalesce(ends.account_system, records.source_system) as account_system,
        coalesce(ends.account_key, records.source_key) as account_key,
        {{ system_rank('coalesce(ends.account_system, records.source_system)') }} as system_rank
    from records
    left join ends on records.source_system = ends.source_system and records.source_key = ends.source_key
),

pairs as (
    select
        holders.account_system as holder_system,
        holders.account_key as holder_key,
        holders.system_rank as holder_rank,
        named.account_system as named_system,
        named.account_key as named_key,
        named.system_rank as named_rank,
        held.field || ' of ' || held.source_system || ' ' || held.source_key as evidence
    from held
    inner join field_systems on held.known_field = field_systems.field
    inner join standing as holders
        on held.source_system = holders.source_system and held.source_key = holders.source_key
    inner join standing as named
        on
            field_systems.target_system = named.source_system
            and case
                when field_systems.target_system = 'salesforce' then {{ salesforce_id('held.reference') }}
                else held.reference
            end = named.source_key
    -- The same CRM knows best which of its records are one company.
    where holders.system_rank <> named.system_rank
),

-- The record of the later system joins the account of the earlier one, whichever holds the key.
oriented as (
    select
        holder_system as source_system,
        holder_key as source_key,
        named_system as account_system,
        named_key as account_key,
        named_rank as account_rank,
        evidence
    from pairs
    where holder_rank > named_rank
    union all
    select
        named_system as source_system,
        named_key as source_key,
        holder_system as account_system,
        holder_key as account_key,
        holder_rank as account_rank,
        evidence
    from pairs
    where holder_rank < named_rank
)

select
    source_system,
    source_key,
    account_system,
    account_key,
    cast(account_rank as bigint) as account_rank,
    min(evidence) as evidence
from oriented
group by source_system, source_key, account_system, account_key, account_rank
