-- one row per account, user and day with events that count
with parts as (
    {{ with_person(ref('stg_usage__session_parts')) }}
),

known_parts as (
    select
        linked_account_id as account_id,
        person_id as user_id,
        occurred_on,
        started_at,
        ended_at,
        events,
        _batch_id,
        _loaded_at
    from parts
    where started_at <= {{ as_of() }} and not is_of_ignored
),

ordered_parts as (
    select
        *,
        max(ended_at) over (
            partition by account_id, user_id
            order by started_at, ended_at, _batch_id
            rows between unbounded preceding and 1 preceding
        ) as ended_before
    from known_parts
),

-- A part that follows another within the gap continues its session, also in another batch or on the next day.
unified as (
    select
        account_id,
        user_id,
        occurred_on as active_on,
        cast(sum(events) as bigint) as events,
        cast(sum(
            case
                when user_id is null then 0
                when ended_before is null then 1
                when started_at > {{ dbt.dateadd('minute', policy('usage_session_gap_minutes'), 'ended_before') }}
                    then 1
                else 0
            end
        ) as bigint) as sessions,
        min(started_at) as first_at,
        max(ended_at) as last_at,
        max(_batch_id) as _batch_id,
        max(_loaded_at) as _loaded_at
    from ordered_parts
    group by account_id, user_id, occurred_on
)

select * from unified
