-- one row per account of the previous release that changed hands, and account that has its keys now
with previous_release as (
    select * from {{ ref('stg_previous__release') }}
    -- An earlier as_of knows fewer accounts, and that is no change.
    where as_of <= {{ as_of() }}
),

previous_accounts as (
    select accounts.*
    from {{ ref('stg_previous__accounts') }} as accounts
    cross join previous_release
),

previous_keys as (
    select * from {{ ref('stg_previous__account_keys') }}
),

keys as (
    select
        account_id,
        source_key,
        {{ vendor_id('source_system', 'source_key') }} as system_key,
        match_rule
    from {{ ref('unified_account_keys') }}
),

accounts as (
    select
        account_id,
        is_internal
    from {{ ref('unified_accounts') }}
),

-- The rule is that of the key after which the previous account was named, else that of the first key.
holders as (
    select
        previous_keys.account_id as previous_account_id,
        keys.account_id,
        {{ sorted_list('keys.system_key') }} as source_keys,
        {{ first_by(
            'keys.match_rule',
            "case when previous_keys.account_id in (keys.system_key, keys.source_key) then '0' else '1' end"
            ~ " || keys.system_key"
        ) }} as match_rule
    from previous_keys
    inner join keys on previous_keys.system_key = keys.system_key
    group by previous_keys.account_id, keys.account_id
),

known_holders as (
    select
        holders.*,
        accounts.is_internal,
        sum(case when accounts.is_internal then 0 else 1 end) over (
            partition by holders.previous_account_id
        ) as published_holders
    from holders
    inner join accounts on holders.account_id = accounts.account_id
),

-- Accounts whose keys no published account has.
unpublished as (
    select
        previous_accounts.account_id,
        previous_accounts.mrr,
        max(case when accounts.is_internal or known_holders.is_internal then 1 else 0 end) as is_internal
    from previous_accounts
    left join accounts on previous_accounts.account_id = accounts.account_id
    left join known_holders on previous_accounts.account_id = known_holders.previous_account_id
    where coalesce(accounts.is_internal, true) and coalesce(known_holders.published_holders, 0) = 0
    group by previous_accounts.account_id, previous_accounts.mrr
)

select
    known_holders.previous_account_id,
    known_holders.account_id,
    case when known_holders.published_holders > 1 then 'split' else 'merged' end as outcome,
    known_holders.source_keys,
    known_holders.match_rule,
    previous_accounts.mrr as mrr_before
from known_holders
inner join previous_accounts on known_holders.previous_account_id = previous_accounts.account_id
where not known_holders.is_internal and known_holders.account_id <> known_holders.previous_account_id
union all
select
    account_id as previous_account_id,
    null as account_id,
    case when is_internal = 1 then 'internal' else 'gone' end as outcome,
    null as source_keys,
    null as match_rule,
    mrr as mrr_before
from unpublished
