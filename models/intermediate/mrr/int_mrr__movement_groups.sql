-- one row per account and instant at which any of its items changes, other than by a merge
with instants as (
    select
        account_id,
        changed_at,
        sum(case when is_merge then 0 else 1 end) as change_count,
        max(case when is_merge and active_change < 0 then changed_at end) as transferred_out_at
    from {{ ref('int_mrr__item_changes') }}
    group by account_id, changed_at
),

transfers as (
    select
        *,
        max(transferred_out_at) over (
            partition by account_id
            order by changed_at
            rows between unbounded preceding and current row
        ) as last_transferred_out_at
    from instants
),

neighbours as (
    select
        *,
        lag(changed_at) over (partition by account_id order by changed_at) as previous_changed_at
    from transfers
    where change_count > 0
),

-- A change within the grouping window after the previous change belongs to the same movement: a plan swap with a gap of
-- minutes is not a loss and a new sale. A merge that transfers MRR out splits a movement, because the account must have
-- the MRR before it can transfer it.
links as (
    select
        *,
        coalesce(
            changed_at <= {{ dbt.dateadd('minute', policy('grouping_window'), 'previous_changed_at') }}
            and coalesce(previous_changed_at >= last_transferred_out_at, true)
            and (changed_at <= {{ history_opens_at() }} or previous_changed_at > {{ history_opens_at() }}),
            false
        ) as is_same_movement
    from neighbours
),

change_groups as (
    select
        *,
        sum(case when is_same_movement then 0 else 1 end) over (
            partition by account_id
            order by changed_at
            rows between unbounded preceding and current row
        ) as group_number
    from links
)

-- A movement takes effect with its last change, so that no money counts before its service starts.
select
    account_id,
    changed_at,
    max(changed_at) over (partition by account_id, group_number) as occurred_at,
    change_count
from change_groups
