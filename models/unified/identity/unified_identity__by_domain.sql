-- one row per record whose domain belongs to one account of an earlier CRM
{{ config(enabled=has_identity()) }}
with records as (
    select * from {{ ref('unified_identity__records') }}
),

domains as (
    select * from {{ ref('unified_identity__domains') }}
),

decided as (
    {{ identity_decisions(['key', 'merge', 'reference']) }}
)

select
    records.source_system,
    records.source_key,
    domains.account_system,
    domains.account_key,
    records.domain as evidence
from records
inner join domains on records.domain = domains.domain and records.system_rank > domains.account_rank
left join decided on records.source_system = decided.source_system and records.source_key = decided.source_key
where domains.account_key is not null and decided.source_key is null
