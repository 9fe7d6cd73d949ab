-- one row per subscription, as last observed, with its end
{{ config(enabled='stripe' in var('connectors')) }}
with versions as (
    select * from {{ ref('unified_stripe__subscription_versions') }}
),

item_periods as (
    select
        subscription_id,
        max(current_period_start) as current_period_start,
        max(current_period_end) as current_period_end
    from {{ ref('unified_stripe__item_versions') }}
    where is_latest
    group by subscription_id
),

-- The last state before the cancellation tells whether the running period was paid.
last_served as (
    select
        subscription_id,
        {{ last_by('status', 'observed_at') }} as status
    from versions
    where status not in ('canceled', 'incomplete', 'incomplete_expired')
    group by subscription_id
),

invoices as (
    select
        subscription_id,
        {{ last_by("case when total > 0 then status end", 'issued_at') }} as last_status,
        max(refunded_at) as refunded_at
    from {{ ref('unified_stripe__refunded_invoices') }}
    where subscription_id is not null
    group by subscription_id
),

credits as (
    select
        subscription_id,
        max(starts_at) as credited_from
    from {{ ref('unified_stripe__invoice_lines') }}
    where line_kind = 'credit'
    group by subscription_id
),

facts as (
    select
        versions.*,
        coalesce(versions.start_date, versions.created_at) as starts_at,
        coalesce(versions.current_period_start, item_periods.current_period_start) as period_start,
        coalesce(versions.current_period_end, item_periods.current_period_end) as period_end,
        case
            when versions.status = 'canceled' or versions.is_deleted
                then coalesce(versions.ended_at, versions.canceled_at, versions.observed_at)
        end as billing_ended_at,
        coalesce(invoices.last_status, 'paid') = 'paid'
        and coalesce(last_served.status, 'active') not in ('past_due', 'unpaid', 'paused')
        and coalesce(versions.cancellation_reason, '') not in ('payment_failed', 'payment_disputed') as is_paid,
        invoices.refunded_at,
        credits.credited_from
    from versions
    left join item_periods on versions.subscription_id = item_periods.subscription_id
    left join last_served on versions.subscription_id = last_served.subscription_id
    left join invoices on versions.subscription_id = invoices.subscription_id
    left join credits on versions.subscription_id = credits.subscription_id
    where versions.is_latest and versions.status not in ('incomplete', 'incomplete_expired')
)

select
    subscription_id,
    customer_id,
    status,
    currency,
    created_at,
    starts_at,
    case when trial_end is not null then coalesce(trial_start, starts_at) end as trial_start,
    trial_end,
    period_start as current_period_start,
    period_end as current_period_end,
    -- Who cancels at once keeps the time that is paid, unless the money goes back. A trial is not paid.
    case
        when
            billing_ended_at < period_end
            and is_paid
            and coalesce(trial_end < period_end, true)
            and coalesce(refunded_at < period_start, true)
            and coalesce(credited_from < {{ dbt.dateadd('day', -1, 'billing_ended_at') }}, true)
            then period_end
        when billing_ended_at is not null then billing_ended_at
        when cancel_at is not null then cancel_at
        when is_canceled_at_period_end then period_end
    end as ends_at,
    canceled_at as cancel_requested_at,
    billing_ended_at as cancel_effective_at,
    case cancellation_reason
        when 'cancellation_requested' then 'voluntary'
        when 'payment_failed' then 'involuntary'
        when 'payment_disputed' then 'dispute'
        when 'canceled_by_retention_policy' then 'internal'
    end as cancel_kind,
    cancellation_feedback as cancel_reason,
    _batch_id,
    _loaded_at
from facts
