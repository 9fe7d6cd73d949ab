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

-- Each walk goes from parent to parent until it returns. The step limit ends a walk into a circle of other accounts.
walks as (
    select
        account_id,
        parent_account_id as reached_id,
        1 as step
    from parent_links
    union all
    select
        walks.account_id,
        parent_links.parent_account_id as reached_id,
        walks.step + 1 as step
    from walks
    inner join parent_links on walks.reached_id = parent_links.account_id
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
    cast(coalesce(account_totals.mrr, 0) as decimal(18, 4)) as mrr,
    accounts.parent_account_id is not null and parents.account_id is null as has_unknown_parent,
    circles.account_id is not null as is_its_own_parent
from accounts
left join account_totals on accounts.account_id = account_totals.account_id
left join accounts as parents on accounts.parent_account_id = parents.account_id
left join circles on accounts.account_id = circles.account_id
