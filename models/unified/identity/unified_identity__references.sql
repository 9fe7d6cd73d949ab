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
        case
            when field in {{ text_list(fields) }} then field
            else ''
        end as known_field,
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

links as (
    {{ identity_decisions(['key', 'merge']) }}
),

{{ identity_ends('links') }},

-- The evidence of a merged record is that of the one which remains. The account is the one that it has joined by now.
standing as (
    select
        records.source_system,
        records.source_key,
        records.system_rank,
        coalesce(by_merge.account_key, records.source_key) as standing_key,
        coalesce(ends.account_system, records.source_system) as account_system,
        coalesce(ends.account_key, records.source_key) as account_key,
        {{ system_rank('coalesce(ends.account_system, records.source_system)') }} as account_rank
    from records
    left join {{ ref('unified_identity__by_merge') }} as by_merge
        on records.source_system = by_merge.source_system and records.source_key = by_merge.source_key
    left join ends on records.source_system = ends.source_system and records.source_key = ends.source_key
),

sought as (
    select
        held.*,
        field_systems.target_system,
        case
            when field_systems.target_system = 'salesforce' then {{ salesforce_id('held.reference') }}
            else held.reference
        end as target_key
    from held
    inner join field_systems on held.known_field = field_systems.field
),

named as (
    select
        sought.source_system as holder_system,
        sought.source_key as holder_key,
        standing.source_system,
        standing.source_key,
        sought.reference,
        sought.field || ' of ' || sought.source_system || ' ' || sought.source_key as evidence,
        count(*) over (
            partition by sought.source_system, sought.source_key, sought.reference, sought.field
        ) as records_named
    from sought
    inner join standing
        on sought.target_system = standing.source_system and sought.target_key = standing.source_key
),

-- A number may be the key of a record in several systems. Only an id of Salesforce is the same record everywhere.
certain as (
    select * from named
    where records_named = 1 or length(reference) >= 15
),

-- The record of the later system joins the account of the earlier one, whichever holds the key.
pairs as (
    select
        holder_system as source_system,
        holder_key as source_key,
        source_system as other_system,
        source_key as other_key,
        evidence
    from certain
    union all
    select
        source_system,
        source_key,
        holder_system as other_system,
        holder_key as other_key,
        evidence
    from certain
)

select
    pairs.source_system,
    records.standing_key as source_key,
    others.account_system,
    others.account_key,
    cast(others.account_rank as bigint) as account_rank,
    min(pairs.evidence) as evidence
from pairs
inner join standing as records
    on pairs.source_system = records.source_system and pairs.source_key = records.source_key
inner join standing as others
    on pairs.other_system = others.source_system and pairs.other_key = others.source_key
-- Which records of one CRM are one company, only its merges say.
where others.system_rank < records.system_rank and others.account_rank < records.system_rank
group by
    pairs.source_system, records.standing_key, others.account_system, others.account_key, others.account_rank
