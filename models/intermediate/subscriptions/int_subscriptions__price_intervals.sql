-- one row per subscription item, lane and interval of service at one price, before refunds and first payments
with service_periods as (
    select * from {{ ref('int_subscriptions__service_periods') }}
),

paying_periods as (
    select
        *,
        {{ days_later('past_due_since', policy('past_due_grace_days')) }} as grace_end,
        status = 'paused' and {{ policy_is('pause_policy', 'zero_as_contraction') }} as is_paused_at_zero,
        {{ counted_discount('discount_kind', 'discount_amount') }} as counted_discount,
        {{ monthly_amount('quantity * unit_amount', 'interval_unit', 'interval_count') }} as monthly_fee
    from service_periods
    where
        status in {{ paying_statuses() }}
        or status = 'past_due'
),

-- A one-time discount ends after the first billing interval.
discounted_periods as (
    select
        *,
        case
            when discount_kind = 'once' and counted_discount > 0
                then {{ add_intervals('period_start', 'interval_unit', 'interval_count') }}
        end as discount_ends_at
    from paying_periods
),

intervals as (
    select
        *,
        period_start as starts_at,
        {{ earliest('service_end', 'discount_ends_at') }} as service_ends_at,
        counted_discount as interval_discount
    from discounted_periods
    union all
    select
        *,
        discount_ends_at as starts_at,
        service_end as service_ends_at,
        cast(0 as decimal(18, 8)) as interval_discount
    from discounted_periods
    where
        discount_kind = 'once'
        and discount_ends_at is not null
        and (service_end is null or discount_ends_at < service_end)
),

priced_intervals as (
    select
        *,
        {{ recognised_end(
            earliest('service_ends_at', 'grace_end'), 'is_replaced', 'cancel_requested_at', 'cancel_effective_at'
        ) }} as ends_at,
        case when is_paused_at_zero then cast(0 as decimal(18, 4)) else monthly_fee end as list_mrr,
        case
            when is_paused_at_zero then cast(0 as decimal(18, 4))
            when interval_discount = 0 then monthly_fee
            else {{ monthly_amount(
                'greatest(quantity * unit_amount - interval_discount, 0)', 'interval_unit', 'interval_count'
            ) }}
        end as mrr
    from intervals
)

select
    source_system,
    subscription_id,
    item_id,
    lane,
    account_id,
    plan_id,
    currency,
    price_kind,
    is_counted,
    status,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    starts_at,
    ends_at,
    list_mrr,
    mrr,
    case
        when has_churn_override then coalesce(cancel_kind, 'unknown')
        when grace_end = ends_at and (service_end is null or grace_end < service_end) then 'involuntary'
        when next_start = ends_at and next_status = 'paused' then 'pause'
        when next_start = ends_at and next_status in ('past_due', 'unpaid') then 'involuntary'
        else coalesce(cancel_kind, 'unknown')
    end as end_kind,
    coalesce(cancel_reason, 'unknown') as end_reason,
    coalesce(cancel_kind, 'unknown') as cancel_kind,
    cancel_requested_at,
    is_replaced,
    _batch_id
from priced_intervals
where
    {{ counts_as_active('mrr', 'status') }}
    and (ends_at is null or ends_at > starts_at)
