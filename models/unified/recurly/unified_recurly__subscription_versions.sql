-- one row per subscription, origin and version
{{ config(enabled='recurly' in var('connectors')) }}
with stated as (
    select
        versions.subscription_id,
        'subscriptions' as origin,
        versions.version_at,
        versions.history_source,
        coalesce(versions.account_id, versions.account_code) as customer_key,
        versions.currency,
        case
            when versions.is_deleted or versions.state = 'expired' then 'ended'
            when versions.state = 'paused' then 'paused'
            -- The cycles of a pause are also set before it begins.
            when versions.remaining_pause_cycles > 0 and versions.paused_at <= versions.version_at then 'paused'
            when versions.state not in ('active', 'canceled') then 'none'
            when versions.trial_ends_at > versions.version_at then 'trialing'
            else 'active'
        end as status,
        coalesce(
            {{ earliest('versions.trial_started_at', 'versions.activated_at') }},
            versions.created_at,
            versions.version_at
        ) as service_from,
        coalesce(versions.current_period_started_at, versions.current_term_started_at, versions.version_at)
            as known_from,
        versions.trial_ends_at as trial_end,
        versions.paused_at,
        versions.state,
        versions.canceled_at,
        versions.expires_at,
        versions.expiration_reason,
        coalesce(plans.plan_id, versions.plan_id, versions.plan_code) as plan_id,
        cast(coalesce(versions.quantity, 1) as decimal(18, 6)) as quantity,
        cast(versions.unit_amount as decimal(24, 8)) as unit_amount,
        plans.interval_unit,
        plans.interval_count,
        versions._batch_id,
        versions._loaded_at
    from {{ ref('stg_recurly__subscription_versions') }} as versions
    left join {{ ref('unified_recurly__plan_intervals') }} as plans
        on coalesce(versions.plan_id, versions.plan_code) = plans.plan_key
    union all
    select
        subscription_id,
        'export' as origin,
        version_at,
        'loader_history' as history_source,
        customer_key,
        currency,
        status,
        version_at as service_from,
        version_at as known_from,
        cast(null as timestamp) as trial_end,
        version_at as paused_at,
        state,
        canceled_at,
        expires_at,
        cast(null as {{ dbt.type_string() }}) as expiration_reason,
        plan_id,
        quantity,
        unit_amount,
        interval_unit,
        interval_count,
        _batch_id,
        _loaded_at
    from {{ ref('unified_recurly__exported_versions') }}
),

ranked as (
    select
        *,
        -- Versions of one instant: the one that goes on counts.
        row_number() over (
            partition by subscription_id, origin, version_at
            order by case when status = 'ended' then 1 else 0 end, state
        ) as version_rank
    from stated
    where customer_key is not null and currency is not null
)

select
    subscription_id,
    origin,
    version_at,
    history_source,
    customer_key,
    currency,
    status,
    service_from,
    known_from,
    case when status not in ('trialing', 'paused') and trial_end > version_at then version_at else trial_end end
        as trial_end,
    case when status = 'paused' then coalesce(paused_at, version_at) end as paused_from,
    case
        when status = 'ended' then coalesce(expires_at, version_at)
        when state = 'canceled' or origin = 'export' then expires_at
    end as ends_at,
    case when status = 'ended' or state = 'canceled' then canceled_at end as cancel_requested_at,
    case
        when status <> 'ended' and state <> 'canceled' then null
        when expiration_reason like 'nonpayment%' or expiration_reason like 'non_payment%' then 'involuntary'
        when expiration_reason in ('trial_ended', 'non_renewing', 'not_renewed') then 'planned_end'
        when expiration_reason = 'canceled' or canceled_at is not null or state = 'canceled' then 'voluntary'
    end as cancel_kind,
    cast(null as {{ dbt.type_string() }}) as cancel_reason,
    plan_id,
    quantity,
    unit_amount,
    interval_unit,
    interval_count,
    _batch_id,
    _loaded_at
from ranked
where version_rank = 1
