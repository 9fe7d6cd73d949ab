-- one row per key of another system that is not a CRM account id, with the account that it identifies
{%- if has_identity() %}
with links as (
    select
        keys.source_key,
        matches.account_id
    from {{ ref('stg_generic__account_keys') }} as keys
    inner join {{ ref('unified_identity__matches') }} as matches
        on keys.source_system = matches.source_system and keys.source_key = matches.source_key
),

-- A delivery may also name an account of a connected CRM or billing system, or one that has joined another account.
names as (
    select
        names.account_id as source_key,
        matches.account_id
    from {{ ref('unified_identity__names') }} as names
    inner join {{ ref('unified_identity__matches') }} as matches
        on names.source_system = matches.source_system and names.source_key = matches.source_key
),

unified as (
    select
        links.source_key,
        case when min(links.account_id) = max(links.account_id) then min(links.account_id) end as account_id
    from links
    left join names on links.source_key = names.source_key
    where names.source_key is null
    group by links.source_key
    union all
    select
        source_key,
        account_id
    from names
    where source_key <> account_id
)
{%- else %}
with links as (
    select * from {{ ref('stg_generic__account_keys') }}
),

accounts as (
    select * from {{ ref('stg_generic__accounts') }}
),

unified as (
    select
        links.source_key,
        case when min(links.account_id) = max(links.account_id) then min(links.account_id) end as account_id
    from links
    left join accounts on links.source_key = accounts.account_id
    where accounts.account_id is null
    group by links.source_key
)
{%- endif %}

select * from unified
