-- one row per customer of billing whose e-mail address is that of a contact of one account
{{ config(enabled=has_identity()) }}
with records as (
    select * from {{ ref('unified_identity__records') }}
    where not is_crm
),

persons as (
    select * from {{ ref('unified_identity__persons') }}
    where account_key is not null
),

decided as (
    {{ identity_decisions(['key', 'merge', 'reference', 'domain']) }}
)

select
    records.source_system,
    records.source_key,
    persons.account_system,
    persons.account_key,
    'e-mail of contact ' || persons.contact_id as evidence
from records
inner join persons on records.email_hash = persons.email_hash
left join decided on records.source_system = decided.source_system and records.source_key = decided.source_key
where decided.source_key is null
