-- one row per customer of billing that nothing else identifies, and whose parent in billing belongs to a CRM account
{{ config(enabled=has_identity()) }}
with recursive records as (
    select * from {{ ref('unified_identity__records') }}
),

decided as (
    {{ identity_decisions(['key', 'merge', 'reference', 'domain', 'email']) }}
),

children as (
    select
        records.source_system,
        records.source_key,
        parents.source_system as account_system,
        parents.source_key as account_key
    from records
    inner join records as parents
        on records.source_system = parents.source_system and records.parent_key = parents.source_key
    left join decided on records.source_system = decided.source_system and records.source_key = decided.source_key
    where not records.is_crm and decided.source_key is null
),

links as (
    select
        source_system,
        source_key,
        account_system,
        account_key
    from decided
    union all
    select * from children
),

{{ identity_ends('links') }}

select
    children.source_system,
    children.source_key,
    children.account_system,
    children.account_key,
    'parent ' || children.account_key as evidence
from children
inner join ends on children.source_system = ends.source_system and children.source_key = ends.source_key
left join records on ends.account_system = records.source_system and ends.account_key = records.source_key
-- A parent without a CRM account may pay for several companies.
where coalesce(records.is_crm, ends.account_system = 'generic')
