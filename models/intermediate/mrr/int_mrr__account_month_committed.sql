-- one row per account and month that has past-due, scheduled or usage MRR at its close
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with intervals as (
    select * from {{ ref('int_subscriptions__mrr_intervals') }}
),

rates as (
    select * from {{ ref('int_mrr__exchange_rates') }}
),

neighbours as (
    select
        *,
        coalesce(lead(starts_at) over item_in_time = ends_at, false) or is_replaced as is_continued,
        lead(starts_at) over item_in_time is null and not is_replaced as is_last,
        starts_at <= {{ as_of() }} and (ends_at is null or ends_at > {{ as_of() }}) as is_running,
        ends_at is not null and coalesce(cancel_requested_at <= {{ as_of() }}, false) as is_cancelled
    from intervals
    window item_in_time as (partition by {{ item }} order by starts_at)
),

-- Intervals that count at the close of a month as more than MRR: past due, cancelled but still running, or usage.
watched_intervals as (
    select
        *,
        case when not is_continued and is_cancelled and is_counted then cancel_requested_at end as cancelled_at,
        {{ local_month('starts_at') }} as first_month,
        {{ local_month(earliest('ends_at', as_of())) }} as last_month
    from neighbours
    where
        starts_at <= {{ as_of() }}
        and ((is_counted and (status = 'past_due' or (is_cancelled and not is_continued))) or price_kind = 'usage')
),

watched_months as (
    select
        *,
        {{ expand_numbers('first_month', 'last_month') }} as month_number
    from watched_intervals
    where last_month >= {{ first_month_number() }}
),

closes as (
    select
        *,
        {{ earliest(month_opens_at('month_number + 1'), dbt.dateadd('second', 1, as_of())) }} as closed_at
    from watched_months
),

-- In the month of as_of, every known later change counts, so an item is worth its last interval. In past months only
-- cancellations count, because other changes were not known in time. An end without a cancellation is the end of a term
-- that may be renewed, so it is not a change.
known_changes as (
    select
        account_id,
        currency,
        rated_on,
        {{ as_of_month() }} as month_number,
        cast(0 as decimal(18, 4)) as at_risk_mrr,
        case when is_last and not is_cancelled then mrr else 0 end
        - case when is_running then mrr else 0 end as scheduled_mrr,
        cast(0 as decimal(18, 4)) as usage_mrr
    from neighbours
    where
        is_counted
        and (ends_at is null or ends_at > {{ as_of() }})
),

amounts as (
    select
        account_id,
        currency,
        rated_on,
        month_number,
        case when is_counted and status = 'past_due' then mrr else 0 end as at_risk_mrr,
        case when cancelled_at < closed_at and month_number < {{ as_of_month() }} then -mrr else 0 end as scheduled_mrr,
        case when price_kind = 'usage' then mrr else 0 end as usage_mrr
    from closes
    where
        starts_at < closed_at
        and (ends_at is null or ends_at >= closed_at)
    union all
    select * from known_changes
    where scheduled_mrr <> 0
)

select
    amounts.account_id,
    amounts.month_number,
    {%- for measure in ['at_risk_mrr', 'scheduled_mrr', 'usage_mrr'] %}
    cast(sum({{ convert_money('amounts.' ~ measure, 'rates.rate') }}) as decimal(18, 4)) as {{ measure }}
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from amounts
left join rates
    on
        amounts.currency = rates.currency
        and rates.valued_on = {{ valuation_day('amounts.month_number', 'amounts.rated_on') }}
group by amounts.account_id, amounts.month_number
