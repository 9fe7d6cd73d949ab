-- one row per subscription item, lane and interval of paid service at one price; the intervals of a lane never overlap
{%- set item = 'source_system, subscription_id, item_id, lane' %}
with price_intervals as (
    select * from {{ ref('int_subscriptions__price_intervals') }}
),

refund_reductions as (
    select * from {{ ref('int_subscriptions__refund_reductions') }}
),

refund_terminations as (
    select * from {{ ref('int_subscriptions__refund_terminations') }}
),

first_payments as (
    select * from {{ ref('int_subscriptions__first_payments') }}
),

refunded_intervals as (
    select
        intervals.*,
        coalesce(refund_reductions.starts_at, intervals.starts_at) as service_start,
        case
            when refund_reductions.starts_at is not null then refund_reductions.ends_at
            else coalesce(refund_terminations.terminated_at, intervals.ends_at)
        end as service_end,
        coalesce(refund_reductions.mrr, intervals.mrr) as refunded_mrr,
        case
            when refund_terminations.terminated_at is null then intervals.end_kind else intervals.cancel_kind
        end as refunded_end_kind
    from price_intervals as intervals
    left join refund_reductions
        on
            intervals.source_system = refund_reductions.source_system
            and intervals.subscription_id = refund_reductions.subscription_id
            and intervals.item_id = refund_reductions.item_id
            and intervals.lane = refund_reductions.lane
            and intervals.starts_at = refund_reductions.interval_starts_at
    left join refund_terminations
        on
            intervals.source_system = refund_terminations.source_system
            and intervals.subscription_id = refund_terminations.subscription_id
            and intervals.item_id = refund_terminations.item_id
            and intervals.lane = refund_terminations.lane
            and intervals.starts_at = refund_terminations.interval_starts_at
),

payments as (
    select
        intervals.*,
        {{ earliest('of_subscription.first_paid_at', 'of_account.first_paid_at') }} as first_paid_at
    from refunded_intervals as intervals
    left join first_payments as of_subscription
        on
            intervals.source_system = of_subscription.source_system
            and intervals.subscription_id = of_subscription.subscription_id
    left join first_payments as of_account on intervals.account_id = of_account.account_id
    where intervals.service_end is null or intervals.service_end > intervals.service_start
),

paid_intervals as (
    select
        *,
        greatest(service_start, coalesce(first_paid_at, service_start)) as paid_from
    from payments
    where
        {{ counts_as_active('refunded_mrr', 'status') }}
        and (
            {{ policy_is('require_first_payment', false) }}
            or (first_paid_at is not null and (service_end is null or service_end > first_paid_at))
        )
),

-- Service starts anew after a gap longer than the grouping window, or with a change of currency.
service_starts as (
    select
        *,
        coalesce(
            paid_from > {{ dbt.dateadd('minute', policy('grouping_window'), 'lag(service_end) over item_in_time') }}
            or lag(currency) over item_in_time <> currency,
            true
        ) as is_service_start
    from paid_intervals
    window item_in_time as (partition by {{ item }} order by paid_from)
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
    paid_from as starts_at,
    service_end as ends_at,
    list_mrr,
    list_mrr - refunded_mrr as discount_mrr,
    refunded_mrr as mrr,
    refunded_end_kind as end_kind,
    end_reason,
    cancel_requested_at,
    is_replaced,
    case
        when {{ policy_is('fx_policy', 'service_start_rate') }}
            then {{ local_day('max(case when is_service_start then paid_from end) over item_so_far') }}
    end as rated_on,
    _batch_id
from service_starts
window item_so_far as (
    partition by {{ item }}
    order by paid_from
    rows between unbounded preceding and current row
)
