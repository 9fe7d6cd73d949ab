-- one row per subscription that only the dashboard's export has, and stretch of time in one state
{{ config(enabled='stripe' in var('connectors')) }}
with exported as (
    select
        exported.*,
        coalesce(exported.ended_at, case when exported.is_canceled_at_period_end then exported.current_period_end end)
            as ends_at,
        case when exported.status in ('past_due', 'unpaid', 'paused') then exported.status else 'active' end as state
    from {{ ref('stg_stripe__subscriptions_export') }} as exported
    left join {{ ref('unified_stripe__subscription_versions') }} as versions
        on
            exported.subscription_id = versions.subscription_id
            and versions.is_latest
    where
        versions.subscription_id is null
        and exported.customer_id is not null
        and exported.starts_at is not null
        and exported.status not in ('incomplete', 'incomplete_expired')
),

-- The export says since when a payment is due only by its billing period.
stretches as (
    select
        *,
        'active' as exported_status,
        starts_at as valid_from,
        case when state = 'active' then ends_at else {{ earliest('current_period_start', 'ends_at') }} end as valid_to
    from exported
    union all
    select
        *,
        state as exported_status,
        greatest(starts_at, coalesce(current_period_start, starts_at)) as valid_from,
        ends_at as valid_to
    from exported
    where state <> 'active'
)

select
    subscription_id,
    customer_id,
    exported_status as status,
    valid_from,
    valid_to,
    case when trial_end is not null then coalesce(trial_start, starts_at) end as trial_start,
    trial_end,
    canceled_at as cancel_requested_at,
    ended_at as cancel_effective_at,
    case cancellation_reason
        when 'cancellation_requested' then 'voluntary'
        when 'payment_failed' then 'involuntary'
        when 'payment_disputed' then 'dispute'
        when 'canceled_by_retention_policy' then 'internal'
    end as cancel_kind,
    cast(null as string) as cancel_reason,
    'snapshot' as history_source,
    _batch_id,
    _loaded_at
from stretches
where coalesce(valid_to > valid_from, true)
