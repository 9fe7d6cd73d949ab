-- one row per account and instant at which any of its items changes; a merge is booked by itself
with instants as (
    select
        account_id,
        occurred_at,
        sum(case when is_merge then 0 else 1 end) as change_count,
        max(case when is_merge and active_change < 0 then occurred_at end) as given_away_at
    from {{ ref('int_revenue__item_changes') }}
    group by account_id, occurred_at
),

changes as (
    select *
    from (
        select
            *,
            max(given_away_at) over (
                partition by account_id
                order by occurred_at
                rows between unbounded preceding and current row
            ) as last_given_away_at
        from instants
    ) as followed
    where change_count > 0
),

-- A change within the window after the one before it belongs to the same movement: a plan swap with a hole
-- of minutes is not a loss and a new sale. But what a merge gives away has to be booked before, or the account
-- would have less than nothing.
numbered as (
    select
        *,
        sum(case when is_same_movement then 0 else 1 end) over (
            partition by account_id
            order by occurred_at
            rows between unbounded preceding and current row
        ) as group_number
    from (
        select
            *,
            coalesce(
                occurred_at <= {{ dbt.dateadd('minute', policy('grouping_window'), 'previous_occurred_at') }}
                and coalesce(previous_occurred_at >= last_given_away_at, true)
                {%- if first_month_number() is not none %}
                and (occurred_at <= {{ history_opens_at() }} or previous_occurred_at > {{ history_opens_at() }})
                {%- endif %},
                false
            ) as is_same_movement
        from (
            select
                *,
                lag(occurred_at) over (partition by account_id order by occurred_at) as previous_occurred_at
            from changes
        ) as preceded
    ) as linked
)

-- A movement is booked when its last change takes effect: no money counts before its service starts.
select
    account_id,
    occurred_at,
    max(occurred_at) over (partition by account_id, group_number) as booked_at,
    change_count
from numbered
