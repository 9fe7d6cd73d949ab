-- one row per account and month whose closing MRR is past due in part or scheduled to change
{%- set item = 'source_system, subscription_id, item_id' %}
with segments as (
    select * from {{ ref('int_revenue__item_segments') }}
),

rates as (
    select * from {{ ref('int_revenue__month_rates') }}
),

followed as (
    select
        *,
        coalesce(lead(starts_at) over (partition by {{ item }} order by starts_at) = ends_at, false) as is_continued,
        starts_at <= {{ as_of() }} and (ends_at is null or ends_at > {{ as_of() }}) as is_running
    from segments
),

-- Segments that say something of a month's close besides its MRR: past due, or cancelled and still running.
watched as (
    select
        account_id,
        currency,
        status,
        mrr,
        starts_at,
        ends_at,
        case when not is_continued and cancel_requested_at < ends_at then cancel_requested_at end as cancelled_at
    from followed
    where
        starts_at <= {{ as_of() }}
        and (status = 'past_due' or (not is_continued and cancel_requested_at < ends_at))
),

watched_months as (
    select
        *,
        cast({{ expand_numbers('first_month', 'last_month') }} as integer) as month_number
    from (
        select
            *,
            {{ month_number('starts_at') }} as first_month,
            {{ month_number(earliest('ends_at', as_of())) }} as last_month
        from watched
    ) as ranges
),

closes as (
    select
        *,
        {{ earliest(
            'cast(' ~ month_start('month_number + 1') ~ ' as timestamp)',
            dbt.dateadd('second', 1, as_of())
        ) }} as closed_at
    from watched_months
),

-- In the month of as_of every later change that is known counts; of past months only cancellations are known in time.
-- An end that nobody asked for is the end of a term that may be renewed, and no change.
known_changes as (
    select
        account_id,
        currency,
        {{ month_number(as_of()) }} as month_number,
        cast(0 as decimal(18, 4)) as at_risk_mrr,
        case when is_running then 0 else mrr end
        - case when is_continued or cancel_requested_at < ends_at then mrr else 0 end as scheduled_mrr
    from followed
    where
        ends_at is null
        or ends_at > {{ as_of() }}
),

outlook as (
    select
        account_id,
        currency,
        month_number,
        case when status = 'past_due' then mrr else 0 end as at_risk_mrr,
        case
            when cancelled_at < closed_at and month_number < {{ month_number(as_of()) }} then -mrr
            else 0
        end as scheduled_mrr
    from closes
    where
        starts_at < closed_at
        and (ends_at is null or ends_at >= closed_at)
    union all
    select * from known_changes
    where scheduled_mrr <> 0
)

select
    outlook.account_id,
    outlook.month_number,
    cast(sum({{ convert_money('outlook.at_risk_mrr', 'rates.rate') }}) as decimal(18, 4)) as at_risk_mrr,
    cast(sum({{ convert_money('outlook.scheduled_mrr', 'rates.rate') }}) as decimal(18, 4)) as scheduled_mrr
from outlook
left join rates
    on outlook.currency = rates.currency and outlook.month_number = rates.month_number
group by outlook.account_id, outlook.month_number
