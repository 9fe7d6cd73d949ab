-- one row per account, with its MRR at as_of and whether its parent account is valid
with recursive accounts as (
    select * from {{ ref('unified_accounts') }}
),

account_totals as (
    select
        account_id,
        sum(mrr) as mrr
    from {{ ref('int_quality__periods') }}
    where is_running
    group by account_id
),

parent_links as (
    select
        account_id,
        parent_account_id
    from accounts
    where parent_account_id is not null
),

-- Each walk goes from parent to parent until it returns to its account. In a circle of other accounts, it ends when it
-- returns to the account that it reached at the last step that was a power of two, which is a few rounds later.
walks as (
    select
        account_id,
        parent_account_id as reached_id,
        parent_account_id as mark_id,
        1 as step,
        2 as next_mark
    from parent_links
    union all
    select
        walks.account_id,
        parent_links.parent_account_id as reached_id,
        case
            when walks.step + 1 = walks.next_mark then parent_links.parent_account_id else walks.mark_id
        end as mark_id,
        walks.step + 1 as step,
        case when walks.step + 1 = walks.next_mark then 2 * walks.next_mark else walks.next_mark end as next_mark
    from walks
    inner join parent_links on walks.reached_id = parent_links.account_id
    where
        walks.reached_id <> walks.account_id
        and parent_links.parent_account_id <> walks.mark_id
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
    cast(coalesce(account_totals.mrr, 0) as decimal(18, 4)) as mrr,
    accounts.parent_account_id is not null and parents.account_id is null as has_unknown_parent,
    circles.account_id is not null as is_its_own_parent
from accounts
left join account_totals on accounts.account_id = account_totals.account_id
left join accounts as parents on accounts.parent_account_id = parents.account_id
left join circles on accounts.account_id = circles.account_id
