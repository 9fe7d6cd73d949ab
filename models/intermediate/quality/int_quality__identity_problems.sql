-- one row per check of who is who and record that it finds
{{ config(enabled=has_identity()) }}
with records as (
    select * from {{ ref('unified_identity__records') }}
),

matches as (
    select * from {{ ref('unified_identity__matches') }}
),

domains as (
    select * from {{ ref('unified_identity__domains') }}
),

persons as (
    select * from {{ ref('unified_identity__persons') }}
),

references_found as (
    select * from {{ ref('unified_identity__references') }}
),

by_merge as (
    select * from {{ ref('unified_identity__by_merge') }}
),

-- What the later rules would have said about the records that a person linked.
other_evidence as (
    select
        source_system,
        source_key,
        account_system,
        account_key
    from references_found
    union all
    select
        source_system,
        source_key,
        source_system as account_system,
        merged_into_key as account_key
    from records
    union all
    select
        records.source_system,
        records.source_key,
        domains.account_system,
        domains.account_key
    from records
    inner join domains on records.domain = domains.domain
    union all
    select
        records.source_system,
        records.source_key,
        persons.account_system,
        persons.account_key
    from records
    inner join persons on records.email_hash = persons.email_hash
),

problems as (
    select
        'domain_of_several_accounts' as check_name,
        domain as record,
        cast(null as string) as account_id
    from domains
    where account_key is null
    union all
    select
        'merge_circle' as check_name,
        records.source_system || ':' || records.source_key as record,
        matches.account_id
    from records
    inner join records as winners
        on records.source_system = winners.source_system and records.merged_into_key = winners.source_key
    inner join matches
        on records.source_system = matches.source_system and records.source_key = matches.source_key
    left join by_merge on records.source_system = by_merge.source_system and records.source_key = by_merge.source_key
    where by_merge.source_key is null and matches.match_rule <> 'key'
    union all
    select
        'email_of_several_accounts' as check_name,
        records.source_system || ':' || records.source_key as record,
        matches.account_id
    from records
    inner join persons on records.email_hash = persons.email_hash and persons.account_key is null
    inner join matches
        on
            records.source_system = matches.source_system
            and records.source_key = matches.source_key
            and matches.match_rule = 'own'
    union all
    select
        'keys_of_several_accounts' as check_name,
        source_system || ':' || source_key as record,
        account_id
    from matches
    where match_rule = 'own' and evidence is not null
    union all
    select
        'conflicting_evidence' as check_name,
        matches.source_system || ':' || matches.source_key as record,
        matches.account_id
    from matches
    inner join other_evidence
        on matches.source_system = other_evidence.source_system and matches.source_key = other_evidence.source_key
    left join matches as others
        on other_evidence.account_system = others.source_system and other_evidence.account_key = others.source_key
    where
        matches.match_rule = 'key'
        and coalesce(others.account_id, other_evidence.account_key) <> matches.account_id
)

select distinct
    check_name,
    record,
    account_id
from problems
