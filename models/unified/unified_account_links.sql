-- one row per key of another system that is not a CRM account id, with the account that it identifies
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

select * from unified
