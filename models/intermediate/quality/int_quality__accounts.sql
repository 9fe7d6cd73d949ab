-- one row per account, with what it pays at as_of and whether its parent can be one
with recursive accounts as (
    select * from {{ ref('unified_accounts') }}
),

running as (
    select
        account_id,
        sum(mrr) as mrr
    from {{ ref('int_quality__periods') }}
    where is_running
    group by account_id
),

links as (
    select
        account_id,
        parent_account_id
    from accounts
    where parent_account_id is not null
),

-- From account to parent until it comes back; who leads into a circle of others would walk for ever.
walks as (
    select
        account_id,
        parent_account_id as reached_id,
        1 as step
    from links
    union all
    select
        walks.account_id,
        links.parent_account_id as reached_id,
        walks.step + 1 as step
    from walks
    inner join links on walks.reached_id = links.account_id
    where
        walks.reached_id <> walks.account_id
        and walks.step < 100
),

circles as (
    select distinct account_id
    from walks
    where reached_id = account_id
)

select
    accounts.account_id,
    accounts.is_in_crm,
    accounts.is_internal,
    accounts.created_at,
    cast(coalesce(running.mrr, 0) as decimal(18, 4)) as mrr,
    accounts.parent_account_id is not null and parents.account_id is null as has_unknown_parent,
    circles.account_id is not null as is_its_own_parent
from accounts
left join running on accounts.account_id = running.account_id
left join accounts as parents on accounts.parent_account_id = parents.account_id
left join circles on accounts.account_id = circles.account_id
