-- one row per subscription, origin and version
{{ config(enabled='chargebee' in var('connectors')) }}
{%- set columns = [
    'subscription_id', 'version_at', 'history_source', 'customer_id', 'currency', 'status', 'is_deleted', 'created_at',
    'started_at', 'activated_at', 'trial_start', 'trial_end', 'current_term_start', 'cancelled_at',
    'cancel_schedule_created_at', 'cancel_reason', 'cancel_reason_code', 'pause_date', 'billing_period',
    'billing_period_unit', '_batch_id', '_loaded_at',
] | join(', ') %}
with delivered as (
    select
        'subscriptions' as origin,
        {{ columns }}
    from {{ ref('stg_chargebee__subscription_versions') }}
    union all
    select
        'events' as origin,
        {{ columns }}
    from {{ ref('stg_chargebee__subscription_events') }}
),

-- An unknown status has no service, and is an exception.
stated as (
    select
        *,
        case
            when is_deleted or status in ('cancelled', 'transferred') then 'ended'
            when status = 'in_trial' then 'trialing'
            when status in ('active', 'non_renewing') then 'active'
            when status = 'paused' then 'paused'
            else 'none'
        end as service_status
    from delivered
    where customer_id is not null and currency is not null
)

select
    subscription_id,
    origin,
    version_at,
    history_source,
    customer_id as customer_key,
    currency,
    service_status as status,
    coalesce(started_at, trial_start, activated_at, created_at, version_at) as service_from,
    coalesce(current_term_start, trial_start, version_at) as known_from,
    -- A trial that was cut short is over in a version without it.
    case
        when service_status <> 'trialing' and trial_end > version_at then version_at
        else trial_end
    end as trial_end,
    case when service_status = 'paused' then coalesce(pause_date, version_at) end as paused_from,
    case
        when service_status = 'ended' then coalesce(cancelled_at, version_at)
        -- A trial that will not go on stays in_trial until it ends.
        when service_status = 'trialing' and cancel_schedule_created_at is not null
            then coalesce(cancelled_at, trial_end)
        else cancelled_at
    end as ends_at,
    cancel_schedule_created_at as cancel_requested_at,
    -- Only the system sets a cause. Without one, somebody decided to cancel.
    case
        when coalesce(cancelled_at, cancel_schedule_created_at) is null and service_status <> 'ended' then null
        when status = 'transferred' then 'internal'
        when cancel_reason is not null then 'involuntary'
        when coalesce(cancelled_at, cancel_schedule_created_at) is not null then 'voluntary'
    end as cancel_kind,
    lower(cancel_reason_code) as cancel_reason,
    billing_period_unit as interval_unit,
    billing_period as interval_count,
    _batch_id,
    _loaded_at
from stated
