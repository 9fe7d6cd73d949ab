-- one row per account and month that has past-due, scheduled or usage money at its close
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with segments as (
    select * from {{ ref('int_revenue__item_segments') }}
),

rates as (
    select * from {{ ref('int_revenue__exchange_rates') }}
),

followed as (
    select
        *,
        {% if policy('fx_policy') != 'service_start_rate' -%}
        cast(null as date) as rated_on,
        {% endif -%}
        coalesce(lead(starts_at) over item_in_time = ends_at, false) or is_replaced as is_continued,
        lead(starts_at) over item_in_time is null and not is_replaced as is_last,
        starts_at <= {{ as_of() }} and (ends_at is null or ends_at > {{ as_of() }}) as is_running,
        ends_at is not null and coalesce(cancel_requested_at <= {{ as_of() }}, false) as is_cancelled
    from segments
    window item_in_time as (partition by {{ item }} order by starts_at)
),

-- Segments that say something of a month's close besides its MRR: past due, or cancelled and still running, or usage.
watched as (
    select
        *,
        case when not is_continued and is_cancelled and is_counted then cancel_requested_at end as cancelled_at
    from followed
    where
        starts_at <= {{ as_of() }}
        and ((is_counted and (status = 'past_due' or (is_cancelled and not is_continued))) or price_kind = 'usage')
),

watched_months as (
    select
        *,
        cast({{ expand_numbers('first_month', 'last_month') }} as integer) as month_number
    from (
        select
            *,
            {{ local_month('starts_at') }} as first_month,
            {{ local_month(earliest('ends_at', as_of())) }} as last_month
        from watched
    ) as ranges
    {%- if first_month_number() is not none %}
    where last_month >= {{ first_month_number() }}
    {%- endif %}
),

closes as (
    select
        *,
        {{ earliest(month_opens_at('month_number + 1'), dbt.dateadd('second', 1, as_of())) }} as closed_at
    from watched_months
),

-- In the month of as_of every later change that is known counts, so an item is worth what its last segment is; of past
-- months only cancellations are known in time.
-- An end that nobody asked for is the end of a term that may be renewed, and no change.
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
    from followed
    where
        is_counted
        and (ends_at is null or ends_at > {{ as_of() }})
),

outlook as (
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
    outlook.account_id,
    outlook.month_number,
    {%- for measure in ['at_risk_mrr', 'scheduled_mrr', 'usage_mrr'] %}
    cast(sum({{ convert_money('outlook.' ~ measure, 'rates.rate') }}) as decimal(18, 4)) as {{ measure }}
    {%- if not loop.last %},{% endif -%}
    {%- endfor %}
from outlook
left join rates
    on
        outlook.currency = rates.currency
        and rates.valued_on = {{ valuation_day('outlook.month_number', 'outlook.rated_on') }}
group by outlook.account_id, outlook.month_number
