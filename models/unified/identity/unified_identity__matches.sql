-- one row per record of a company, or key that a person linked, with its account and the rule that found it
{{ config(enabled=has_identity()) }}
with recursive records as (
    select * from {{ ref('unified_identity__records') }}
),

links as (
    {{ identity_decisions(['key', 'merge', 'reference', 'domain', 'email', 'parent']) }}
),

explicit as (
    select * from {{ ref('unified_identity__by_key') }}
),

{{ identity_ends('links') }},

members as (
    select
        source_system,
        source_key
    from records
    union
    select
        source_system,
        source_key
    from explicit
)

select
    members.source_system,
    members.source_key,
    -- A link of account_keys may name an account that no system has delivered.
    -- An organization of a help desk is no account by itself.
    case
        when coalesce(standing.is_account, case when ends.account_key is null then records.is_account end, true)
            then coalesce(
                standing.account_id,
                ends.account_key,
                records.account_id,
                members.source_system || ':' || members.source_key
            )
    end as account_id,
    case when links.account_key = members.source_key and links.account_system = members.source_system then 'own'
        else coalesce(links.match_rule, 'own')
    end as match_rule,
    links.evidence,
    coalesce(explicit._batch_id, records._batch_id) as _batch_id,
    coalesce(explicit._loaded_at, records._loaded_at) as _loaded_at
from members
left join records on members.source_system = records.source_system and members.source_key = records.source_key
left join links on members.source_system = links.source_system and members.source_key = links.source_key
left join explicit on members.source_system = explicit.source_system and members.source_key = explicit.source_key
left join ends on members.source_system = ends.source_system and members.source_key = ends.source_key
left join records as standing
    on ends.account_system = standing.source_system and ends.account_key = standing.source_key
