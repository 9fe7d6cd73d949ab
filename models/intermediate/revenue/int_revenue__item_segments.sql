-- one row per subscription item and stretch of paid service; the stretches of an item never overlap
{%- set item = 'source_system, subscription_id, item_id' %}
{%- set has_grace = policy('past_due_grace_days') != 'never' %}
with periods as (
    select * from {{ ref('unified_subscription_periods') }}
),

accounts as (
    select * from {{ ref('unified_accounts') }}
),

recurring as (
    select periods.*
    from periods
    inner join accounts on periods.account_id = accounts.account_id
    where
        periods.price_kind in {{ counted_price_kinds() }}
        and not accounts.is_internal
        -- A period that was withdrawn before it began says nothing of the one that it would have followed.
        and (periods.period_end is null or periods.period_end > periods.period_start)
),

-- What is known of the time after a later period starts, the later period says.
followed as (
    select
        *,
        {{ earliest('period_end', 'next_start') }} as service_end
    from (
        select
            *,
            lead(period_start) over item_in_time as next_start,
            lead(status) over item_in_time as next_status,
            lag(status) over item_in_time as previous_status,
            lag(period_end) over item_in_time as previous_end
        from recurring
        window item_in_time as (partition by {{ item }} order by period_start)
    ) as neighbours
),

-- Past-due periods that follow each other are one failure to pay; its grace runs from the first of them.
failing as (
    select
        *,
        max(
            case
                when coalesce(previous_status, '') <> 'past_due' or previous_end < period_start
                    then period_start
            end
        ) over (
            partition by {{ item }}
            order by period_start
            rows between unbounded preceding and current row
        ) as past_due_since
    from followed
    where status = 'past_due'
),

paid as (
    select
        *,
        cast(null as timestamp) as past_due_since
    from followed
    where status in {{ paying_statuses() }}
    union all
    select * from failing
),

priced as (
    select
        *,
        {% if has_grace -%}
        {{ dbt.dateadd('day', policy('past_due_grace_days'), 'past_due_since') }}
        {%- else -%}
        cast(null as timestamp)
        {%- endif %} as grace_end,
        {{ counted_discount() }} as counted_discount,
        {{ monthly_amount('quantity * unit_amount', 'interval_unit', 'interval_count') }} as list_mrr
    from paid
),

valued as (
    select
        *,
        {{ recognised_end(earliest('service_end', 'grace_end')) }} as ends_at,
        case
            when counted_discount = 0 then list_mrr
            else {{ monthly_amount(
                'greatest(quantity * unit_amount - counted_discount, 0)', 'interval_unit', 'interval_count'
            ) }}
        end as mrr
    from priced
),

segments as (
    select
        source_system,
        subscription_id,
        item_id,
        account_id,
        plan_id,
        currency,
        status,
        quantity,
        unit_amount,
        interval_unit,
        interval_count,
        period_start as starts_at,
        ends_at,
        list_mrr,
        list_mrr - mrr as discount_mrr,
        mrr,
        case
            when grace_end < service_end or (grace_end is not null and service_end is null) then 'involuntary'
            when next_start = ends_at and next_status = 'paused' then 'pause'
            when next_start = ends_at and next_status in ('past_due', 'unpaid') then 'involuntary'
            else coalesce(cancel_kind, 'unknown')
        end as end_kind,
        coalesce(cancel_reason, 'unknown') as end_reason,
        cancel_requested_at,
        _batch_id,
        _loaded_at
    from valued
    where
        mrr > 0
        and (ends_at is null or ends_at > period_start)
)

select * from segments
