-- one row per account that paid before the loaded history opens, with the instant at which it first did
{{ config(materialized=inlined()) }}
{#- No figure of that time is published, but an account that returns is not a new customer. -#}
with changes as (
    select * from {{ ref('int_mrr__item_changes') }}
    where changed_at <= {{ history_opens_at() }}
),

movement_groups as (
    select * from {{ ref('int_mrr__movement_groups') }}
),

placed_changes as (
    select
        changes.account_id,
        changes.mrr_change,
        case when changes.is_merge then changes.changed_at else movement_groups.occurred_at end as occurred_at,
        case when changes.is_merge then {{ precedence('merge') }} else {{ precedence('change') }} end as precedence
    from changes
    left join movement_groups
        on
            changes.account_id = movement_groups.account_id
            and changes.changed_at = movement_groups.changed_at
),

movements as (
    select
        account_id,
        occurred_at,
        precedence,
        sum(mrr_change) as mrr_change
    from placed_changes
    group by account_id, occurred_at, precedence
),

-- These sums mix currencies, so they only show whether an account had any MRR.
balances as (
    select
        account_id,
        occurred_at,
        sum(mrr_change) over (
            partition by account_id
            order by occurred_at, precedence
            rows between unbounded preceding and current row
        ) as mrr_after
    from movements
)

select
    account_id,
    min(occurred_at) as first_paid_at
from balances
where mrr_after > 0
group by account_id
