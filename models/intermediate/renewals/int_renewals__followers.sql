-- one row per contract that falls due and contract that continues it, early, on time or within the grace period
with contracts as (
    select * from {{ ref('int_renewals__contracts') }}
),

due as (
    select
        *,
        {{ dbt.dateadd('day', policy('renewal_grace_days'), 'ends_on') }} as grace_ends_on
    from contracts
    where falls_due
),

named_followers as (
    select distinct
        source_system,
        renewed_by_contract_id as contract_id
    from contracts
    where renewed_by_contract_id is not null
),

named_pairs as (
    select
        due.source_system,
        due.contract_id,
        followers.source_system as follower_source_system,
        followers.contract_id as follower_contract_id
    from due
    inner join contracts as followers
        on
            due.source_system = followers.source_system
            and due.renewed_by_contract_id = followers.contract_id
    where
        followers.ends_on > due.ends_on
        and followers.starts_on <= due.grace_ends_on
),

-- If no follower is named, the account's next contract continues the one that ended last before it.
next_pairs as (
    select
        due.source_system,
        due.contract_id,
        followers.source_system as follower_source_system,
        followers.contract_id as follower_contract_id,
        rank() over (
            partition by followers.source_system, followers.contract_id
            order by due.ends_on desc
        ) as distance
    from due
    inner join contracts as followers
        on
            due.account_id = followers.account_id
            and due.ends_on <= followers.starts_on
            and due.grace_ends_on >= followers.starts_on
    left join named_followers
        on
            followers.source_system = named_followers.source_system
            and followers.contract_id = named_followers.contract_id
    where
        not due.names_follower
        and named_followers.contract_id is null
),

pairs as (
    select * from named_pairs
    union all
    select
        source_system,
        contract_id,
        follower_source_system,
        follower_contract_id
    from next_pairs
    where distance = 1
)

select
    pairs.source_system,
    pairs.contract_id,
    due.account_id,
    due.ends_on as due_on,
    due.valued_month_number,
    pairs.follower_source_system,
    pairs.follower_contract_id,
    followers.starts_on as follower_starts_on,
    followers.amount as follower_amount,
    followers.currency as follower_currency,
    followers.term_months as follower_term_months
from pairs
inner join due
    on
        pairs.source_system = due.source_system
        and pairs.contract_id = due.contract_id
inner join contracts as followers
    on
        pairs.follower_source_system = followers.source_system
        and pairs.follower_contract_id = followers.contract_id
